import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { decodeJwt } from 'jose'
import { requestToken } from '../../../src/kubernetes/objects/request-token.ts'
import { openSandboxCluster, openTestCluster } from '../open-test-cluster.ts'

const account = { namespace: 'default', name: 'default' }
const tokenRequest = { audience: '//iam.googleapis.com/pool', lifeSeconds: 3600, namedBy: '--service-account' }

suite('a token is requested', () => {
  test('for one audience, and has the lifetime that the API server states', async (t) => {
    const { cluster } = await openSandboxCluster(t)
    const token = await requestToken(cluster, account, tokenRequest)
    const claims = decodeJwt(token.value.reveal())
    assert.deepEqual(claims.aud, ['//iam.googleapis.com/pool'])
    assert.equal(claims.sub, 'system:serviceaccount:default:default')
    assert.deepEqual(token.expiresAt, new Date('2026-11-24T13:00:00Z'))
  })

  test('for ten minutes at least, as the API server wants it', async (t) => {
    const { cluster } = await openSandboxCluster(t)
    const token = await requestToken(cluster, account, { ...tokenRequest, lifeSeconds: 60 })
    assert.deepEqual(token.expiresAt, new Date('2026-11-24T12:10:00Z'))
  })

  test('for an account that does not exist: refused, with what creates it', async (t) => {
    const { cluster } = await openSandboxCluster(t)
    await assert.rejects(requestToken(cluster, { namespace: 'default', name: 'pullpass' }, tokenRequest), {
      code: 'TOKEN_REQUEST_REFUSED',
      hop: 'subject-token',
      seen: 'ServiceAccount default/pullpass does not exist, so that no token can be requested for it',
      expected: 'the service account that --service-account names',
      hint: 'correct the name, or create the service account',
      command: 'kubectl create serviceaccount pullpass -n default',
    })
  })

  test('in a namespace that does not exist: refused, with what creates both', async (t) => {
    const { cluster } = await openSandboxCluster(t)
    await assert.rejects(requestToken(cluster, { namespace: 'image-system', name: 'pullpass' }, tokenRequest), {
      code: 'TOKEN_REQUEST_REFUSED',
      seen: 'Namespace image-system does not exist, so that no token can be requested for ServiceAccount pullpass in it',
      hint: 'correct the name, or create both',
      command: 'kubectl create namespace image-system && kubectl create serviceaccount pullpass -n image-system',
    })
  })

  test('without the right to it: refused, with the rule that is missing', async (t) => {
    const { cluster, api } = await openSandboxCluster(t)
    api.authorization.permit('admin', [])
    await assert.rejects(requestToken(cluster, account, tokenRequest), {
      code: 'TOKEN_REQUEST_REFUSED',
      hop: 'subject-token',
      expected: 'the right to create a token of ServiceAccount default/default',
      hint: 'grant the rule {apiGroups: [""], resources: [serviceaccounts/token], resourceNames: [default], verbs: [create]} in a ClusterRole, or in a Role of default; pullpass manifests -f FILE prints all rules that a document needs',
    })
  })

  test('that the API server does not accept as valid: refused, whatever the status', async (t) => {
    for (const code of [400, 422]) {
      const message = 'spec.audiences: Invalid value'
      const body = { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason: 'Invalid', code, message }
      const { cluster } = await openTestCluster(t, () => ({ status: code, body }))
      await assert.rejects(requestToken(cluster, account, tokenRequest), {
        code: 'TOKEN_REQUEST_REFUSED',
        seen: `the API server responded with ${code} "${message}" for a token of ServiceAccount default/default`,
      })
    }
  })

  test('and a response without one, or without its end, is none', async (t) => {
    const responses = [{}, { status: { token: 'a' } }, { status: { expirationTimestamp: '2026-11-24T13:00:00Z' } }]
    for (const body of responses) {
      const { cluster } = await openTestCluster(t, () => ({ status: 201, body }))
      await assert.rejects(requestToken(cluster, account, tokenRequest), { code: 'RESPONSE_MALFORMED' })
    }
  })
})
