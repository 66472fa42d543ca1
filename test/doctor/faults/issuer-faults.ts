/** Faults of the issuer: its metadata, as anonymous clients read it. */

import { createCertificateAuthority } from '../../../sandbox/serve/certificate-authority.ts'
import { servePart } from '../../../sandbox/serve/serve-part.ts'
import type { Fault } from '../fault.ts'
import type { World } from '../ground.ts'
import { signToken } from '../sign-token.ts'
import { bucket, documents, putDocument } from './put-document.ts'

const hop = 'discovery'
const publish = /^pullpass issuer publish --to gs:\/\/example-cluster/
const adopt = /^pullpass issuer publish --to gs:\/\/example-cluster --adopt/
const clear = ({ sandbox }: World) => sandbox.gcp.parts.storage.faults.clear()

const discoveryOf = ({ cluster: { issuer } }: World['sandbox'], odds: object) => ({
  issuer,
  jwks_uri: `${issuer}/openid/v1/jwks`,
  response_types_supported: ['id_token'],
  subject_types_supported: ['public'],
  id_token_signing_alg_values_supported: ['RS256'],
  ...odds,
})

const respondToDiscovery = ({ sandbox }: World, status: number, headers: Readonly<Record<string, string>> = {}) =>
  sandbox.gcp.parts.storage.faults.inject(
    { kind: 'response', response: { status, headers, body: '' } },
    { when: ({ path }) => path.endsWith('openid-configuration') },
  )

export const issuerFaults: readonly Fault[] = [
  {
    title: "the issuer's documents were never published",
    plant({ sandbox }) {
      for (const name of Object.values(documents)) sandbox.gcp.store.remove(bucket, name)
    },
    hop,
    code: 'DISCOVERY_NOT_FOUND',
    fix: publish,
    repair: 'command',
  },
  {
    title: "the bucket of the issuer's documents is not public",
    plant: ({ sandbox }) => sandbox.gcp.store.setAccess(bucket, 'private'),
    hop,
    code: 'DISCOVERY_FORBIDDEN',
    fix: /^gcloud storage buckets add-iam-policy-binding gs:\/\/example-cluster --role=roles\/storage.objectViewer --member=allUsers/,
    repair: 'command',
    imitated: 'gcloud',
  },
  {
    title: 'the URL of the discovery document returns a redirect',
    plant: (ground) => respondToDiscovery(ground, 302, { location: 'https://login.example.com/' }),
    hop,
    code: 'DISCOVERY_REDIRECTED',
    seen: /a redirect to "https:\/\/login.example.com\/"$/,
    fix: /^correct the server at that address.*pullpass issuer check https:/,
    repair: clear,
  },
  {
    title: 'the store of the documents is down',
    plant: (ground) => respondToDiscovery(ground, 503),
    hop,
    code: 'DISCOVERY_UNAVAILABLE',
    fix: /^correct the server at that address/,
    repair: clear,
  },
  {
    title: 'nothing listens at the issuer',
    plant: ({ sandbox }) => sandbox.gcp.parts.storage.faults.inject({ kind: 'reset', at: 'request' }),
    hop,
    code: 'DISCOVERY_UNAVAILABLE',
    fix: /^correct the server at that address/,
    repair: clear,
  },
  {
    title: 'an HTML page is served instead of the discovery document',
    plant: (ground) => putDocument(ground, 'discovery', '<!DOCTYPE html><h1>Welcome</h1>', 'text/html'),
    hop,
    code: 'DISCOVERY_MALFORMED',
    fix: adopt,
    repair: 'command',
  },
  {
    title: 'the discovery document names another issuer',
    plant: (ground) =>
      putDocument(ground, 'discovery', discoveryOf(ground.sandbox, { issuer: 'https://oidc.example.com' })),
    hop,
    code: 'DISCOVERY_ISSUER_MISMATCH',
    fix: adopt,
    repair: 'command',
  },
  {
    title: "the discovery document's issuer ends in a slash, the token's does not",
    plant: (ground) =>
      putDocument(ground, 'discovery', discoveryOf(ground.sandbox, { issuer: `${ground.sandbox.cluster.issuer}/` })),
    hop,
    code: 'DISCOVERY_ISSUER_MISMATCH',
    seen: / \(a slash at the end counts\)$/,
    fix: adopt,
    repair: 'command',
  },
  {
    title: "the discovery document leads to the API server's keys, by http",
    plant: (ground) =>
      putDocument(
        ground,
        'discovery',
        discoveryOf(ground.sandbox, { jwks_uri: 'http://10.0.0.1:6443/openid/v1/jwks' }),
      ),
    hop,
    code: 'JWKS_URI_INVALID',
    fix: adopt,
    repair: 'command',
  },
  {
    title: 'the issuer has a certificate of a private authority',
    async plant(ground) {
      const { sandbox } = ground
      const authority = await createCertificateAuthority()
      const part = await servePart({ handler: () => ({ status: 404 }), tls: { authority, http2: 'offered' } })
      ground.after(part.close)
      sandbox.gcp.identity.putProvider({ name: sandbox.gcp.provider, issuerUri: part.url })
      await sandbox.write('oidc-token', await signToken(sandbox, { issuer: part.url }))
    },
    hop,
    code: 'CERTIFICATE_UNTRUSTED',
    fix: /with a certificate of a public authority/,
    async repair({ sandbox }) {
      sandbox.gcp.identity.putProvider({ name: sandbox.gcp.provider, issuerUri: sandbox.cluster.issuer })
      await sandbox.writeToken()
    },
  },
  {
    title: 'the documents are read here, and Google reaches nothing at their private address',
    plant: ({ sandbox }) =>
      sandbox.gcp.identity.putProvider({
        name: sandbox.gcp.provider,
        issuerUri: sandbox.cluster.issuer,
        publishedAt: 'https://127.0.0.1:1',
      }),
    hop,
    code: 'ISSUER_ADDRESS_PRIVATE',
    seen: /which is not reachable from the internet$/,
    fix: /^correct the server at that address: it must respond without a redirect or authentication/,
    repair: ({ sandbox }) =>
      sandbox.gcp.identity.putProvider({ name: sandbox.gcp.provider, issuerUri: sandbox.cluster.issuer }),
  },
  {
    title: 'the discovery document lacks what the standard requires, and an exchange succeeds by chance',
    document: { more: '  attachToServiceAccounts: [default]\n  issuer: {publishTo: gs://example-cluster}' },
    plant: (world) => putDocument(world, 'discovery', discoveryOf(world.sandbox, { response_types_supported: [] })),
    hop,
    code: 'DISCOVERY_FIELD_MISSING',
    result: 'warning',
    seen: /lacks response_types_supported; exchanges still succeed with the copy that the cloud has cached$/,
    fix: publish,
    repair: 'command',
  },
  {
    title: 'the token is of another cluster than the one that is checked',
    async plant({ sandbox }) {
      const { gcp, cluster } = sandbox
      const issuer = cluster.issuer.replace(bucket, 'other-cluster')
      gcp.store.putBucket('other-cluster', { access: 'public' })
      const described = { contentType: 'application/json', cacheControl: 'public, max-age=300' }
      const discovery = discoveryOf(sandbox, { issuer, jwks_uri: `${issuer}/openid/v1/jwks` })
      gcp.store.put('other-cluster', documents.jwks, { ...described, body: JSON.stringify(cluster.keys.jwks) })
      gcp.store.put('other-cluster', documents.discovery, { ...described, body: JSON.stringify(discovery) })
      await sandbox.write('oidc-token', await signToken(sandbox, { issuer }))
    },
    hop: 'subject-token',
    code: 'TOKEN_ISSUER_MISMATCH',
    fix: /^check that kubeconfig and token belong to the same cluster/,
    repair: ({ sandbox }) => sandbox.writeToken(),
  },
  {
    title: 'the keys do not exist',
    plant: ({ sandbox }) => sandbox.gcp.store.remove(bucket, documents.jwks),
    hop,
    code: 'DISCOVERY_NOT_FOUND',
    fix: publish,
    repair: 'command',
  },
  {
    title: 'the document with the keys is not a JWKS',
    plant: (ground) => putDocument(ground, 'jwks', '{"key": []}'),
    hop,
    code: 'DISCOVERY_MALFORMED',
    fix: adopt,
    repair: 'command',
  },
]
