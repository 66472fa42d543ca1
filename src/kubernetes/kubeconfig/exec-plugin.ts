/**
 * A kubeconfig's credential plugin (exec), run as by kubectl: its path is relative to the kubeconfig, and it receives the
 * cluster with provideClusterInfo. The Kubernetes client library limits neither its time nor its output, and treats output
 * without a credential as anonymous access.
 * https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { isAbsolute } from 'node:path'
import type { Readable } from 'node:stream'
import { PullpassError } from '../../errors/pullpass-error.ts'
import { systemErrorCode } from '../../host/read-file.ts'
import type { Environment } from '../../http/context.ts'
import { asList, asObject, asText, type JsonObject, jsonOrNone } from '../../text/json-fields.ts'
import { quote } from '../../text/plain-text.ts'
import { Redacted } from '../../text/redacted.ts'
import { rfc3339 } from '../../text/time.ts'
import { parseBearer } from '../connection/identity.ts'
import { type ChosenContext, kubeconfigInvalid, resolveFrom, textField } from './load.ts'
import type { CredentialPlugin, PluginContext, PluginCredential } from './plugin-credential.ts'

/** The plugin runs again when its credential has expired. @throws KUBECONFIG_INVALID */
export function execPlugin(chosen: ChosenContext, exec: JsonObject, context: PluginContext): CredentialPlugin {
  const command = commandOf(chosen, exec, context.environment)
  let known: PluginCredential | undefined
  return async (because) => {
    const lives = known && (known.expiresAt === undefined || known.expiresAt > context.now())
    if (known && lives && because === 'needed') return known
    known = undefined
    try {
      known = parseExecCredential(await runExecPlugin(command, context.signal), context.now())
      return known
    } catch (error) {
      throw error instanceof ExecFailed ? execFault(chosen, exec, error) : error
    }
  }
}

function commandOf(chosen: ChosenContext, exec: JsonObject, environment: Environment): ExecCommand {
  const { file } = chosen.user
  const command = textField({ fields: exec, file }, 'command')
  if (command === undefined) throw kubeconfigInvalid({ seen: `exec in ${file} has no command` })
  const args = asList(exec['args'])
  if (!args.every((arg) => typeof arg === 'string')) {
    throw kubeconfigInvalid({ seen: `args of exec in ${file} are not all text`, expected: 'text: put each in quotes' })
  }
  const own = asList(exec['env']).map((entry) => {
    const named = { fields: asObject(entry) ?? {}, file }
    return [textField(named, 'name') ?? '', textField(named, 'value') ?? '']
  })
  const execInfoVariable = { KUBERNETES_EXEC_INFO: JSON.stringify(execInfo(chosen, exec)) }
  return {
    command: command.includes('/') && !isAbsolute(command) ? resolveFrom(chosen.user, command) : command,
    args,
    environment: { ...environment, ...execInfoVariable, ...Object.fromEntries(own) },
  }
}

function execInfo({ cluster }: ChosenContext, exec: JsonObject): object {
  const { server, extensions, ...rest } = cluster.fields
  const config = asList(extensions)
    .map(asObject)
    .find((entry) => entry?.['name'] === 'client.authentication.k8s.io/exec')
  const clusterInfo = { server, ...rest, ...(config && { config: config['extension'] }) }
  return {
    apiVersion: exec['apiVersion'],
    kind: 'ExecCredential',
    spec: { interactive: false, ...(exec['provideClusterInfo'] === true && { cluster: clusterInfo }) },
  }
}

function execFault({ name }: ChosenContext, exec: JsonObject, { absent, message }: ExecFailed): PullpassError {
  const installHint = asText(exec['installHint'])
  return new PullpassError({
    code: absent ? 'KUBECONFIG_INVALID' : 'KUBERNETES_UNAUTHENTICATED',
    hop: 'kubernetes',
    seen: `the user of context ${name} gets its credential from ${asText(exec['command'])}: ${message}`,
    expected: 'a credential for the API server',
    hint: absent
      ? `install it, or correct the command in the kubeconfig${installHint ? `, whose installHint is ${quote(installHint)}` : ''}`
      : 'run it in a shell to read its output, which is not shown here since it may contain tokens',
  })
}

/** One run of a credential plugin: bounded in time and output, and ended with pullpass. */
interface ExecCommand {
  readonly command: string
  readonly args: readonly string[]
  readonly environment: Readonly<Record<string, string | undefined>>
}

/** The message continues a sentence about the program; it quotes nothing of the program's output. */
class ExecFailed extends Error {
  readonly absent: boolean

  constructor(words: string, absent: 'absent' | 'present' = 'present') {
    super(words)
    this.absent = absent === 'absent'
  }
}

const longestMs = 60_000
const maxBytes = 1024 * 1024

/** Its standard error is not read: it may contain tokens. Rejects with ExecFailed, or the signal's reason. */
async function runExecPlugin({ command, args, environment }: ExecCommand, signal: AbortSignal): Promise<string> {
  signal.throwIfAborted()
  const plugin = start({ command, args, environment })
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const pieces: Buffer[] = []
  let bytes = 0
  plugin.stdout.on('data', (piece: Buffer) => {
    bytes += piece.length
    if (bytes > maxBytes) reject(new ExecFailed(`it prints more than ${maxBytes} bytes`))
    else pieces.push(piece)
  })
  plugin.once('error', (error) => reject(notStarted(error)))
  plugin.once('close', (code, endedBy) => {
    if (code === 0) resolve(Buffer.concat(pieces).toString('utf8'))
    else reject(new ExecFailed(endedBy === null ? `it ended with exit code ${code}` : `it was ended by ${endedBy}`))
  })
  const tooLong = setTimeout(() => reject(new ExecFailed(`it did not end within ${longestMs / 1000} s`)), longestMs)
  const interrupt = () => reject(signal.reason)
  signal.addEventListener('abort', interrupt, { once: true })
  try {
    return await promise
  } finally {
    clearTimeout(tooLong)
    signal.removeEventListener('abort', interrupt)
    plugin.kill('SIGKILL')
    plugin.stdout.destroy() // its child processes may keep this pipe open, and pullpass running
    plugin.unref()
  }
}

function start({ command, args, environment }: ExecCommand): ChildProcessByStdio<null, Readable, null> {
  try {
    return spawn(command, args, { env: environment, stdio: ['ignore', 'pipe', 'ignore'] })
  } catch (error) {
    throw notStarted(error) // its message may quote an argument
  }
}

function notStarted(error: unknown): ExecFailed {
  const code = systemErrorCode(error)
  if (code === 'ENOENT') return new ExecFailed('this program does not exist', 'absent')
  return new ExecFailed(`it cannot be run: ${code ?? 'no reason given'}`)
}

// The credential that a plugin prints. An incomplete one is an error: without it pullpass would send requests with
// another identity, or anonymously.
// https://kubernetes.io/docs/reference/config-api/client-authentication.v1/#client-authentication-k8s-io-v1-ExecCredentialStatus

/** Throws ExecFailed; the output is not quoted, since it contains a credential. */
function parseExecCredential(text: string, now: Date): PluginCredential {
  const status = asObject(asObject(jsonOrNone(text))?.['status'])
  if (!status) throw new ExecFailed('it gave no ExecCredential')
  const token = textOf(status, 'token')
  const clientCertificate = textOf(status, 'clientCertificateData')
  const clientKey = textOf(status, 'clientKeyData')
  if ((clientCertificate === undefined) !== (clientKey === undefined)) {
    throw new ExecFailed('it gave half a client certificate: certificate and key belong together')
  }
  if (!token && !clientKey) throw new ExecFailed('it gave neither a token nor a client certificate')
  const authorization = token === undefined ? undefined : parseBearer(token)
  if (token && !authorization) throw new ExecFailed('its token contains characters that a header cannot contain')
  const expiresAt = expiryOf(status, now)
  return {
    ...(authorization && { authorization }),
    ...(clientCertificate && { clientCertificate }),
    ...(clientKey && { clientKey: new Redacted(clientKey) }),
    ...(expiresAt && { expiresAt }),
  }
}

/** An empty text counts as absent. */
function textOf(status: JsonObject, field: string): string | undefined {
  const value = status[field] ?? ''
  if (typeof value !== 'string') throw new ExecFailed(`its ${field} is not a text`)
  return value === '' ? undefined : value
}

function expiryOf(status: JsonObject, now: Date): Date | undefined {
  const text = textOf(status, 'expirationTimestamp')
  if (text === undefined) return undefined
  const expiresAt = new Date(text)
  if (Number.isNaN(expiresAt.getTime())) throw new ExecFailed('its expirationTimestamp is not a time')
  if (expiresAt <= now) throw new ExecFailed(`its credential expired at ${rfc3339(expiresAt)}`)
  return expiresAt
}
