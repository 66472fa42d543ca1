import assert from 'node:assert/strict'
import { createHash, createHmac } from 'node:crypto'
import { suite, test } from 'node:test'
import { type SentRequest, send } from '../../src/http/send.ts'
import type { HttpRequest } from '../../src/http/transport.ts'
import { Redacted } from '../../src/text/redacted.ts'
import { fakeContext } from '../support/fake-context.ts'

const hashOf = (text: string) => createHash('sha256').update(text).digest('hex')
const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest()

/** The credential of AWS's test suite. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html */
const accessKeyId = 'AKIDEXAMPLE'
const secretKey = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY'
const [region, service] = ['us-east-1', 'service']

function signature({ method, url, headers, body, now }: SentRequest): Record<string, string> {
  const at = now.toISOString().replaceAll(/[-:]|\.\d{3}/g, '')
  const { host, pathname } = new URL(url)
  const signed = [
    ...(body === '' ? [] : [['content-type', headers['content-type'] ?? '']]),
    ['host', host],
    ['x-amz-date', at],
  ]
  const names = signed.map(([name]) => name).join(';')
  const canonical = [
    method,
    pathname,
    '',
    ...signed.map(([name, value]) => `${name}:${value}`),
    '',
    names,
    hashOf(body),
  ]
  const scope = [at.slice(0, 8), region, service, 'aws4_request']
  const text = ['AWS4-HMAC-SHA256', at, scope.join('/'), hashOf(canonical.join('\n'))].join('\n')
  const key = scope.reduce<string | Buffer>((last, part) => hmac(last, part), `AWS4${secretKey}`)
  const credential = `${accessKeyId}/${scope.join('/')}`
  return {
    'x-amz-date': at,
    authorization: `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=${names}, Signature=${hmac(key, text).toString('hex')}`,
  }
}

async function sent(request: Partial<Parameters<typeof send>[1]>): Promise<HttpRequest[]> {
  const requests: HttpRequest[] = []
  const context = fakeContext({ at: '2015-08-30T12:36:00Z' })
  const transport = async (one: HttpRequest) => {
    requests.push(one)
    return { status: requests.length > 1 ? 200 : 503, headers: { 'retry-after': '5' }, body: '{}' }
  }
  const url = 'https://example.amazonaws.com/'
  await send({ ...context, transport }, { hop: 'exchange', service: 'AWS', url, read: ({ body }) => body, ...request })
  return requests
}

suite('headers that are computed from what is sent', () => {
  test('express AWS SigV4, as the vectors post-vanilla and post-x-www-form-urlencoded of its test suite', async () => {
    const signatureOf = ([request]: HttpRequest[]) => request?.headers['authorization']?.split('Signature=')[1]
    assert.equal(
      signatureOf(await sent({ headers: signature })),
      '5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b',
    )
    assert.equal(
      signatureOf(await sent({ form: { Param1: 'value1' }, headers: signature })),
      'ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a',
    )
  })

  test('are computed again for each attempt, with the time of that attempt', async () => {
    const [first, second] = await sent({ headers: signature })
    assert.equal(first?.headers['x-amz-date'], '20150830T123600Z')
    assert.notEqual(second?.headers['x-amz-date'], first?.headers['x-amz-date'])
    assert.notEqual(second?.headers['authorization'], first?.headers['authorization'])
  })

  test('replace what is sent without them: that JSON is accepted', async () => {
    const [plain] = await sent({})
    const [other] = await sent({ headers: () => ({ accept: 'application/xml' }) })
    assert.deepEqual([plain?.headers['accept'], other?.headers['accept']], ['application/json', 'application/xml'])
  })

  test('see the body with its secrets revealed, replace a header of the same name, and may be secrets themselves', async () => {
    const [request] = await sent({
      json: { token: new Redacted('planted-secret') },
      headers: ({ body }) => ({
        'content-type': 'application/x-amz-json-1.1',
        'x-body-hash': hashOf(body),
        'x-key': new Redacted('planted-key'),
      }),
    })
    assert.equal(request?.headers['content-type'], 'application/x-amz-json-1.1')
    assert.equal(request?.headers['x-body-hash'], hashOf('{"token":"planted-secret"}'))
    assert.equal(request?.headers['x-key'], 'planted-key')
  })
})
