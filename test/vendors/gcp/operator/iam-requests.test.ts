import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Redacted } from '../../../../src/text/redacted.ts'
import { readOperation, sendIamRequest } from '../../../../src/vendors/gcp/iam.ts'
import { publishCaller as caller } from '../../../../src/vendors/gcp/stores/gs.ts'
import { fakeContext } from '../../../support/fake-context.ts'

const secret = 'ya29.a0AfH6SMBx-planted-operators-token-0123456789'

/** The values read from a response with this body. */
const send = (body: unknown) => {
  const transport = async () => ({ status: 200, headers: {}, body: JSON.stringify(body) })
  const connection = { context: { ...fakeContext(), transport }, caller, token: async () => new Redacted(secret) }
  return sendIamRequest(connection, { method: 'GET', path: 'v1/projects/p', read: (response) => response.body })
}

suite("a response to the operator's token", () => {
  for (const [where, body] of Object.entries({
    'a description': { description: secret },
    'an issuer, in base64': { oidc: { issuerUri: `https://${Buffer.from(secret).toString('base64')}` } },
    'a name of a member': { [secret]: 1 },
  })) {
    test(`is not read where it repeats it: in ${where}`, async () => {
      await assert.rejects(send(body), (fault: Error) => {
        assert.match(fault.message, /^RESPONSE_MALFORMED \(publish\): .* it contains a token of this run\n/)
        assert.ok(!fault.message.includes(secret))
        return true
      })
    })
  }

  test('is read where it does not', async () =>
    assert.deepEqual(await send({ description: 'ours' }), { description: 'ours' }))
})

suite('an operation', () => {
  const read = (body: unknown) =>
    readOperation({ body, sentAt: new Date(), receivedAt: new Date(), serverDate: undefined })

  for (const name of [
    'https://evil.example/operations/1',
    '../operations/1',
    'projects/p/../../operations/1',
    'projects/p/operations/1?key=2',
    'projects/p/operations/1#',
    'projects/%2e%2e/operations/1',
    '//evil.example/projects/p/operations/1',
    'projects/p/operations/1\n',
    `projects/${'p'.repeat(300)}/operations/1`,
    '',
  ]) {
    test(`is followed by no such name: ${JSON.stringify(name.slice(0, 60))}`, () => {
      assert.throws(() => read({ name }), /it names no operation/)
      assert.equal(read({ name, done: true }).name, 'without a name')
    })
  }
})
