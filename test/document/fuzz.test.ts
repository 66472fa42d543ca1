import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { parseJson } from '../../src/document/sources.ts'
import { PullpassError } from '../../src/errors/pullpass-error.ts'
import { anyText } from '../support/any-text.ts'
import fc from '../support/fast-check.ts'
import { loadText } from './load-text.ts'
import { smallest } from './smallest-document.ts'

/** Documents, or a PullpassError of exit code 2 in one readable first line; nothing else may come out. */
async function loadOrRefuse(text: string): Promise<void> {
  try {
    assert.ok((await loadText(text)).length > 0)
  } catch (error) {
    assert.ok(error instanceof PullpassError, String(error))
    assert.ok(['DOCUMENT_INVALID', 'DOCUMENT_UNREADABLE', 'CREDENTIAL_FILE_INVALID'].includes(error.code))
    assert.ok(error.message.length < 16_384)
    assert.doesNotMatch(error.message, /[^\P{Cc}\n]/u)
  }
}

/** YAML's own characters, and words of documents, far likelier than chance. */
const yamlish = fc
  .array(
    fc.oneof(
      fc.constantFrom(...'&*!|>%@`"\'#?:-,[]{}\n\t \0\u0085\u2028<<='.split('')),
      fc.constantFrom(
        'kind: PullSecret\n',
        'apiVersion',
        'spec:\n',
        '  - ',
        '---\n',
        '...\n',
        '&a ',
        '*a',
        '!!map ',
        '{<<: ',
      ),
      anyText({ maxLength: 4 }),
    ),
    { maxLength: 60 },
  )
  .map((pieces) => pieces.join(''))

suite('any input as a document', () => {
  test('bytes', async () => {
    const bytes = fc.uint8Array({ maxLength: 256 }).map((each) => Buffer.from(each).toString('latin1'))
    await fc.assert(fc.asyncProperty(bytes, loadOrRefuse))
  })

  test('something like YAML', async () => {
    await fc.assert(fc.asyncProperty(yamlish, loadOrRefuse), { numRuns: 300 })
  })

  test('a document with a piece cut out and another put in', async () => {
    const places = fc.tuple(fc.nat(smallest.length), fc.nat(20), yamlish)
    const mutated = places.map(([at, cut, piece]) => smallest.slice(0, at) + piece + smallest.slice(at + cut))
    await fc.assert(fc.asyncProperty(mutated, loadOrRefuse), { numRuns: 300 })
  })

  test('any JSON', async () => {
    await fc.assert(fc.asyncProperty(fc.json(), loadOrRefuse))
  })

  test('any JSON value at any field of a document', async () => {
    const document = {
      apiVersion: 'pullpass.dev/v1alpha1',
      kind: fc.constantFrom('ClusterPullSecret', 'PullSecret'),
      metadata: fc.oneof(fc.record({ name: fc.oneof(fc.constant('a'), fc.jsonValue()) }), fc.jsonValue()),
      spec: fc.oneof(
        fc.record({
          namespaces: fc.oneof(fc.record({ include: fc.jsonValue(), selector: fc.jsonValue() }), fc.jsonValue()),
          registries: fc.array(fc.oneof(fc.record({ name: fc.string(), hosts: fc.jsonValue(), gcp: fc.jsonValue() }))),
        }),
        fc.jsonValue(),
      ),
    }
    const { apiVersion, ...others } = document
    const any = fc.record({ apiVersion: fc.constant(apiVersion), ...others }).map((value) => JSON.stringify(value))
    await fc.assert(fc.asyncProperty(any, loadOrRefuse))
  })
})

test('an object of JSON is read as JSON.parse reads it', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
      const text = JSON.stringify(value)
      assert.deepEqual(parseJson(text), JSON.parse(text))
    }),
  )
})

test('but not if a field is repeated, however it is written', () => {
  for (const text of ['{"a":1,"a":1}', '{"b":[{"a":1,"\\u0061":1}]}', '{"a\\"":{}, "a\\"" :{}}', '{"a":1', '[1]', '']) {
    assert.equal(parseJson(text), undefined, text)
  }
})
