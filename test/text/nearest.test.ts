import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { nearest } from '../../src/text/nearest.ts'
import { anyText } from '../support/any-text.ts'
import fc from '../support/fast-check.ts'

const known = ['gcp', 'registries', 'namespaces', 'secretName', 'serviceAccountRef']

suite('the suggestion for an unknown word', () => {
  const meant: Record<string, string | undefined> = {
    registry: undefined,
    registris: 'registries',
    nameSpaces: 'namespaces',
    secretname: 'secretName',
    serviceAccount: 'serviceAccountRef',
    hosts: undefined,
    gpc: 'gcp',
    '': undefined,
    [`registries${' '.repeat(60)}`]: undefined,
  }
  for (const [word, expected] of Object.entries(meant)) {
    test(`for ${JSON.stringify(word.slice(0, 20))} is ${expected ?? 'none'}`, () => {
      assert.equal(nearest(word, known), expected)
    })
  }

  test('is one of the known, or none, whatever was written', () => {
    fc.assert(
      fc.property(anyText(), fc.array(anyText(), { maxLength: 5 }), (word, words) => {
        const near = nearest(word, words)
        assert.ok(near === undefined || words.includes(near))
      }),
    )
  })

  test('is itself, where it is known', () => {
    const word = anyText({ minLength: 1, maxLength: 32 })
    fc.assert(
      fc.property(word, fc.array(fc.string()), (itself, others) => {
        assert.equal(nearest(itself, [itself, ...others]), itself)
      }),
    )
  })

  test('is not one that shares no letter', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z]{3,20}$/), fc.stringMatching(/^[0-9𝟘-𝟡]{1,20}$/u), (word, other) => {
        assert.equal(nearest(word, [other]), undefined)
      }),
    )
  })
})
