/**
 * A kubeconfig's auth-provider oidc: its id-token, renewed with its refresh-token by the Kubernetes client library.
 * https://kubernetes.io/docs/reference/access-authn-authz/authentication/#option-1-oidc-authenticator
 */
import type { RequestOptions } from 'node:https'
import type { KubeConfig } from '@kubernetes/client-node'
import { PullpassError } from '../../errors/pullpass-error.ts'
import { asObject, asText, type JsonObject } from '../../text/json-fields.ts'
import type { Redacted } from '../../text/redacted.ts'
import { readCertificates } from '../connection/certificates.ts'
import { parseBearer } from '../connection/identity.ts'
import { type ChosenContext, resolveFrom, textField } from './load.ts'
import type { CredentialPlugin, PluginContext } from './plugin-credential.ts'

const longestMs = 60_000
/** Only these: the library would run the program of an `exec` setting. */
const settings = ['idp-issuer-url', 'client-id', 'client-secret', 'id-token', 'refresh-token'] as const

export function oidcProvider(context: ChosenContext, config: JsonObject, { signal }: PluginContext): CredentialPlugin {
  let loading: Promise<KubeConfig> | undefined
  return async (because) => {
    if (because === 'refused') loading = undefined // and its cached token
    loading ??= configOf(context, config)
    const options: RequestOptions = {}
    const kubeConfig = await loading
    await withinTime(kubeConfig.applyToHTTPSOptions(options), signal).catch(() => {
      signal.throwIfAborted()
      throw fault(context, 'it did not renew the id-token') // its message may contain tokens
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
    ? Buffer.from(await readCertificates(resolveFrom(entry, ca))).toString('base64')
    : textField(entry, 'idp-certificate-authority-data')
  const { KubeConfig } = await import('./kube-config.ts')
  const kubeConfig = new KubeConfig()
  // Its agent is not used; the library requires a server.
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

/** An id-token that is absent, or expired and not renewable, is an error: without it the request would be anonymous. */
function bearerOf(context: ChosenContext, { headers }: RequestOptions): Redacted {
  const bearer = asText(asObject(headers)?.['Authorization'])?.replace(/^Bearer /, '')
  const authorization = bearer === 'undefined' ? undefined : parseBearer(bearer ?? '')
  if (!authorization) throw fault(context, 'it has no valid id-token, and cannot renew one')
  return authorization
}

function fault({ name }: ChosenContext, words: string): PullpassError {
  return new PullpassError({
    code: 'KUBERNETES_UNAUTHENTICATED',
    hop: 'kubernetes',
    seen: `the user of context ${name} gets its credential from the auth-provider oidc: ${words}`,
    expected: 'a credential for the API server',
    hint: 'sign in again, and check that kubectl works with this context',
  })
}
