/**
 * How a kubeconfig's context reaches its cluster, where it says so plainly; what needs programs or proxies is left to
 * Kubernetes' own client. https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/
 */
import type { Outside } from '../outside/outside.ts'
import { PullpassError } from '../outside/pullpass-error.ts'
import { Redacted } from '../outside/redacted.ts'
import type { ClusterAccess, ClusterIdentity, Trust } from './cluster-access.ts'
import { impersonationHeaders } from './impersonation-headers.ts'
import { type Kubeconfig, type KubeconfigEntry, loadKubeconfig, resolveBeside } from './load-kubeconfig.ts'
import { checkCertificates, readCertificates } from './read-certificates.ts'
import { readSmallFile } from './read-small-file.ts'
import { identifyByTokenFile } from './token-file-identity.ts'

export interface ChosenContext {
  readonly name: string
  readonly cluster: KubeconfigEntry
  readonly user: KubeconfigEntry
}

/** @throws KUBECONFIG_INVALID */
export async function kubeconfigAccess(
  flags: { readonly kubeconfig?: string | undefined; readonly context?: string | undefined },
  outside: Pick<Outside, 'environment' | 'now'>,
): Promise<ClusterAccess> {
  const kubeconfig = await loadKubeconfig(flags.kubeconfig, outside.environment)
  const context = chooseContext(kubeconfig, flags.context)
  return {
    server: serverOf(context.cluster),
    trust: () => readTrust(context),
    identify: identifyBy(context.user, outside.now),
  }
}

function chooseContext(kubeconfig: Kubeconfig, wanted: string | undefined): ChosenContext {
  const name = wanted ?? kubeconfig.currentContext
  const known = [...kubeconfig.contexts.keys()].join(', ') || 'none'
  const files = kubeconfig.files.join(', ')
  if (name === undefined) throw invalid(`${files} has no current-context`, `one of its contexts: ${known}`)
  const context = kubeconfig.contexts.get(name)
  if (!context) throw invalid(`${files} has no context ${name}`, `one of its contexts: ${known}`)
  const clusterName = textField(context, 'cluster') ?? ''
  const cluster = kubeconfig.clusters.get(clusterName)
  if (!cluster) throw invalid(`context ${name} names cluster "${clusterName}", which ${files} does not hold`)
  const userName = textField(context, 'user')
  const user = userName === undefined ? { fields: {}, file: context.file } : kubeconfig.users.get(userName)
  if (!user) throw invalid(`context ${name} names user "${userName}", which ${files} does not hold`)
  return { name, cluster, user }
}

function serverOf(cluster: KubeconfigEntry): URL {
  const server = textField(cluster, 'server') ?? ''
  const url = URL.canParse(server) ? new URL(server) : undefined
  if (url?.protocol !== 'https:' && url?.protocol !== 'http:') {
    throw invalid(`${cluster.file} has the server "${server}"`, 'a URL: https://HOST:PORT')
  }
  return url
}

async function readTrust({ cluster, user }: ChosenContext): Promise<Trust> {
  const ca = await readAuthorities(cluster)
  const clientCertificate = await dataOrFile(user, 'client-certificate')
  const clientKey = await dataOrFile(user, 'client-key')
  const serverName = textField(cluster, 'tls-server-name')
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(clientCertificate === undefined ? {} : { clientCertificate }),
    ...(clientKey === undefined ? {} : { clientKey: new Redacted(clientKey) }),
    ...(serverName === undefined ? {} : { serverName }),
    verify: cluster.fields['insecure-skip-tls-verify'] === true ? 'never' : 'always',
  }
}

async function readAuthorities(cluster: KubeconfigEntry): Promise<string | undefined> {
  const data = textField(cluster, 'certificate-authority-data')
  if (data) return checkCertificates(decode(data), `certificate-authority-data in ${cluster.file}`)
  const path = textField(cluster, 'certificate-authority')
  return path ? await readCertificates(resolveBeside(cluster, path)) : undefined
}

/** Data goes before the file, as in kubectl. */
async function dataOrFile(entry: KubeconfigEntry, field: string): Promise<string | undefined> {
  const data = textField(entry, `${field}-data`)
  if (data) return decode(data)
  const path = textField(entry, field)
  if (!path) return undefined
  const file = resolveBeside(entry, path)
  return await readSmallFile(file).catch((cause: unknown) => {
    throw invalid(`${entry.file} names ${field} ${file}, which cannot be read`, undefined, cause)
  })
}

function identifyBy(user: KubeconfigEntry, now: () => Date): ClusterAccess['identify'] {
  const headers = impersonationHeaders(user.fields)
  const tokenFile = textField(user, 'tokenFile')
  if (tokenFile) {
    const identify = identifyByTokenFile(resolveBeside(user, tokenFile), now)
    return headers ? withHeaders(identify, headers) : identify
  }
  const authorization = authorizationOf(user)
  const identity = { ...(authorization ? { authorization } : {}), ...(headers ? { headers } : {}) }
  return async () => identity
}

function withHeaders(
  identify: ClusterAccess['identify'],
  headers: NonNullable<ClusterIdentity['headers']>,
): ClusterAccess['identify'] {
  let last: { plain: ClusterIdentity; whole: ClusterIdentity } | undefined
  return async (because) => {
    const plain = await identify(because)
    if (last?.plain !== plain) last = { plain, whole: { ...plain, headers } }
    return last.whole
  }
}

function authorizationOf(user: KubeconfigEntry): Redacted | undefined {
  const token = textField(user, 'token')
  if (token) return new Redacted(`Bearer ${token}`)
  const username = textField(user, 'username')
  if (!username) return undefined
  return new Redacted(`Basic ${Buffer.from(`${username}:${textField(user, 'password') ?? ''}`).toString('base64')}`)
}

const decode = (base64: string) => Buffer.from(base64, 'base64').toString('utf8')

function textField({ fields, file }: KubeconfigEntry, name: string): string | undefined {
  const value = fields[name]
  if (value === undefined || value === null || typeof value === 'string') return value ?? undefined
  throw invalid(`${name} in ${file} is a ${typeof value}`, 'text: quote it')
}

function invalid(seen: string, expected = 'a kubeconfig whose parts are all there', cause?: unknown): PullpassError {
  return new PullpassError({
    code: 'KUBECONFIG_INVALID',
    hop: 'kubernetes',
    seen,
    expected,
    hint: 'kubectl config get-contexts lists the contexts; choose one: --context NAME',
    cause,
  })
}
