/**
 * Issuer metadata of a real cluster, published by pullpass to each kind of target: relying parties of other projects verify the
 * cluster's tokens with it, and reject others.
 */
import assert from 'node:assert/strict'
import { after, suite, test } from 'node:test'
import { setDefaultCACertificates } from 'node:tls'
import { decodeJwt, SignJWT } from 'jose'
import { generateSigningKey } from '../parts/control-plane/api-server-plan.ts'
import { requestKubernetes } from '../parts/control-plane/request-kubernetes.ts'
import { startPart } from '../parts/process/start-part.ts'
import { waitUntil } from '../parts/process/wait-until.ts'
import { withRealPart } from '../parts/real-part.ts'
import { goOidc } from '../relying-parties/go-oidc.ts'
import { jose } from '../relying-parties/jose.ts'
import { openidClient } from '../relying-parties/openid-client.ts'
import { account, audience, type Publications, startPublications } from '../relying-parties/start-publications.ts'

const startRelyingParties = () =>
  startPart('readers', async ({ use }) => ({
    relyingParties: [jose, openidClient, await goOidc()],
    published: await use(startPublications()),
  }))

/** The same claims, signed with an unpublished key. */
const forge = (token: string): Promise<string> =>
  new SignJWT(decodeJwt(token)).setProtectedHeader({ alg: 'RS256', kid: 'unpublished' }).sign(generateSigningKey())

/** The user name of a token at a cluster's API server; undefined if it is not authenticated. */
async function readUsername({ verifyingCluster }: Publications, token: string): Promise<string | undefined> {
  const path = '/apis/authentication.k8s.io/v1/selfsubjectreviews'
  const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' }
  const response = await requestKubernetes({ ...verifyingCluster, adminToken: token }, { method: 'POST', path, body })
  if (response.status === 401) return undefined
  assert.equal(response.status, 201, response.body)
  const { status }: { status: { userInfo: { username: string } } } = JSON.parse(response.body)
  return status.userInfo.username
}

await withRealPart('stores and two control planes', startRelyingParties, ({ relyingParties, published }) => {
  after(() => setDefaultCACertificates([]))
  const { publications, caFile } = published

  for (const { location, issuer, keyKind, token } of publications) {
    suite(`a cluster's issuer published to ${location}`, () => {
      for (const { name, verify, refusals } of relyingParties) {
        const expected = { issuer, audience, caFile }

        test(`${name} verifies a token that the cluster signed with ${keyKind}`, async () => {
          assert.equal(await verify(token, expected), account)
        })

        test(`${name} compares the issuer exactly: a trailing slash is another issuer`, async () => {
          await assert.rejects(verify(token, { ...expected, issuer: `${issuer}/` }), refusals['another issuer'])
        })

        test(`${name} rejects a token of a key that is not published`, async () => {
          await assert.rejects(verify(await forge(token), expected), refusals['a key that is not published'])
        })

        test(`${name} rejects a token with another audience`, async () => {
          const other = { ...expected, audience: 'https://other.example.com' }
          await assert.rejects(verify(token, other), refusals['another audience'])
        })
      }

      test('the API server of another cluster authenticates the account’s token, and rejects a forged one', async () => {
        // It reads issuer metadata in the background, and retries every few seconds.
        const known = await waitUntil('the other cluster to know the issuer', 30_000, () =>
          readUsername(published, token),
        )
        assert.equal(known, `federated:${account}`)
        assert.equal(await readUsername(published, await forge(token)), undefined)
      })
    })
  }
})
