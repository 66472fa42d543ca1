/**
 * The pod's own cluster, as the kubelet mounts it.
 * https://kubernetes.io/docs/tasks/run-application/access-api-from-pod/
 */
import { existsSync } from 'node:fs'
import { showValue } from '../document/show-value.ts'
import type { Environment } from '../outside/outside.ts'
import { PullpassError } from '../outside/pullpass-error.ts'
import type { ClusterAccess } from './cluster-access.ts'
import { keepIdentity } from './keep-identity.ts'
import { readBearerFile } from './read-bearer-file.ts'
import { readCertificates } from './read-certificates.ts'

const podFolder = '/var/run/secrets/kubernetes.io/serviceaccount'

/** Undefined outside a pod, or where the pod mounts no token. Never asks a proxy. */
export async function findPodAccess(
  environment: Environment,
  now: () => Date,
  folder: string = podFolder,
): Promise<ClusterAccess | undefined> {
  const host = environment['KUBERNETES_SERVICE_HOST']
  const port = environment['KUBERNETES_SERVICE_PORT']
  if (!host || !port || !existsSync(`${folder}/token`)) return undefined
  return {
    server: serverAt(host, port),
    trust: async () => ({ ca: await readCertificates(`${folder}/ca.crt`), verify: 'always' }),
    identify: keepIdentity(() => readBearerFile(`${folder}/token`), now),
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
      hint: 'leave both variables to the kubelet, or name a kubeconfig: --kubeconfig FILE',
      cause,
    })
  }
}
