/**
 * The connection to the selected cluster: `--kubeconfig`, KUBECONFIG, the pod's own, `~/.kube/config`, in this order.
 * https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/
 */

import { showValue } from '../document/show-value.ts'
import { PullpassError } from '../errors/pullpass-error.ts'
import { fs } from '../host/builtin-modules.ts'
import { readRegularFile } from '../host/read-file.ts'
import type { Context, Environment } from '../http/context.ts'
import { readCertificates } from './connection/certificates.ts'
import type { Cluster, ClusterAccess, ClusterContext } from './connection/cluster.ts'
import { keepIdentity, readBearerFile } from './connection/identity.ts'
import { defaultLimits, openCluster } from './connection/open-cluster.ts'

export interface ClusterFlags {
  readonly kubeconfig?: string | undefined
  readonly context?: string | undefined
  /** Concurrent requests; absent: many. */
  readonly concurrency?: 'one' | 'many'
  /** `few`: for a diagnosis, which reports a failure without long retries. Absent: retries as long as a refresh can wait. */
  readonly retries?: 'few'
}

/** At least one attempt is made, however long its response takes. */
const fewRetriesMs = 10_000

/**
 * Reads and checks everything that a request needs, so that errors are reported first. No request is sent.
 * `podFolder`: where a pod finds its token and its authority.
 * @throws KUBECONFIG_INVALID, CA_FILE_INVALID, TOKEN_FILE_UNREADABLE, KUBERNETES_UNAUTHENTICATED where a plugin fails
 */
export async function connect(
  flags: ClusterFlags,
  context: ClusterContext & Pick<Context, 'environment'>,
  podFolder?: string,
): Promise<Cluster> {
  const access = await findAccess(flags, context, podFolder)
  if (access.server.protocol === 'https:') await access.trust()
  await access.identify('needed')
  return openCluster(access, context, {
    ...defaultLimits,
    ...(flags.concurrency === 'one' && { inFlight: 1 }),
    ...(flags.retries === 'few' && { retryForMs: fewRetriesMs }),
  })
}

async function findAccess(
  flags: ClusterFlags,
  context: Pick<Context, 'environment' | 'now' | 'signal'>,
  podFolder?: string,
): Promise<ClusterAccess> {
  const named = flags.kubeconfig ?? context.environment['KUBECONFIG']
  if (!named) {
    const pod = await findPodAccess(context.environment, context.now, podFolder)
    if (pod && flags.context !== undefined) throw contextInPod(flags.context)
    if (pod) return pod
  }
  const { kubeconfigAccess } = await import('./kubeconfig/access.ts') // not needed in a pod
  return await kubeconfigAccess(flags, context)
}

function contextInPod(context: string): PullpassError {
  return new PullpassError({
    code: 'KUBECONFIG_INVALID',
    hop: 'kubernetes',
    seen: `--context ${context} is given, but the cluster is this pod's own, which has no contexts`,
    expected: 'a kubeconfig that has this context',
    hint: 'set --kubeconfig FILE, or omit --context',
  })
}

/**
 * The pod's own cluster, as the kubelet mounts it.
 * https://kubernetes.io/docs/tasks/run-application/access-api-from-pod/
 */
const podFolder = '/var/run/secrets/kubernetes.io/serviceaccount'

/** Undefined outside a pod, or where the pod mounts no token. Never uses a proxy. */
async function findPodAccess(
  environment: Environment,
  now: () => Date,
  folder: string = podFolder,
): Promise<ClusterAccess | undefined> {
  const host = environment['KUBERNETES_SERVICE_HOST']
  const port = environment['KUBERNETES_SERVICE_PORT']
  if (!host || !port || !fs.existsSync(`${folder}/token`)) return undefined
  return {
    server: serverAt(host, port),
    trust: async () => ({ ca: await readCertificates(`${folder}/ca.crt`), verify: 'always' }),
    identify: keepIdentity(() => readBearerFile(`${folder}/token`), now),
  }
}

/** Of the pod in which this process runs; undefined elsewhere, or where the pod does not mount it. */
export async function readPodNamespace(folder: string = podFolder): Promise<string | undefined> {
  try {
    return (await readRegularFile(`${folder}/namespace`, 253)).toString('utf8').trim() || undefined
  } catch {
    return undefined
  }
}

function serverAt(host: string, port: string): URL {
  try {
    return new URL(`https://${host.includes(':') ? `[${host}]` : host}:${port}`)
  } catch (cause) {
    throw new PullpassError({
      code: 'KUBECONFIG_INVALID',
      hop: 'kubernetes',
      seen: `KUBERNETES_SERVICE_HOST is ${showValue(host)}, KUBERNETES_SERVICE_PORT is ${showValue(port)}`,
      expected: 'an address and a port, as the kubelet sets them in every pod',
      hint: 'do not set these variables: the kubelet sets them; or set --kubeconfig FILE',
      cause,
    })
  }
}
