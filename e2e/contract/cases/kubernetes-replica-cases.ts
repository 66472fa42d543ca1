/** API servers of one cluster with different key files, as during a key rotation.
 *  https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/ */
import assert from 'node:assert/strict'
import { createHash, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { after, before, test } from 'node:test'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import { type ApiServerAddress, requestApi } from '../kubernetes-client.ts'
import type { ContractCluster, Replica } from '../kubernetes-cluster.ts'

export function replicaCases(started: () => ContractCluster): void {
  const [next, unlisted] = [generateKey(), generateKey()]
  let replica: Replica | undefined
  before(async () => {
    const { target } = started()
    replica = await target.startReplica({ keys: { signing: next, verifying: [next, target.signingKey] } })
  })
  after(() => replica?.close())
  const servers = () => {
    const { target } = started()
    if (!replica) throw new Error('the replica did not start')
    return { first: target, replica }
  }
  const request = (server: ApiServerAddress, path: string, token = started().target.adminToken) =>
    requestApi(server, { path, token, accept: '*/*' })
  const kidsOf = async (server: ApiServerAddress): Promise<string[]> => {
    const { keys }: { keys: { kid: string }[] } = JSON.parse((await request(server, '/openid/v1/jwks')).text)
    return keys.map(({ kid }) => kid)
  }
  const mint = async (server: ApiServerAddress): Promise<string> => {
    const path = '/api/v1/namespaces/default/serviceaccounts/default/token'
    const { object } = await requestApi(server, { method: 'POST', path, body: {}, token: started().target.adminToken })
    return (typeof object.status === 'object' && object.status.token) || ''
  }
  /** False if the server does not verify its key (401). */
  const isAccepted = async (server: ApiServerAddress, token: string): Promise<boolean> =>
    (await request(server, '/version', token)).status === 200

  test('replicas with different key files serve different keys, in the order of the files', async () => {
    const { first, replica: other } = servers()

    assert.deepEqual(await kidsOf(first), [kidOf(first.signingKey)])
    assert.deepEqual(await kidsOf(other), [kidOf(next), kidOf(first.signingKey)])
  })

  test('a token is accepted by a server that has its key, and refused by a replica that does not', async () => {
    const { first, replica: other } = servers()
    const [old, fresh] = [await mint(first), await mint(other)]

    assert.deepEqual([await isAccepted(first, old), await isAccepted(other, old)], [true, true])
    assert.deepEqual([await isAccepted(first, fresh), await isAccepted(other, fresh)], [false, true])
  })

  test('tokens of different replicas differ only in the kid of the header', async () => {
    const { first, replica: other } = servers()
    const tokens = [await mint(first), await mint(other)]

    const [old, fresh] = tokens.map((token) => {
      const { iss, sub, aud, 'kubernetes.io': account } = decodeJwt(token)
      return { iss, sub, aud, account }
    })
    assert.deepEqual(fresh, old)
    assert.deepEqual(
      tokens.map((token) => decodeProtectedHeader(token).kid),
      [kidOf(first.signingKey), kidOf(next)],
    )
  })

  test('tokens of a removed key are refused immediately', async () => {
    const { first, replica: other } = servers()
    const [old, fresh] = [await mint(first), await mint(other)]

    await other.restart({ signing: next, verifying: [next] })

    assert.deepEqual(await kidsOf(other), [kidOf(next)])
    assert.deepEqual([await isAccepted(other, old), await isAccepted(other, fresh)], [false, true])
  })

  test('a server whose signing key is not among the verification keys starts without an error, and its tokens are refused', async () => {
    const { first, replica: other } = servers()

    await other.restart({ signing: unlisted, verifying: [first.signingKey] })
    const token = await mint(other)

    assert.equal(decodeProtectedHeader(token).kid, kidOf(unlisted))
    assert.deepEqual(await kidsOf(other), [kidOf(first.signingKey)])
    assert.deepEqual([await isAccepted(first, token), await isAccepted(other, token)], [false, false])
  })
}

const generateKey = (): KeyObject => generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey

const kidOf = (key: KeyObject): string =>
  createHash('sha256')
    .update(createPublicKey(key).export({ type: 'spki', format: 'der' }))
    .digest('base64url')
