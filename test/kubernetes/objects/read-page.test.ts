import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { readPage } from '../../../src/kubernetes/objects/read-page.ts'
import { SecretRegister } from '../../../src/text/secret-register.ts'
import { anyText } from '../../support/any-text.ts'
import fc from '../../support/fast-check.ts'

const unused = () => Promise.reject(new Error('not used'))
const cluster = {
  server: 'https://kubernetes.example',
  secrets: new SecretRegister(),
  request: unused,
  stream: unused,
  clockAheadMs: () => undefined,
  reconnect: () => assert.fail('not used'),
  authorities: unused,
  close: unused,
}

const pageOf = (body: string) => {
  const { metadata, items } = readPage(cluster, { status: 200, body })
  return { metadata, items: [...items] }
}

/** As if the page were parsed as a whole. */
function wholePage(body: string) {
  const { metadata = {}, items = [] } = JSON.parse(body)
  return { metadata, items }
}

suite('a page of a list', () => {
  test('has the items that JSON.parse finds, whatever their texts contain', () => {
    const text = fc.oneof(anyText(), fc.constantFrom('"items":[', '\\', '\\"', '{', ']', ',"items":[{'))
    const item = fc.dictionary(text, fc.oneof(text, fc.integer(), fc.array(fc.dictionary(text, text))))
    const list = fc.record({ kind: text, metadata: fc.dictionary(text, text), items: fc.array(item) })
    fc.assert(
      fc.property(list, fc.constantFrom(undefined, 1), (page, indent) => {
        const body = JSON.stringify(page, undefined, indent)
        assert.deepEqual(pageOf(body), wholePage(body))
      }),
    )
  })

  const unusual: Readonly<Record<string, string>> = {
    'without items': '{"kind":"List","metadata":{"continue":"a"}}',
    'with no item': '{"metadata":{"continue":"a"},"items":[]}',
    'with items that are null': '{"items":null}',
    'with two members items': '{"items":[{"a":1}],"items":[{"b":2}]}',
    'with another member after them': '{"items":[{"a":1}],"metadata":{"continue":"b"},"other":[{"c":3}]}',
    'with items within another member': '{"other":{"items":[{"a":1}]},"items":[{"b":[{}]}]}',
  }
  for (const [title, body] of Object.entries(unusual)) {
    test(`${title} is as JSON.parse reads it`, () => {
      assert.deepEqual(pageOf(body), { ...wholePage(body), items: wholePage(body).items ?? [] })
    })
  }

  test('of other values than objects has an empty object for each', () => {
    assert.deepEqual(pageOf('{"items":[{"a":1},2,[{"b":3}]]}').items, [{ a: 1 }, {}, {}])
  })

  for (const body of [
    '',
    '[]',
    '{"items":[{"a":1}',
    '{"items":[{"a":1}{"b":2}]}',
    '{"items":[{"a":}]}',
    '{"items":[{"a":"1}]}',
  ]) {
    test(`that is ${body === '' ? 'empty' : body} is refused`, () => {
      assert.throws(() => pageOf(body), { code: 'RESPONSE_MALFORMED' })
    })
  }
})
