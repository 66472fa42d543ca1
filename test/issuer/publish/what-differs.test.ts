import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { buildDocuments, type DocumentName } from '../../../src/oidc/issuer-documents.ts'
import { whatDiffers } from '../../../src/publish/publish.ts'
import type { PublishOutcome } from '../../../src/publish/publish-documents.ts'
import { issuer, keysOf, p256Jwk, p384Jwk, rsaJwk } from '../public/public-facts.ts'

function outcome(name: DocumentName, before: string, changes: Partial<PublishOutcome> = {}): PublishOutcome {
  const documents = buildDocuments(issuer, keysOf(rsaJwk))
  return {
    documents,
    changes: { [name]: 'updated' },
    keys: keysOf(rsaJwk).map((key) => ({ key, state: 'kept' })),
    before: { [name]: { text: before, version: 'a' } },
    ...changes,
  }
}

const jwk = JSON.parse(buildDocuments(issuer, keysOf(rsaJwk)).jwks.text).keys[0]
const discovery = JSON.parse(buildDocuments(issuer, keysOf(rsaJwk)).discovery.text)

suite('what differs in an updated document', () => {
  const cases: Record<string, [outcome: PublishOutcome, name: DocumentName, expected: string]> = {
    'is how many keys came and went': [
      outcome('jwks', '{"keys":[]}', {
        keys: [
          ...keysOf(rsaJwk, p256Jwk).map((one) => ({ key: one, state: 'added' }) as const),
          ...keysOf(p384Jwk).map((one) => ({ key: one, state: 'withdrawn' }) as const),
        ],
      }),
      'jwks',
      '2 keys added, 1 key withdrawn',
    ],
    'is, where the keys are the same, which members of which key': [
      outcome('jwks', JSON.stringify({ keys: [{ ...jwk, alg: undefined, key_ops: ['verify'] }] })),
      'jwks',
      'of key "key-1" key_ops, alg',
    ],
    'lists other members than the keys': [
      outcome('jwks', JSON.stringify({ keys: [jwk], comment: 'by hand' })),
      'jwks',
      'the same keys, without what else was written there',
    ],
    'is which members of the discovery document': [
      outcome('discovery', JSON.stringify({ ...discovery, jwks_uri: 'https://elsewhere.example.com/keys', extra: 1 })),
      'discovery',
      'jwks_uri, extra',
    ],
    'has few and short names, also if others chose them': [
      outcome(
        'discovery',
        JSON.stringify({
          ...discovery,
          ...Object.fromEntries(['a', 'b', 'c', 'd', 'e', 'f'].map((name) => [name.repeat(99), 1])),
        }),
      ),
      'discovery',
      `${['a', 'b', 'c', 'd', 'e'].map((name) => `${name.repeat(40)}…`).join(', ')} and 1 more`,
    ],
    'is that no JSON object lay there': [
      outcome('jwks', 'a page'),
      'jwks',
      'the previous content is not a JSON object',
    ],
  }
  for (const [title, [given, name, expected]] of Object.entries(cases)) {
    test(title, () => assert.equal(whatDiffers(name, given), expected))
  }

  test('is nothing where a document is new, or the same', () => {
    assert.equal(whatDiffers('jwks', outcome('jwks', '', { changes: { jwks: 'created' }, before: {} })), undefined)
    assert.equal(whatDiffers('jwks', outcome('jwks', '{}', { changes: { jwks: 'unchanged' } })), undefined)
  })
})
