import assert from 'node:assert/strict'
import { suite, type TestContext, test } from 'node:test'
import { sharedAuthority } from '../../sandbox/serve/certificate-authority.ts'
import { throttled } from '../../sandbox/serve/faults.ts'
import type { SandboxHandler, SandboxRequest } from '../../sandbox/serve/handler.ts'
import { type Part, servePart } from '../../sandbox/serve/serve-part.ts'
import { PullpassError } from '../../src/errors/pullpass-error.ts'
import { type ApiRequest, send, UnexpectedResponse } from '../../src/http/send.ts'
import { asObject } from '../../src/text/json-fields.ts'
import { Redacted } from '../../src/text/redacted.ts'
import { type FakeContext, fakeContext } from '../support/fake-context.ts'

const token = 'eyJhbGciOiJSUzI1NiJ9.c3ViamVjdC10b2tlbi1wYXlsb2Fk.c2lnbmF0dXJl'

async function serve(
  t: TestContext,
  handler: SandboxHandler = () => ({ status: 200, body: { ok: true } }),
): Promise<Part> {
  const part = await servePart({ handler })
  t.after(() => part.close())
  return part
}

const requestTo = (url: string, changes: Partial<ApiRequest<unknown>> = {}): ApiRequest<unknown> => ({
  hop: 'exchange',
  service: 'the token service',
  url,
  form: { subject_token: new Redacted(token), scope: 'pull' },
  read: ({ body }) => body,
  ...changes,
})

async function fault(context: FakeContext, request: ApiRequest<unknown>): Promise<PullpassError> {
  return await send(context, request).then(
    () => assert.fail('the response was accepted'),
    (error: unknown) => (error instanceof PullpassError ? error : assert.fail(`not a PullpassError: ${String(error)}`)),
  )
}

suite('send', () => {
  test('a form is sent with its secrets revealed', async (t) => {
    const seen: SandboxRequest[] = []
    const part = await serve(t, (request) => {
      seen.push(request)
      return { status: 200, body: { ok: true } }
    })
    assert.deepEqual(await send(fakeContext(), requestTo(part.url)), { ok: true })
    assert.equal(seen[0]?.body.toString(), `subject_token=${token}&scope=pull`)
    assert.equal(seen[0]?.headers['content-type'], 'application/x-www-form-urlencoded')
  })

  test('JSON and a bearer token are sent with their secrets revealed', async (t) => {
    const seen: SandboxRequest[] = []
    const part = await serve(t, (request) => {
      seen.push(request)
      return { status: 200, body: {} }
    })
    const { form: _, ...rest } = requestTo(part.url)
    await send(fakeContext(), { ...rest, json: { token: new Redacted(token) }, bearer: new Redacted('b') })
    assert.equal(seen[0]?.body.toString(), `{"token":"${token}"}`)
    assert.equal(seen[0]?.headers['authorization'], 'Bearer b')
  })

  test('a temporary failure is retried with growing waits', async (t) => {
    const part = await serve(t)
    part.faults.inject({ kind: 'response', response: { status: 503 } }, { times: 2 })
    part.faults.inject({ kind: 'reset', at: 'request' }, { times: 1 })
    const context = fakeContext()
    assert.deepEqual(await send(context, requestTo(part.url)), { ok: true })
    assert.deepEqual(context.slept, [375, 750, 1500])
  })

  test('a throttled request waits for Retry-After', async (t) => {
    const part = await serve(t)
    part.faults.inject(throttled(7), { times: 1 })
    const context = fakeContext()
    await send(context, requestTo(part.url))
    assert.deepEqual(context.slept, [7000])
  })

  test('a Retry-After of an hour is not waited for', async (t) => {
    const part = await serve(t)
    part.faults.inject(throttled(3600))
    const context = fakeContext()
    const { code, retryAt } = await fault(context, requestTo(part.url))
    assert.deepEqual([code, retryAt?.toISOString(), context.slept], ['QUOTA_EXCEEDED', '2026-11-24T13:00:00.000Z', []])
  })

  test('a service that stays down fails after four attempts', async (t) => {
    const part = await serve(t, () => ({ status: 503, body: 'down' }))
    const { code, seen } = await fault(fakeContext(), requestTo(part.url))
    assert.equal(code, 'EXCHANGE_UNAVAILABLE')
    assert.equal(seen, `the token service responded with 503 at ${part.url}, without a known reason`)
    assert.equal(part.seen.length, 4)
  })

  test('a redirect is not followed', async (t) => {
    const other = await serve(t)
    const part = await serve(t, () => ({ status: 307, headers: { location: other.url } }))
    const { code, seen } = await fault(fakeContext(), requestTo(part.url))
    assert.equal(code, 'REDIRECT_REFUSED')
    assert.equal(seen, `the token service responded with 307, a redirect, at ${part.url}`)
    assert.equal(other.seen.length, 0)
  })

  test('HTML instead of JSON is reported without quoting it', async (t) => {
    const part = await serve(t, () => ({
      status: 200,
      headers: { 'content-type': 'text/html' },
      body: '<h1>Sign in</h1>',
    }))
    const { code, seen } = await fault(fakeContext(), requestTo(part.url))
    assert.equal(code, 'RESPONSE_MALFORMED')
    assert.equal(seen, `the token service responded with 200 at ${part.url}, but not in JSON: 16 bytes of "text/html"`)
  })

  test('a body over 1 MiB is refused', async (t) => {
    const part = await serve(t, () => ({ status: 200, body: `"${'x'.repeat(1024 * 1024)}"` }))
    const { code, seen } = await fault(fakeContext(), requestTo(part.url))
    assert.equal(code, 'RESPONSE_TOO_LARGE')
    assert.equal(seen, `the token service returned more than 1048576 bytes at ${part.url}`)
  })

  test('an interrupted response is retried', async (t) => {
    const part = await serve(t)
    part.faults.inject({ kind: 'truncate' }, { times: 1 })
    assert.deepEqual(await send(fakeContext(), requestTo(part.url)), { ok: true })
  })

  test('a silent server fails after the request’s timeout', async (t) => {
    const part = await serve(t)
    part.faults.inject({ kind: 'stall', at: 'body' })
    const { code, seen } = await fault(fakeContext(), requestTo(part.url, { timeoutMs: 20 }))
    assert.equal(code, 'EXCHANGE_UNAVAILABLE')
    assert.equal(seen, `the token service did not respond within 0.02 s at ${part.url}`)
  })

  test('a certificate of an unknown authority is refused, and accepted with --ca-file', async (t) => {
    const authority = await sharedAuthority()
    const part = await servePart({ handler: () => ({ status: 200, body: {} }), tls: { authority, http2: 'absent' } })
    t.after(() => part.close())
    const { code, seen } = await fault(fakeContext(), requestTo(part.url))
    assert.equal(code, 'CERTIFICATE_UNTRUSTED')
    assert.match(seen, /^the certificate at https:\/\/127\.0\.0\.1:\d+ is not trusted: (UNABLE_TO|SELF_SIGNED)/)
    assert.deepEqual(await send(fakeContext({ ca: part.ca }), requestTo(part.url)), {})
  })

  test('an error response is reported with the meaning given by the caller', async (t) => {
    const part = await serve(t, () => ({ status: 400, body: { error: 'no\u001b[31m', more: 'x' } }))
    const refusal = (_status: number, body: unknown) => ({
      code: 'CONDITION_REFUSED' as const,
      message: String(asObject(body)?.['error']),
      hint: 'fix it',
    })
    const { code, seen, hint } = await fault(fakeContext(), requestTo(part.url, { refusal }))
    assert.deepEqual(
      [code, seen, hint],
      ['CONDITION_REFUSED', 'the token service responded with 400 "no [31m"', 'fix it'],
    )
  })

  for (const [spelling, spell] of Object.entries({
    raw: (text: string) => text,
    base64: (text: string) => Buffer.from(`xx${text}`).toString('base64'),
    'a slice': (text: string) => text.slice(20, 44),
  })) {
    test(`messages that contain the token (${spelling}) are withheld`, async (t) => {
      const part = await serve(t, () => ({ status: 400, body: { error: `cannot parse ${spell(token)}` } }))
      const refusal = (_status: number, body: unknown) => ({
        code: 'EXCHANGE_REFUSED' as const,
        message: String(asObject(body)?.['error']),
      })
      const { seen } = await fault(fakeContext(), requestTo(part.url, { refusal }))
      assert.equal(seen, 'the token service responded with 400 (its words are withheld: they repeat a secret)')
    })
  }

  test('a response that cannot be used is reported with the reason', async (t) => {
    const part = await serve(t)
    const read = () => {
      throw new UnexpectedResponse('its token is empty')
    }
    const { code, seen } = await fault(fakeContext(), requestTo(part.url, { read }))
    assert.deepEqual(
      [code, seen],
      ['RESPONSE_MALFORMED', `the token service responded with 200 at ${part.url}, but its token is empty`],
    )
  })

  test('a response that triggers a bug fails alone and is not shown', async (t) => {
    const part = await serve(t)
    for (const thrown of [new RangeError(`Invalid time value ${token}`), token]) {
      const read = () => {
        throw thrown
      }
      const { code, hop, seen, cause } = await fault(fakeContext(), requestTo(part.url, { read }))
      assert.deepEqual(
        [code, hop, seen, cause],
        [
          'RESPONSE_MALFORMED',
          'exchange',
          `the token service responded with 200 at ${part.url}, but it could not be read`,
          undefined,
        ],
      )
    }
  })

  test('an error of the transport is passed on unchanged', async () => {
    const wrong = new PullpassError({ code: 'USAGE_INVALID', hop: 'run', seen: 'a proxy is set' })
    const context = { ...fakeContext(), transport: () => Promise.reject(wrong) }
    assert.equal(await fault(context, requestTo('https://sts.example.com/')), wrong)
    assert.deepEqual(context.slept, [])
  })

  test('an interrupted run aborts the request with an error', async (t) => {
    const part = await serve(t)
    part.faults.inject({ kind: 'stall', at: 'request' })
    const interrupt = new AbortController()
    const reason = new PullpassError({ code: 'INTERRUPTED', hop: 'run', seen: 'SIGINT' })
    const sent = fault(fakeContext({ signal: interrupt.signal }), requestTo(part.url))
    await part.whenSeen()
    interrupt.abort(reason)
    assert.equal(await sent, reason)
  })
})
