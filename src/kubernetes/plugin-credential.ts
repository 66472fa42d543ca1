/**
 * The credential that a kubeconfig's user gets from a program (exec) or an auth provider, by Kubernetes' own client.
 * https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins
 */

import type { RequestOptions } from 'node:https'
import { isAbsolute } from 'node:path'
import type { KubeConfig, User } from '@kubernetes/client-node'
import { asList, asObject, asText, asTexts, type JsonObject } from '../outside/json-fields.ts'
import type { Environment } from '../outside/outside.ts'
import { PullpassError } from '../outside/pullpass-error.ts'
import { quote } from '../outside/quote.ts'
import { Redacted } from '../outside/redacted.ts'
import { systemErrorCode } from '../outside/system-error-code.ts'
import type { ChosenContext } from './choose-context.ts'
import { resolveBeside } from './kubeconfig-entry.ts'

export interface PluginCredential {
  readonly authorization?: Redacted
  readonly clientCertificate?: string
  readonly clientKey?: Redacted
}

/** Whether the user's credential has to be asked for. */
export const needsPlugin = ({ user }: ChosenContext): boolean =>
  asObject(user.fields['exec']) !== undefined || asObject(user.fields['auth-provider']) !== undefined

/**
 * Asks the program as often as its credential expires; `refused` asks it at once.
 * @throws KUBECONFIG_INVALID where there is no such program, KUBERNETES_UNAUTHENTICATED where it gives no credential
 */
export function askPlugin(
  context: ChosenContext,
  environment: Environment,
): (because: 'asked' | 'refused') => Promise<PluginCredential> {
  let asked: KubeConfig | undefined
  return async (because) => {
    if (because === 'refused') asked = undefined // and with it what it remembers
    asked ??= await configOf(context, environment)
    const options: RequestOptions = {}
    await asked.applyToHTTPSOptions(options).catch((error: unknown) => {
      throw pluginFault(context, error)
    })
    return credentialOf(options)
  }
}

async function configOf(context: ChosenContext, environment: Environment): Promise<KubeConfig> {
  const { KubeConfig } = await import('./kube-config.ts')
  const config = new KubeConfig()
  // Its agent is not used: the server is only named because the library wants one.
  const cluster = { name: 'cluster', server: 'https://localhost', skipTLSVerify: false }
  config.loadFromClusterAndUser(cluster, userOf(context, environment))
  return config
}

function userOf(context: ChosenContext, environment: Environment): User {
  const { user } = context
  const exec = asObject(user.fields['exec'])
  if (exec) return { name: 'user', exec: execOf(context, exec, environment) }
  const provider = asObject(user.fields['auth-provider']) ?? {}
  return { name: 'user', authProvider: { name: provider['name'], config: { ...asObject(provider['config']) } } }
}

/** As kubectl runs it: beside its kubeconfig, with the cluster in KUBERNETES_EXEC_INFO where it asks for it. */
function execOf(context: ChosenContext, exec: JsonObject, environment: Environment): object {
  const command = asText(exec['command']) ?? ''
  const beside = command.includes('/') && !isAbsolute(command)
  const own = asList(exec['env']).map((entry) => asTexts(entry))
  return {
    command: beside ? resolveBeside(context.user, command) : command,
    args: asList(exec['args']),
    env: [
      ...Object.entries(environment).map(([name, value]) => ({ name, value })),
      { name: 'KUBERNETES_EXEC_INFO', value: JSON.stringify(execInfo(context, exec)) },
      ...own,
    ],
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

function credentialOf({ headers, cert, key }: RequestOptions): PluginCredential {
  const authorization = asText(asObject(headers)?.['Authorization'])
  const [clientCertificate, clientKey] = [asText(cert), asText(key)]
  return {
    ...(authorization && { authorization: new Redacted(authorization) }),
    ...(clientCertificate && { clientCertificate }),
    ...(clientKey && { clientKey: new Redacted(clientKey) }),
  }
}

function pluginFault({ user, name }: ChosenContext, error: unknown): PullpassError {
  const exec = asObject(user.fields['exec'])
  const who = exec
    ? asText(exec['command'])
    : `auth provider ${asText(asObject(user.fields['auth-provider'])?.['name'])}`
  const absent = systemErrorCode(error) === 'ENOENT'
  // What is wrong with its output is not quoted: a credential is in there.
  const unread = error instanceof SyntaxError || error instanceof TypeError
  const words = unread ? 'it gave no ExecCredential' : quote(error instanceof Error ? error.message : String(error))
  return new PullpassError({
    code: absent ? 'KUBECONFIG_INVALID' : 'KUBERNETES_UNAUTHENTICATED',
    hop: 'kubernetes',
    seen: `the user of context ${name} asks ${who} for a credential: ${absent ? 'there is no such program' : words}`,
    expected: 'a credential for the API server',
    hint: asText(exec?.['installHint'])?.trim() ?? 'see that kubectl works with this context',
  })
}
