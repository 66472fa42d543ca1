/** A kubeconfig of one cluster and one bearer token; JSON is YAML too: https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/ */
import type { ApiServer } from './request-kubernetes.ts'

export const renderKubeconfig = (
  { server, authority }: Pick<ApiServer, 'server' | 'authority'>,
  token: string,
): string =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      { name: 'real', cluster: { server, 'certificate-authority-data': Buffer.from(authority).toString('base64') } },
    ],
    users: [{ name: 'real', user: { token } }],
    contexts: [{ name: 'real', context: { cluster: 'real', user: 'real' } }],
    'current-context': 'real',
  })
