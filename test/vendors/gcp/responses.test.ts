import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readTokenFile } from '../../../src/identity/token-file.ts'
import { startTestSandbox } from '../../support/start-test-sandbox.ts'
import { exchange, refusal } from './exchange-at-sandbox.ts'

test('responses of the token service', async (t) => {
  const sandbox = await startTestSandbox(t)
  const { faults } = sandbox.gcp.parts.sts
  const responses: Record<string, readonly [body: object | string, seen: string]> = {
    'no token': [{ expires_in: 3600 }, 'it contains no access_token'],
    'an empty token': [{ access_token: '', expires_in: 3600 }, 'its access_token is empty'],
    'a token that is not a string': [{ access_token: 7, expires_in: 3600 }, 'its access_token is not a string'],
    'a token with a line break': [{ access_token: 'a\r\nb' }, 'its access_token contains characters that no token has'],
    'a token of 64 KiB': [{ access_token: 'a'.repeat(65_537) }, 'its access_token is longer than 65536 characters'],
    'an expiry in the past': [
      { access_token: 'a', expires_in: -60 },
      'its token is already expired, since 2026-11-24T11:59:00Z',
    ],
    'an expiry of now': [
      { access_token: 'a', expires_in: 0 },
      'its token is already expired, since 2026-11-24T12:00:00Z',
    ],
    'an expiry before all dates': [{ access_token: 'a', expires_in: -1e300 }, 'its expiry is not a valid date'],
    'an expiry without end': ['{"access_token": "a", "expires_in": 1e999}', 'its expires_in is not a number'],
    'an expiry that is not a number': [{ access_token: 'a', expires_in: 'soon' }, 'its expires_in is not a number'],
  }
  for (const [name, [body, seen]] of Object.entries(responses)) {
    await t.test(`${name} is not a credential`, async () => {
      faults.inject({ kind: 'response', response: { status: 200, body } }, { times: 1 })
      const fault = await refusal(sandbox)
      assert.deepEqual([fault.code, fault.hop], ['RESPONSE_MALFORMED', 'exchange'])
      assert.equal(
        fault.seen,
        `Google's token service responded with 200 at ${sandbox.gcp.parts.sts.url}/v1/token, but ${seen}`,
      )
      assert.equal(sandbox.gcp.parts.iamCredentials.seen.length, 0)
    })
  }

  await t.test('an expiry beyond an hour is not accepted, regardless of the Date header', async () => {
    const gcp = [`workloadIdentityProvider: ${sandbox.gcp.provider}`]
    await sandbox.writeToken({ lifeSeconds: 7200 })
    const subjectToken = await readTokenFile(sandbox.folder.tokenFile)
    for (const date of [
      'Thu, 01 Jan 1970 00:00:00 GMT',
      'Mon, 23 Nov 2026 13:00:00 GMT',
      'Fri, 31 Dec 9999 23:59:59 GMT',
    ]) {
      for (const life of ['1e9', '1e300']) {
        const body = `{"access_token": "a", "expires_in": ${life}}`
        faults.inject({ kind: 'response', response: { status: 200, headers: { date }, body } }, { times: 1 })
        const { credential } = await exchange(sandbox, { gcp, subjectToken })
        assert.equal(credential.expiresAt?.toISOString(), '2026-11-24T13:00:00.000Z', `${life}, ${date}`)
      }
    }
  })

  await t.test('JSON that is not an object is not a credential', async () => {
    for (const body of ['null', '[]', '"token"', '7']) {
      faults.inject({ kind: 'response', response: { status: 200, body } }, { times: 1 })
      assert.match((await refusal(sandbox)).seen, /but it contains no access_token$/)
    }
  })

  await t.test('without expires_in an hour is assumed, which the subject token bounds', async () => {
    faults.inject({ kind: 'response', response: { status: 200, body: { access_token: 'ya29.x' } } }, { times: 1 })
    const gcp = [`workloadIdentityProvider: ${sandbox.gcp.provider}`]
    await sandbox.writeToken({ lifeSeconds: 7200 })
    const subjectToken = await readTokenFile(sandbox.folder.tokenFile)
    const { credential } = await exchange(sandbox, { gcp, subjectToken })
    assert.equal(credential.expiresAt?.toISOString(), '2026-11-24T13:00:00.000Z')
  })
})

test('responses of IAM Credentials', async (t) => {
  const sandbox = await startTestSandbox(t)
  const { faults } = sandbox.gcp.parts.iamCredentials
  const responses: Record<string, readonly [body: object, seen: string, headers?: Record<string, string>]> = {
    'an empty token': [{ accessToken: '', expireTime: '2026-11-24T13:00:00Z' }, 'its accessToken is empty'],
    'no expiry': [{ accessToken: 'a' }, 'it contains no expireTime'],
    'an expiry that is not a date': [{ accessToken: 'a', expireTime: 'soon' }, 'its expireTime is not a date'],
    'the first of all dates, by a clock that is ahead': [
      { accessToken: 'a', expireTime: '-271821-04-20T00:00:00Z' },
      'its expiry is not a valid date',
      { date: 'Wed, 25 Nov 2026 11:00:00 GMT' },
    ],
    'an expiry in the past': [
      { accessToken: 'a', expireTime: '2026-11-24T11:00:00Z' },
      'its token is already expired, since 2026-11-24T11:00:00Z',
    ],
  }
  for (const [name, [body, seen, headers = {}]] of Object.entries(responses)) {
    await t.test(`${name} is not a credential`, async () => {
      faults.inject({ kind: 'response', response: { status: 200, headers, body } }, { times: 1 })
      const fault = await refusal(sandbox)
      assert.deepEqual([fault.code, fault.hop], ['RESPONSE_MALFORMED', 'impersonation'])
      assert.ok(fault.seen.endsWith(`, but ${seen}`), fault.seen)
    })
  }

  await t.test('an expiry later than requested is not used', async () => {
    for (const expireTime of ['9999-12-31T23:59:59Z', '+275760-09-13T00:00:00Z']) {
      for (const headers of [{}, { date: 'Thu, 01 Jan 1970 00:00:00 GMT' }]) {
        const response = { status: 200, headers, body: { accessToken: 'a', expireTime } }
        faults.inject({ kind: 'response', response: response }, { times: 1 })
        const { credential } = await exchange(sandbox)
        assert.equal(credential.expiresAt?.toISOString(), '2026-11-24T13:00:00.000Z')
      }
    }
  })

  await t.test(
    'an expiry is not later than that of the request and the requested lifetime, whatever the Date header is',
    async () => {
      const body = { accessToken: 'a', expireTime: '2026-11-24T12:50:00Z' }
      const headers = { date: 'Tue, 24 Nov 2026 10:00:00 GMT' }
      faults.inject({ kind: 'response', response: { status: 200, headers, body } }, { times: 1 })
      const { credential } = await exchange(sandbox)
      assert.equal(credential.expiresAt?.toISOString(), '2026-11-24T13:00:00.000Z')
    },
  )

  await t.test('a clock that differs by more than a day is not believed: the token has expired by ours', async () => {
    const response = {
      status: 200,
      headers: { date: 'Sun, 22 Nov 2026 12:00:00 GMT' },
      body: { accessToken: 'a', expireTime: '2026-11-22T13:00:00Z' },
    }
    faults.inject({ kind: 'response', response: response }, { times: 1 })
    assert.match((await refusal(sandbox)).seen, /its token is already expired, since 2026-11-22T13:00:00Z$/)
  })
})
