/**
 * A kubeconfig's program (exec) as kubectl runs it: beside its kubeconfig, and told of the cluster where it asks for that.
 * Kubernetes' own client runs it without a bound of time or size, and takes an answer without a credential for nobody's.
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
import { parseBearer } from '../connection/identity.ts'
import { type ChosenContext, kubeconfigInvalid, resolveBeside, textField } from './load.ts'
import type { CredentialPlugin, PluginContext, PluginCredential } from './plugin-credential.ts'

/** It is run as often as its credential expires. @throws KUBECONFIG_INVALID */
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
    command: command.includes('/') && !isAbsolute(command) ? resolveBeside(chosen.user, command) : command,
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
    seen: `the user of context ${name} asks ${asText(exec['command'])} for a credential: ${message}`,
    expected: 'a credential for the API server',
    hint: absent
      ? `install it, or correct the command in the kubeconfig${installHint ? `, which says ${quote(installHint)}` : ''}`
      : 'run it by hand to read what it says: it is not shown here, since tokens may be in it',
  })
}

/** One run of a kubeconfig's program, for what it prints: bounded in time and size, and ended with the run. */
interface ExecCommand {
  readonly command: string
  readonly args: readonly string[]
  readonly environment: Readonly<Record<string, string | undefined>>
}

/** The message is what a sentence about the program goes on with; it quotes nothing of what the program said. */
class ExecFailed extends Error {
  readonly absent: boolean

  constructor(words: string, absent: 'absent' | 'present' = 'present') {
    super(words)
    this.absent = absent === 'absent'
  }
}

const longestMs = 60_000
const maxBytes = 1024 * 1024

/** Its standard error is not read: tokens may be in it. Rejects with ExecFailed, or the signal's reason. */
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
    plugin.stdout.destroy() // what it has started may hold this pipe open, and with it the run
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
  if (code === 'ENOENT') return new ExecFailed('there is no such program', 'absent')
  return new ExecFailed(`it cannot be run: ${code ?? 'no reason given'}`)
}

// The credential that a kubeconfig's program prints. One that is not whole is none: without it pullpass would ask the
// API server as somebody else, or as nobody.
// https://kubernetes.io/docs/reference/config-api/client-authentication.v1/#client-authentication-k8s-io-v1-ExecCredentialStatus

/** Throws ExecFailed; what was printed is not quoted, since a credential is in there. */
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
  if (token && !authorization) throw new ExecFailed('its token is none that fits into a header')
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
  if (typeof value !== 'string') throw new ExecFailed(`its ${field} is no text`)
  return value === '' ? undefined : value
}

function expiryOf(status: JsonObject, now: Date): Date | undefined {
  const text = textOf(status, 'expirationTimestamp')
  if (text === undefined) return undefined
  const expiresAt = new Date(text)
  if (Number.isNaN(expiresAt.getTime())) throw new ExecFailed('its expirationTimestamp is no time')
  if (expiresAt <= now) throw new ExecFailed(`its credential expired at ${expiresAt.toISOString()}`)
  return expiresAt
}
