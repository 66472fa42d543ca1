import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { requestForLibrary } from '../../src/http/library-transport.ts'
import { reportRequests } from '../../src/http/log-requests.ts'
import { send } from '../../src/http/send.ts'
import { requestRegistry } from '../../src/registry/requests.ts'
import { fakeContext } from '../support/fake-context.ts'

const url = 'https://host.example/path'

/** Each wait that was reported, and whether it ended. */
function makeReported() {
  const waits: string[] = []
  const response = async () => ({ status: 200, headers: {}, body: '{}' })
  const transport = reportRequests(response, ({ hop, endpoint }) => {
    waits.push(`${endpoint} (${hop})`)
    return () => waits.push('responded')
  })
  return { waits, context: { ...fakeContext(), transport } }
}

suite('a terminal shows the service that is waited for, once, until the response', () => {
  test('by a request of pullpass to a cloud', async () => {
    const { waits, context } = makeReported()
    await send(context, { hop: 'exchange', service: 'Google', url, read: () => undefined })
    assert.deepEqual(waits, ['Google at https://host.example/path (exchange)', 'responded'])
  })

  test("by a request of a vendor's library", async () => {
    const { waits, context } = makeReported()
    await requestForLibrary(context, { hop: 'publish', service: 'AWS', method: 'GET', url, headers: {} })
    assert.deepEqual(waits, ['AWS at https://host.example/path (publish)', 'responded'])
  })

  test('by a request to a registry', async () => {
    const { waits, context } = makeReported()
    await requestRegistry(context, { method: 'GET', url })
    assert.deepEqual(waits, ['the registry at https://host.example/path (registry)', 'responded'])
  })

  test('also if the request fails', async () => {
    const waits: string[] = []
    const fail = async () => assert.fail('no response')
    const transport = reportRequests(fail, ({ endpoint }) => {
      waits.push(endpoint)
      return () => waits.push('ended')
    })
    await assert.rejects(
      transport({ method: 'GET', url, headers: {}, maxBytes: 1, signal: new AbortController().signal }),
      { message: 'no response' },
    )
    assert.deepEqual(waits, [url, 'ended'])
  })
})
