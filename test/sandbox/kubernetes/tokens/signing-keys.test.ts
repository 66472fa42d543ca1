import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeProtectedHeader } from 'jose'
import { sharedSigningKey } from '../../../../sandbox/kubernetes/tokens/signing-keys.ts'
import { createSandboxClient, issuer } from '../sandbox-client.ts'

const tokenOptions = { namespace: 'default', name: 'default', audiences: [issuer], lifeSeconds: 600 }
const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } })

test('no token fails in a safe rotation: publish, sign, drop', async () => {
  const { api, send } = await createSandboxClient()
  const old = { key: api.keys.current, token: await api.signServiceAccountToken(tokenOptions) }
  const statuses: number[] = []
  const check = async (token: string) => statuses.push((await send('GET', '/api/v1/namespaces', bearer(token))).status)

  const key = await api.keys.add()
  await check(await api.signServiceAccountToken(tokenOptions))
  api.keys.signWith(key)
  const fresh = await api.signServiceAccountToken(tokenOptions)
  await check(old.token)
  await check(fresh)
  api.keys.drop(old.key.kid)
  await check(fresh)

  assert.deepEqual(statuses, [200, 200, 200, 200])
  assert.equal(decodeProtectedHeader(fresh).kid, key.kid)
  assert.deepEqual(
    api.keys.jwks.keys.map(({ kid }) => kid),
    [key.kid],
  )
})

test('tokens of an unpublished key cannot be verified', async () => {
  const { api, send } = await createSandboxClient()
  api.keys.signWith(await sharedSigningKey('another'))

  const { status } = await send('GET', '/api/v1/namespaces', bearer(await api.signServiceAccountToken(tokenOptions)))

  assert.equal(status, 401)
})

test('published keys contain no private fields', async () => {
  const { api } = await createSandboxClient()

  assert.deepEqual(
    api.keys.jwks.keys.map((key) => Object.keys(key).toSorted()),
    [['alg', 'e', 'kid', 'kty', 'n', 'use']],
  )
})

for (const [when, life] of [
  ['an expired token', -1],
  ['a token of a deleted account', 600],
] as const) {
  test(`${when} gets 401`, async () => {
    const { api, send } = await createSandboxClient()
    const token = await api.signServiceAccountToken({ ...tokenOptions, lifeSeconds: life })
    if (life > 0) await send('DELETE', '/api/v1/namespaces/default/serviceaccounts/default')

    assert.equal((await send('GET', '/api/v1/namespaces', bearer(token))).status, 401)
  })
}

test('a token that is bound to a pod and its node contains both', async () => {
  const { api } = await createSandboxClient()
  const bound = { pod: { name: 'pullpass-0', uid: 'pod-uid' }, node: { name: 'node-1', uid: 'node-uid' } }

  const token = await api.signServiceAccountToken({ ...tokenOptions, ...bound })

  const claims: { 'kubernetes.io': object } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
  assert.deepEqual(claims['kubernetes.io'], {
    namespace: 'default',
    ...bound,
    serviceaccount: { name: 'default', uid: api.store.read('ServiceAccount', 'default', 'default')?.metadata.uid },
  })
})
