/** The issuer metadata that the API server serves.
 *  https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/#service-account-issuer-discovery */
import assert from 'node:assert/strict'
import { createHash, createPublicKey, type JsonWebKey } from 'node:crypto'
import { test } from 'node:test'
import type { ContractCluster } from '../kubernetes-cluster.ts'

const configuration = '/.well-known/openid-configuration'
const jwks = '/openid/v1/jwks'

export function issuerCases(started: () => ContractCluster): void {
  test('the discovery document contains the issuer and the URL of its keys', async () => {
    const cluster = started()

    const { status, headers, text } = await cluster.request({ path: configuration, accept: '*/*' })

    const { issuer, jwks_uri: keys, ...rest }: { issuer: string; jwks_uri: string } = JSON.parse(text)
    assert.deepEqual([status, headers['content-type']], [200, 'application/json'])
    assert.equal(headers['cache-control'], 'public, max-age=3600')
    assert.equal(issuer, cluster.target.issuer)
    assert.match(keys, /^https:\/\/.+\/openid\/v1\/jwks$/)
    assert.deepEqual(rest, {
      response_types_supported: ['id_token'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['RS256'],
    })
  })

  test('the JWKS has its own media type and may be cached for an hour', async () => {
    const { status, headers } = await started().request({ path: jwks, accept: '*/*' })

    assert.deepEqual([status, headers['content-type']], [200, 'application/jwk-set+json'])
    assert.equal(headers['cache-control'], 'public, max-age=3600')
  })

  test('a request for the JWKS as application/json returns 406', async () => {
    const { status, object } = await started().request({ path: jwks, accept: 'application/json' })

    assert.equal(status, 406)
    assert.equal(object.message, '406: Not Acceptable\n\nAvailable representations: application/jwk-set+json')
  })

  test('a kid is the hash of its public key', async () => {
    const { text } = await started().request({ path: jwks })

    const { keys }: { keys: (JsonWebKey & { kid: string })[] } = JSON.parse(text)
    assert.deepEqual(
      keys.map(({ kid }) => kid),
      keys.map((key) => {
        const der = createPublicKey({ key, format: 'jwk' }).export({ type: 'spki', format: 'der' })
        return createHash('sha256').update(der).digest('base64url')
      }),
    )
  })

  for (const path of [configuration, jwks]) {
    test(`an anonymous client gets 403 for ${path}`, async () => {
      const { status, object } = await started().request({ path, token: '' })

      assert.equal(status, 403)
      assert.equal(object.message, `forbidden: User "system:anonymous" cannot get path "${path}"`)
    })

    test(`HEAD returns 403 for ${path}, even if GET is allowed`, async () => {
      const cluster = started()
      const token = await cluster.target.createUser([{ verbs: ['get'], nonResourceURLs: [configuration, jwks] }])

      const read = await cluster.request({ path, token })
      const head = await cluster.request({ method: 'HEAD', path, token })

      assert.deepEqual([read.status, head.status], [200, 403])
    })
  }
}
