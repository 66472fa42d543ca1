/**
 * How a kubeconfig's context reaches its cluster. Most fields are read here; auth providers and proxies are handled by the
 * Kubernetes client library, which is only loaded for them.
 * https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/
 */
import { showValue } from '../../document/show-value.ts'
import { systemErrorCode, whyUnreadable } from '../../host/read-file.ts'
import { type NamedProxy, proxyFor } from '../../http/proxy.ts'
import { Redacted } from '../../text/redacted.ts'
import { checkCertificates, readCertificates, readSmallFile } from '../connection/certificates.ts'
import type { ClusterAccess, Trust } from '../connection/cluster.ts'
import { keepIdentity, parseBearer, readBearerFile } from '../connection/identity.ts'
import { impersonationHeaders } from './impersonation.ts'
import {
  type ChosenContext,
  chooseContext,
  type KubeconfigEntry,
  kubeconfigInvalid,
  loadKubeconfig,
  resolveFrom,
  textField,
} from './load.ts'
import { findPlugin } from './plugin.ts'
import type { CredentialPlugin, PluginContext } from './plugin-credential.ts'
import { clusterProxy } from './proxy.ts'

/** @throws KUBECONFIG_INVALID */
export async function kubeconfigAccess(
  flags: { readonly kubeconfig?: string | undefined; readonly context?: string | undefined },
  context: PluginContext,
): Promise<ClusterAccess> {
  const chosen = chooseContext(await loadKubeconfig(flags.kubeconfig, context.environment), flags.context)
  const server = serverOf(chosen.cluster)
  const plugin = server.protocol === 'https:' ? await findPlugin(chosen, context) : undefined
  const proxy = proxyOf(chosen.cluster) ?? proxyFor(server, context.environment)
  return {
    server,
    trust: () => readTrust(chosen, plugin),
    identify: identifyBy(server, chosen.user, plugin, context.now),
    ...(proxy && { proxy: clusterProxy(server, proxy) }),
  }
}

function proxyOf(cluster: KubeconfigEntry): NamedProxy | undefined {
  const url = textField(cluster, 'proxy-url')
  return url === undefined ? undefined : { url, source: `proxy-url in ${cluster.file}` }
}

function serverOf(cluster: KubeconfigEntry): URL {
  const server = textField(cluster, 'server') ?? ''
  const url = URL.canParse(server) ? new URL(server) : undefined
  if (url && (url.username || url.password)) {
    throw kubeconfigInvalid({ seen: `${cluster.file} has a server with a user or a password in its URL` })
  }
  if (url?.protocol === 'https:' || url?.protocol === 'http:') return url
  const seen = `the server in ${cluster.file} is ${showValue(server)}`
  throw kubeconfigInvalid({ seen, expected: 'a URL: https://HOST:PORT' })
}

async function readTrust({ cluster, user }: ChosenContext, plugin: CredentialPlugin | undefined): Promise<Trust> {
  const ca = await readAuthorities(cluster)
  const verify = cluster.fields['insecure-skip-tls-verify'] === true ? 'never' : 'always'
  if (ca && verify === 'never') throw contradiction(cluster)
  const credential = await plugin?.('needed')
  const clientCertificate = credential?.clientCertificate ?? (await dataOrFile(user, 'client-certificate'))
  const clientKey = credential?.clientKey ?? (await dataOrFile(user, 'client-key').then(redactedOrNone))
  if ((clientCertificate === undefined) !== (clientKey === undefined)) throw halfCertificate(user)
  if (clientCertificate && clientKey) await checkClientCertificate(user, clientCertificate, clientKey)
  const serverName = textField(cluster, 'tls-server-name')
  return {
    ...(ca && { ca }),
    ...(clientCertificate && { clientCertificate }),
    ...(clientKey && { clientKey }),
    ...(serverName && { serverName }),
    verify,
  }
}

const contradiction = ({ file }: KubeconfigEntry) =>
  kubeconfigInvalid({
    seen: `a cluster in ${file} has both a certificate-authority and insecure-skip-tls-verify`,
    expected: 'one of them: without verification the authority has no effect',
  })

/** TLS would ignore the half, and the request would be anonymous. */
const halfCertificate = ({ file }: KubeconfigEntry) =>
  kubeconfigInvalid({
    seen: `a user in ${file} has only one of client-certificate and client-key`,
    expected: 'both, or none',
  })

const redactedOrNone = (text: string | undefined) => (text === undefined ? undefined : new Redacted(text))

async function readAuthorities(cluster: KubeconfigEntry): Promise<string | undefined> {
  const data = textField(cluster, 'certificate-authority-data')
  if (data) return checkCertificates(decode(data), `certificate-authority-data in ${cluster.file}`)
  const path = textField(cluster, 'certificate-authority')
  return path ? await readCertificates(resolveFrom(cluster, path)) : undefined
}

/** Data takes precedence over the file, as in kubectl. */
async function dataOrFile(entry: KubeconfigEntry, field: string): Promise<string | undefined> {
  const data = textField(entry, `${field}-data`)
  if (data) return decode(data)
  const path = textField(entry, field)
  if (!path) return undefined
  const file = resolveFrom(entry, path)
  return await readSmallFile(file).catch((cause: unknown) => {
    throw kubeconfigInvalid({ seen: `${entry.file} names the ${field} ${file}, which ${whyUnreadable(cause)}`, cause })
  })
}

/** Over plain http no credential is sent, as in kubectl: `kubectl proxy` has its own, and others could read it. */
function identifyBy(
  server: URL,
  user: KubeconfigEntry,
  plugin: CredentialPlugin | undefined,
  now: () => Date,
): ClusterAccess['identify'] {
  const headers = impersonationHeaders(user)
  if (server.protocol === 'http:') return keepIdentity(async () => undefined, now, headers)
  const tokenFile = textField(user, 'tokenFile')
  if (plugin) return keepIdentity(async (because) => (await plugin(because)).authorization, now, headers)
  if (tokenFile) return keepIdentity(() => readBearerFile(resolveFrom(user, tokenFile)), now, headers)
  const authorization = authorizationOf(user)
  return keepIdentity(async () => authorization, now, headers)
}

function authorizationOf(user: KubeconfigEntry): Redacted | undefined {
  const token = textField(user, 'token')
  if (token) {
    const bearer = parseBearer(token)
    if (bearer) return bearer
    throw kubeconfigInvalid({ seen: `token in ${user.file} contains characters that are not allowed in a header` })
  }
  const username = textField(user, 'username')
  const password = textField(user, 'password')
  if (password && !username) throw kubeconfigInvalid({ seen: `a user in ${user.file} has a password, but no username` })
  return username ? new Redacted(`Basic ${Buffer.from(`${username}:${password ?? ''}`).toString('base64')}`) : undefined
}

const decode = (base64: string) => Buffer.from(base64, 'base64').toString('utf8')

// Whether TLS can use a client certificate: checked before a connection is opened, since each attempt would fail alike.

/** @throws KUBECONFIG_INVALID */
async function checkClientCertificate(user: KubeconfigEntry, certificate: string, key: Redacted): Promise<void> {
  const { createSecureContext } = await import('node:tls')
  try {
    createSecureContext({ cert: certificate, key: key.reveal() })
  } catch (error) {
    const reason = systemErrorCode(error) ?? 'no reason given'
    throw kubeconfigInvalid({
      seen: `a user in ${user.file} has a client certificate that TLS cannot use with its key: ${reason}`,
      expected: 'both in PEM, the key being that of the certificate, without a passphrase',
    })
  }
}
