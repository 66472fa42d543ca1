/** What AWS could respond with in place of a credential: rows for each kind of request, and bodies that no API sends. */
import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { gzipSync } from 'node:zlib'
import type { SandboxResponse } from '../../../sandbox/serve/handler.ts'
import { role, startAwsTest } from './exchange-at-sandbox.ts'

export const session = (changes: object): object => ({
  AssumeRoleWithWebIdentityResponse: {
    AssumeRoleWithWebIdentityResult: {
      Credentials: {
        AccessKeyId: 'ASIAEXAMPLE',
        SecretAccessKey: 's',
        SessionToken: 't',
        Expiration: 1_795_525_200,
        ...changes,
      },
    },
  },
})

const encoded = (text: string) => Buffer.from(text).toString('base64')
export const token = (changes: object): object => ({
  authorizationData: [{ authorizationToken: encoded('AWS:password'), expiresAt: 1_795_564_800, ...changes }],
})

const sessions: Readonly<Record<string, readonly [body: object | string, seen: string]>> = {
  'no credentials': [{}, 'it contains no Credentials'],
  'an empty key': [session({ AccessKeyId: '' }), 'its AccessKeyId is empty'],
  'a key with a line break': [
    session({ AccessKeyId: 'a\r\nb' }),
    'its AccessKeyId contains characters that no token has',
  ],
  'no session token': [session({ SessionToken: undefined }), 'it contains no SessionToken'],
  'a session token of 64 KiB': [
    session({ SessionToken: 'a'.repeat(65_537) }),
    'its SessionToken is longer than 65536 characters',
  ],
  'an expiry that is not a time': [session({ Expiration: 'soon' }), 'its Expiration is not a time'],
  'no expiry': [session({ Expiration: undefined }), 'it contains no Expiration'],
  'an expiry in the past': [
    session({ Expiration: 1_795_521_540 }),
    'its token is already expired, since 2026-11-24T11:59:00Z',
  ],
  'JSON that is not an object': ['[]', 'it contains no Credentials'],
  'XML of another document': ['<html><body>Sign in</body></html>', 'it contains no Credentials'],
}

const tokens: Readonly<Record<string, readonly [body: object | string, seen: string]>> = {
  'no data': [{}, 'it contains no authorizationToken'],
  'an empty list': [{ authorizationData: [] }, 'it contains no authorizationToken'],
  'a password of another user': [
    token({ authorizationToken: encoded('admin:password') }),
    'its authorizationToken contains no password of user AWS',
  ],
  'an empty password': [
    token({ authorizationToken: encoded('AWS:') }),
    'its authorizationToken contains no password of user AWS',
  ],
  'a password with a line break': [
    token({ authorizationToken: encoded('AWS:a\nb') }),
    'its authorizationToken contains no password of user AWS',
  ],
  'a token that is not base64': [
    token({ authorizationToken: '%%%' }),
    'its authorizationToken contains no password of user AWS',
  ],
  'no expiry': [token({ expiresAt: undefined }), 'it contains no expiresAt'],
  'an expiry that is not a number': [token({ expiresAt: 'soon' }), 'its expiresAt is not a time'],
  'an expiry in the past': [
    token({ expiresAt: 1_420_070_400 }),
    'its token is already expired, since 2015-01-01T00:00:00Z',
  ],
}

/** ECR Public responds with one token, and not with a list. */
const publicTokens = Object.fromEntries(
  Object.entries(tokens).map(([name, [body, seen]]) => {
    const [only] = typeof body === 'object' && 'authorizationData' in body ? [body.authorizationData].flat() : []
    return [name, [only === undefined ? body : { authorizationData: only }, seen] as const]
  }),
)

const ofPublic = `hosts: [public.ecr.aws], awsPublic: {roleArn: "${role}"}`

type Request = 'session' | 'authorization' | 'public session' | 'public authorization'

interface RequestOfExchange {
  readonly part: 'sts' | 'ecr' | 'ecrPublic'
  /** At which it fails. */
  readonly hop: string
  readonly cases: typeof sessions
  /** Of the document; absent: `aws`. */
  readonly registry?: string
}

const requests: Readonly<Record<Request, RequestOfExchange>> = {
  session: { part: 'sts', hop: 'exchange', cases: sessions },
  authorization: { part: 'ecr', hop: 'exchange/authorization', cases: tokens },
  'public session': { part: 'sts', hop: 'exchange', cases: sessions, registry: ofPublic },
  'public authorization': { part: 'ecrPublic', hop: 'exchange/authorization', cases: publicTokens, registry: ofPublic },
}

/** Responses that contain no usable credential. */
export async function testUnusable(t: TestContext, names: readonly Request[]): Promise<void> {
  const { cloud, refusal } = await startAwsTest(t)
  for (const name of names) {
    const { part, hop, cases, registry } = requests[name]
    for (const [title, [body, seen]] of Object.entries(cases)) {
      await t.test(`with ${title} is not a credential (${name})`, async () => {
        cloud.parts[part].faults.inject({ kind: 'response', response: { status: 200, body } }, { times: 1 })
        const fault = await refusal(registry === undefined ? {} : { registry })
        assert.deepEqual([fault.code, fault.hop], ['RESPONSE_MALFORMED', hop])
        assert.ok(fault.seen.endsWith(`, but ${seen}`), fault.seen)
      })
    }
  }
}

/** Responses that no API sends, but a proxy or an attacker could. */
export async function testHostile(t: TestContext, names: readonly Request[]): Promise<void> {
  const { cloud, refusal } = await startAwsTest(t)
  for (const name of names) {
    const { part, hop, registry } = requests[name]
    for (const [title, [response, code]] of Object.entries(hostileResponses(hop))) {
      await t.test(`that is ${title} is one clear error (${name})`, async () => {
        const { faults } = cloud.parts[part]
        faults.inject({ kind: 'response', response }, { times: 4 })
        const fault = await refusal(registry === undefined ? {} : { registry })
        faults.clear()
        assert.deepEqual([fault.code, fault.hop], [code, hop])
        assert.ok(fault.message.length < 2500, `${fault.message.length}`)
        assert.doesNotMatch(fault.message, /(?!\n)\p{Cc}/u)
      })
    }
  }
}

function hostileResponses(hop: string): Readonly<Record<string, readonly [response: SandboxResponse, code: string]>> {
  return {
    'a sign-in page': [
      { status: 200, headers: { 'content-type': 'text/html' }, body: '<!DOCTYPE html><p>Sign in' },
      'RESPONSE_MALFORMED',
    ],
    'two megabytes': [{ status: 200, body: 'a'.repeat(2_000_000) }, 'RESPONSE_TOO_LARGE'],
    'a compressed bomb': [
      { status: 200, headers: { 'content-encoding': 'gzip' }, body: gzipSync(Buffer.alloc(20_000_000, 'a')) },
      'RESPONSE_MALFORMED',
    ],
    'deeply nested JSON': [{ status: 400, body: '['.repeat(100_000) }, 'EXCHANGE_REFUSED'],
    'deeply nested XML': [{ status: 400, body: '<a>'.repeat(100_000) }, 'EXCHANGE_REFUSED'],
    'an error of a megabyte': [
      {
        status: 400,
        body: { __type: 'E', message: 'x'.repeat(900_000), Error: { Code: 'E', Message: 'x'.repeat(900_000 / 10) } },
      },
      'EXCHANGE_REFUSED',
    ],
    'a redirect': [{ status: 307, headers: { location: 'https://attacker.example.com/' } }, 'REDIRECT_REFUSED'],
    'control characters': [
      {
        status: 403,
        body: {
          __type: 'AccessDeniedException',
          message: '\u001b[2J',
          Error: { Code: 'AccessDenied', Message: '\u001b[2J' },
        },
      },
      hop === 'exchange' ? 'CONDITION_REFUSED' : 'IMPERSONATION_DENIED',
    ],
  }
}
