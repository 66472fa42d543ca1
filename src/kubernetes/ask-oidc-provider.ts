/**
 * A kubeconfig's auth-provider oidc: its id-token, renewed by its refresh-token, by Kubernetes' own client.
 * https://kubernetes.io/docs/reference/access-authn-authz/authentication/#option-1-oidc-authenticator
 */
import type { RequestOptions } from 'node:https'
import type { KubeConfig } from '@kubernetes/client-node'
import { asObject, asText, type JsonObject } from '../outside/json-fields.ts'
import { PullpassError } from '../outside/pullpass-error.ts'
import type { Redacted } from '../outside/redacted.ts'
import type { ChosenContext } from './choose-context.ts'
import { resolveBeside, textField } from './kubeconfig-entry.ts'
import { parseBearer } from './parse-bearer.ts'
import type { AskPlugin, PluginOutside } from './plugin-credential.ts'
import { readCertificates } from './read-certificates.ts'

const longestMs = 60_000
/** No others: the library would run a program that is named in `exec`. */
const settings = ['idp-issuer-url', 'client-id', 'client-secret', 'id-token', 'refresh-token'] as const

export function askOidcProvider(context: ChosenContext, config: JsonObject, { signal }: PluginOutside): AskPlugin {
  let asked: Promise<KubeConfig> | undefined
  return async (because) => {
    if (because === 'refused') asked = undefined // and with it what it remembers
    asked ??= configOf(context, config)
    const options: RequestOptions = {}
    const kubeConfig = await asked
    await withinTime(kubeConfig.applyToHTTPSOptions(options), signal).catch(() => {
      signal.throwIfAborted()
      throw fault(context, 'it did not renew the id-token') // its words may hold tokens
    })
    return { authorization: bearerOf(context, options) }
  }
}

async function configOf({ user }: ChosenContext, fields: JsonObject): Promise<KubeConfig> {
  const entry = { fields, file: user.file }
  const config: Record<string, string | undefined> = Object.fromEntries(
    settings.map((name) => [name, textField(entry, name)]),
  )
  const ca = textField(entry, 'idp-certificate-authority')
  config['idp-certificate-authority-data'] = ca
    ? Buffer.from(await readCertificates(resolveBeside(entry, ca))).toString('base64')
    : textField(entry, 'idp-certificate-authority-data')
  const { KubeConfig } = await import('./kube-config.ts')
  const kubeConfig = new KubeConfig()
  // Its agent is not used: the server is only named because the library wants one.
  const cluster = { name: 'cluster', server: 'https://localhost', skipTLSVerify: false }
  kubeConfig.loadFromClusterAndUser(cluster, { name: 'user', authProvider: { name: 'oidc', config } })
  return kubeConfig
}

/** The library itself has no limit. */
async function withinTime(work: Promise<void>, signal: AbortSignal): Promise<void> {
  const over = AbortSignal.any([signal, AbortSignal.timeout(longestMs)])
  const ended = Promise.withResolvers<never>()
  const end = () => ended.reject(over.reason)
  over.addEventListener('abort', end, { once: true })
  try {
    over.throwIfAborted()
    await Promise.race([work, ended.promise])
  } finally {
    over.removeEventListener('abort', end)
  }
}

/** An id-token that is absent, or over and not to be renewed, is told: without one, pullpass would ask as nobody. */
function bearerOf(context: ChosenContext, { headers }: RequestOptions): Redacted {
  const bearer = asText(asObject(headers)?.['Authorization'])?.replace(/^Bearer /, '')
  const authorization = bearer === 'undefined' ? undefined : parseBearer(bearer ?? '')
  if (!authorization) throw fault(context, 'it has no id-token that lives, or none that can be renewed')
  return authorization
}

function fault({ name }: ChosenContext, words: string): PullpassError {
  return new PullpassError({
    code: 'KUBERNETES_UNAUTHENTICATED',
    hop: 'kubernetes',
    seen: `the user of context ${name} asks the auth-provider oidc for a credential: ${words}`,
    expected: 'a credential for the API server',
    hint: 'sign in anew, and see that kubectl works with this context',
  })
}
