/**
 * A kubeconfig's program (exec) as kubectl runs it: beside its kubeconfig, and told of the cluster where it asks for that.
 * Kubernetes' own client runs it without a bound of time or size, and takes an answer without a credential for nobody's.
 * https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins
 */
import { isAbsolute } from 'node:path'
import { asList, asObject, asText, type JsonObject } from '../outside/json-fields.ts'
import type { Environment } from '../outside/outside.ts'
import { PullpassError } from '../outside/pullpass-error.ts'
import { quote } from '../outside/quote.ts'
import type { ChosenContext } from './choose-context.ts'
import { kubeconfigInvalid, resolveBeside, textField } from './kubeconfig-entry.ts'
import { parseExecCredential } from './parse-exec-credential.ts'
import type { AskPlugin, PluginCredential, PluginOutside } from './plugin-credential.ts'
import { type ExecCommand, ExecFailed, runExecPlugin } from './run-exec-plugin.ts'

/** It is run as often as its credential expires. @throws KUBECONFIG_INVALID */
export function askExecPlugin(context: ChosenContext, exec: JsonObject, outside: PluginOutside): AskPlugin {
  const command = commandOf(context, exec, outside.environment)
  let known: PluginCredential | undefined
  return async (because) => {
    const lives = known && (known.expiresAt === undefined || known.expiresAt > outside.now())
    if (known && lives && because === 'asked') return known
    known = undefined
    try {
      known = parseExecCredential(await runExecPlugin(command, outside.signal), outside.now())
      return known
    } catch (error) {
      throw error instanceof ExecFailed ? execFault(context, exec, error) : error
    }
  }
}

function commandOf(context: ChosenContext, exec: JsonObject, environment: Environment): ExecCommand {
  const { file } = context.user
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
  const told = { KUBERNETES_EXEC_INFO: JSON.stringify(execInfo(context, exec)) }
  return {
    command: command.includes('/') && !isAbsolute(command) ? resolveBeside(context.user, command) : command,
    args,
    environment: { ...environment, ...told, ...Object.fromEntries(own) },
  }
}

function execInfo({ cluster }: ChosenContext, exec: JsonObject): object {
  const { server, extensions, ...rest } = cluster.fields
  const config = asList(extensions)
    .map(asObject)
    .find((entry) => entry?.['name'] === 'client.authentication.k8s.io/exec')
  const told = { server, ...rest, ...(config && { config: config['extension'] }) }
  return {
    apiVersion: exec['apiVersion'],
    kind: 'ExecCredential',
    spec: { interactive: false, ...(exec['provideClusterInfo'] === true && { cluster: told }) },
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
