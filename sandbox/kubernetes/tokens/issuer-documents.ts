/** The discovery document and the JWKS of the issuer. https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/#service-account-issuer-discovery */
import type { SandboxRequest, SandboxResponse } from '../../serve/handler.ts'
import { methodNotAllowed, unroutable } from '../calls/status-error.ts'
import type { Cluster } from '../cluster.ts'

const jwksPath = '/openid/v1/jwks'

const documents: Readonly<Record<string, { type: string; render: (cluster: Cluster) => object }>> = {
  '/.well-known/openid-configuration': {
    type: 'application/json',
    render: ({ issuer }) => ({
      issuer,
      jwks_uri: `${issuer}${jwksPath}`,
      response_types_supported: ['id_token'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['RS256'],
    }),
  },
  [jwksPath]: { type: 'application/jwk-set+json', render: ({ keys }) => keys.jwks },
}

export const isIssuerPath = (path: string): boolean => Object.hasOwn(documents, path)

/** Each is served only with its own media type: `application/json` is 406 for the keys. */
export function issuerDocumentResponse(cluster: Cluster, { path, method, headers }: SandboxRequest): SandboxResponse {
  const document = documents[path]
  // The API server serves neither for an issuer that is not https.
  if (!document || !cluster.issuer.startsWith('https://')) return plain(404, '404 page not found\n')
  if (method !== 'GET') throw methodNotAllowed()
  const accepts = (headers['accept'] ?? '*/*').split(',').map((type) => type.split(';')[0]?.trim())
  if (!accepts.some((type) => type === '*/*' || type === 'application/*' || type === document.type)) {
    throw unroutable(406, `Not Acceptable\n\nAvailable representations: ${document.type}`)
  }
  return {
    status: 200,
    headers: { 'content-type': document.type, 'cache-control': 'public, max-age=3600' },
    body: JSON.stringify(document.render(cluster)),
  }
}

export const plain = (status: number, text: string): SandboxResponse => ({
  status,
  headers: { 'content-type': 'text/plain; charset=utf-8' },
  body: text,
})
