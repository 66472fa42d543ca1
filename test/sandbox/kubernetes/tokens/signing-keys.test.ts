import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeProtectedHeader } from 'jose'
import { generateSigningKey } from '../../../../sandbox/kubernetes/tokens/signing-keys.ts'
import { createAskedSandbox, issuer } from '../ask-sandbox.ts'

const wanted = { namespace: 'default', name: 'default', audiences: [issuer], lifeSeconds: 600 }
const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } })

test('in a safe rotation no token ever fails: publish, sign, drop', async () => {
  const { api, ask } = await createAskedSandbox()
  const old = { key: api.keys.current, token: await api.signServiceAccountToken(wanted) }
  const statuses: number[] = []
  const check = async (token: string) => statuses.push((await ask('GET', '/api/v1/namespaces', bearer(token))).status)

  const key = await api.keys.add()
  await check(await api.signServiceAccountToken(wanted))
  api.keys.signWith(key)
  const fresh = await api.signServiceAccountToken(wanted)
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

test('tokens of an unpublished key verify nowhere', async () => {
  const { api, ask } = await createAskedSandbox()
  api.keys.signWith(await generateSigningKey())

  const { status } = await ask('GET', '/api/v1/namespaces', bearer(await api.signServiceAccountToken(wanted)))

  assert.equal(status, 401)
})

test('published keys hold nothing private', async () => {
  const { api } = await createAskedSandbox()

  assert.deepEqual(
    api.keys.jwks.keys.map((key) => Object.keys(key).toSorted()),
    [['alg', 'e', 'kid', 'kty', 'n', 'use']],
  )
})

for (const [when, life] of [
  ['an expired token', -1],
  ['a token of a deleted account', 600],
] as const) {
  test(`${when} answers 401`, async () => {
    const { api, ask } = await createAskedSandbox()
    const token = await api.signServiceAccountToken({ ...wanted, lifeSeconds: life })
    if (life > 0) await ask('DELETE', '/api/v1/namespaces/default/serviceaccounts/default')

    assert.equal((await ask('GET', '/api/v1/namespaces', bearer(token))).status, 401)
  })
}

test('a token bound to a pod and its node names both', async () => {
  const { api } = await createAskedSandbox()
  const bound = { pod: { name: 'pullpass-0', uid: 'pod-uid' }, node: { name: 'node-1', uid: 'node-uid' } }

  const token = await api.signServiceAccountToken({ ...wanted, ...bound })

  const claims: { 'kubernetes.io': object } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
  assert.deepEqual(claims['kubernetes.io'], {
    namespace: 'default',
    ...bound,
    serviceaccount: { name: 'default', uid: api.store.read('ServiceAccount', 'default', 'default')?.metadata.uid },
  })
})
