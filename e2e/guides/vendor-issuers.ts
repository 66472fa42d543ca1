/** Issuers whose vendor publishes the metadata, as anonymous clients read them at their host names. */
import type { SandboxHandler, SandboxResponse } from '../../sandbox/serve/handler.ts'
import { requestKubernetes } from '../parts/control-plane/request-kubernetes.ts'
import type { GuideCluster } from './guide-cluster.ts'

/** Host, and the path of the JWKS below the issuer. */
const hosts: Readonly<Record<string, string>> = {
  'oidc.eks.eu-central-1.amazonaws.com': '/keys',
  'container.googleapis.com': '/jwks',
  'discovery.gardener.example.com': '/jwks',
}

export const vendorIssuers = (cluster: GuideCluster): Record<string, SandboxHandler> =>
  Object.fromEntries(
    Object.entries(hosts).map(([host, jwksPath]): [string, SandboxHandler] => [
      host,
      async ({ path }) => {
        const url = `https://${host}${path}`
        if (url === `${cluster.issuer()}/.well-known/openid-configuration`)
          return json(discoveryOf(cluster.issuer(), jwksPath))
        if (url === `${cluster.issuer()}${jwksPath}`) {
          return json((await requestKubernetes(cluster.apiServer(), { path: '/openid/v1/jwks' })).body)
        }
        return { status: 404 }
      },
    ]),
  )

const json = (body: string): SandboxResponse => ({
  status: 200,
  headers: { 'content-type': 'application/json', 'cache-control': 'public, max-age=3600' },
  body,
})

const discoveryOf = (issuer: string, jwksPath: string): string =>
  JSON.stringify({
    issuer,
    jwks_uri: `${issuer}${jwksPath}`,
    response_types_supported: ['id_token'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['RS256'],
  })
