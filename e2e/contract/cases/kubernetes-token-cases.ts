/** TokenRequest, and the claims of the token.
 *  https://kubernetes.io/docs/reference/kubernetes-api/authentication-resources/token-request-v1/ */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createRemoteJWKSet, customFetch, decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose'
import type { ApiResponse } from '../kubernetes-client.ts'
import { accountsOf, type ContractCluster, secretWith } from '../kubernetes-cluster.ts'

export function tokenCases(started: () => ContractCluster): void {
  test('a token contains the requested audiences as a list', async () => {
    const { request } = await createPuller(started())

    const response = await request({
      audiences: ['//iam.googleapis.com/p', 'sts.amazonaws.com'],
      expirationSeconds: 600,
    })

    assert.equal(response.status, 201)
    assert.deepEqual(decodeJwt(tokenOf(response)).aud, ['//iam.googleapis.com/p', 'sts.amazonaws.com'])
  })

  test('a single audience is a list too', async () => {
    const { request } = await createPuller(started())

    assert.deepEqual(decodeJwt(tokenOf(await request({ audiences: ['one'] }))).aud, ['one'])
  })

  test('the default audience is the API server', async () => {
    const cluster = started()
    const { request } = await createPuller(cluster)

    const response = await request({})

    assert.deepEqual(response.object.spec?.audiences, [cluster.target.issuer])
    assert.deepEqual(decodeJwt(tokenOf(response)).aud, [cluster.target.issuer])
  })

  test('the claims contain issuer, subject, lifetime and ServiceAccount', async () => {
    const cluster = started()
    const { request, namespace, uid } = await createPuller(cluster)

    const claims = decodeJwt(tokenOf(await request({ audiences: ['a'], expirationSeconds: 900 })))

    const { iat = 0, exp, nbf, jti, ...rest } = claims
    assert.deepEqual([exp, nbf, typeof jti], [iat + 900, iat, 'string'])
    assert.deepEqual(rest, {
      aud: ['a'],
      iss: cluster.target.issuer,
      sub: `system:serviceaccount:${namespace}:puller`,
      'kubernetes.io': { namespace, serviceaccount: { name: 'puller', uid } },
    })
  })

  test('expirationTimestamp of the response is the expiry of the token', async () => {
    const { request } = await createPuller(started())

    const response = await request({ expirationSeconds: 1200 })

    const { exp = 0 } = decodeJwt(tokenOf(response))
    const { status } = response.object
    assert.equal(typeof status === 'object' && Date.parse(status.expirationTimestamp ?? ''), exp * 1000)
  })

  test('the default lifetime is one hour', async () => {
    const { request } = await createPuller(started())

    assert.equal((await request({})).object.spec?.expirationSeconds, 3600)
  })

  test('a lifetime under 600 seconds returns 422', async () => {
    const { request } = await createPuller(started())

    const { status, object } = await request({ expirationSeconds: 599 })

    assert.equal(status, 422)
    assert.equal(
      object.message,
      'TokenRequest.authentication.k8s.io "" is invalid: spec.expirationSeconds: Invalid value: 599: may not specify a duration less than 10 minutes',
    )
  })

  test('a TokenRequest ignores dryRun: the token is real', async () => {
    const cluster = started()
    const { request } = await createPuller(cluster)

    const token = tokenOf(await request({}, '?dryRun=All'))

    const { status } = await cluster.request({ path: '/openid/v1/jwks', token })
    assert.equal(status, 200)
  })

  test('a token bound to a Secret contains its name', async () => {
    const cluster = started()
    const { request, namespace } = await createPuller(cluster)
    const { object } = await cluster.apply(namespace, secretWith('bound'), 'pullpass')

    const boundObjectRef = { apiVersion: 'v1', kind: 'Secret', name: 'bound' }
    const claims = decodeJwt<{ 'kubernetes.io': object }>(tokenOf(await request({ boundObjectRef })))

    assert.deepEqual('secret' in claims['kubernetes.io'] && claims['kubernetes.io'].secret, {
      name: 'bound',
      uid: object.metadata?.uid,
    })
  })

  test('a token bound to a missing object returns 404', async () => {
    const { request } = await createPuller(started())

    const { status, object } = await request({ boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: 'absent' } })

    assert.deepEqual([status, object.message], [404, 'pods "absent" not found'])
  })

  test('a missing ServiceAccount returns 404', async () => {
    const cluster = started()
    const namespace = await cluster.createNamespace()

    const path = `${accountsOf(namespace)}/absent/token`
    const { status, object } = await cluster.request({ method: 'POST', path, body: {} })

    assert.deepEqual([status, object.message], [404, 'serviceaccounts "absent" not found'])
  })

  test('in a missing namespace the error names the namespace', async () => {
    const path = `${accountsOf('absent-namespace')}/absent/token`
    const { status, object } = await started().request({ method: 'POST', path, body: {} })

    assert.deepEqual([status, object.message], [404, 'namespaces "absent-namespace" not found'])
  })

  test('a token for another audience is not accepted by the API server', async () => {
    const cluster = started()
    const { request } = await createPuller(cluster)

    const token = tokenOf(await request({ audiences: ['//iam.googleapis.com/p'] }))

    assert.equal((await cluster.request({ path: '/openid/v1/jwks', token })).status, 401)
  })

  test('a token verifies with the issuer’s published keys, and its header names one', async () => {
    const cluster = started()
    const { request } = await createPuller(cluster)
    const token = tokenOf(await request({ audiences: ['a'] }))
    const keys = createRemoteJWKSet(new URL('/openid/v1/jwks', cluster.target.url), {
      [customFetch]: async (url) => {
        const { status, text } = await cluster.request({ path: new URL(url).pathname, accept: '*/*' })
        return new Response(text, { status })
      },
    })

    const { protectedHeader } = await jwtVerify(token, keys, { issuer: cluster.target.issuer, audience: 'a' })

    assert.deepEqual(Object.keys(decodeProtectedHeader(token)).toSorted(), ['alg', 'kid'])
    assert.equal(protectedHeader.alg, 'RS256')
  })
}

interface Puller {
  readonly namespace: string
  readonly uid: string | undefined
  readonly request: (spec: object, query?: string) => Promise<ApiResponse>
}

async function createPuller(cluster: ContractCluster): Promise<Puller> {
  const namespace = await cluster.createNamespace()
  await cluster.createServiceAccount(namespace, 'puller')
  const path = `${accountsOf(namespace)}/puller`
  const { object } = await cluster.request({ path })
  return {
    namespace,
    uid: object.metadata?.uid,
    request: (spec, query = '') =>
      cluster.request({
        method: 'POST',
        path: `${path}/token${query}`,
        body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec },
      }),
  }
}

function tokenOf({ object }: ApiResponse): string {
  assert.ok(typeof object.status === 'object' && object.status.token, object.message)
  return object.status.token
}
