/** AWS's published test suite for Signature Version 4, and a request of its own client. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Redacted } from '../../../src/text/redacted.ts'
import { signatureHeaders } from '../../../src/vendors/aws/sign.ts'

const credentials = {
  accessKeyId: 'AKIDEXAMPLE',
  secretAccessKey: new Redacted('wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY'),
  sessionToken: undefined,
}
const example = { url: 'https://example.amazonaws.com/', now: new Date('2015-08-30T12:36:00Z') }
const scope = { service: 'service', region: 'us-east-1' }

const vectors = {
  'get-vanilla': {
    sent: { method: 'GET', headers: {}, body: '' },
    signature: '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31',
  },
  'post-vanilla': {
    sent: { method: 'POST', headers: {}, body: '' },
    signature: '5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b',
  },
  'post-x-www-form-urlencoded': {
    sent: {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: 'Param1=value1',
    },
    signature: 'ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a',
  },
} as const

suite('a signature of version 4', () => {
  for (const [name, { sent, signature }] of Object.entries(vectors)) {
    test(`is that of AWS's test vector ${name}`, () => {
      const { authorization } = signatureHeaders({ ...example, ...sent }, credentials, scope)
      assert.match(String(authorization), new RegExp(`, Signature=${signature}$`))
    })
  }

  test('of ECR is that of AWS’s own client, with a session token', () => {
    const request = {
      method: 'POST',
      url: 'https://api.ecr.eu-west-1.amazonaws.com/',
      now: new Date('2026-01-02T03:04:05.678Z'),
      headers: {
        accept: 'application/json',
        'content-type': 'application/x-amz-json-1.1',
        'x-amz-target': 'AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken',
      },
      body: '{}',
    } as const
    const session = {
      accessKeyId: 'AKIDEXAMPLE',
      secretAccessKey: new Redacted('SECRET'),
      sessionToken: new Redacted('TOKEN'),
    }
    const headers = signatureHeaders(request, session, { service: 'ecr', region: 'eu-west-1' })
    assert.deepEqual(Object.keys(headers), ['x-amz-date', 'x-amz-security-token', 'authorization'])
    assert.equal(headers['x-amz-date'], '20260102T030405Z')
    assert.equal(
      headers['authorization'],
      'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260102/eu-west-1/ecr/aws4_request, SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-amz-target, Signature=31d2e8799f160819caad0fd5a48b974a5233ccb1ffe6d8ceef8e606e0e9b5a3e',
    )
  })

  test('never shows the session token that it contains', () => {
    const session = { ...credentials, sessionToken: new Redacted('a-session-token-that-is-secret') }
    const headers = signatureHeaders({ ...example, method: 'POST', headers: {}, body: '' }, session, scope)
    assert.ok(headers['x-amz-security-token'] instanceof Redacted)
    assert.doesNotMatch(JSON.stringify(headers), /a-session-token/)
  })
})
