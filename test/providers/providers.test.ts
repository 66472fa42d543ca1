import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { suite, test } from 'node:test'
import { vendorFields } from '../../src/document/vendors.ts'
import { providers } from '../../src/providers/providers.ts'

suite('providers', () => {
  test('a document knows exactly those that there are, by the same words', () => {
    assert.deepEqual(Object.keys(providers).toSorted(), Object.keys(vendorFields).toSorted())
  })

  for (const [name, load] of Object.entries(providers)) {
    test(`${name} lies in a file of its name, and keeps the contract`, async () => {
      assert.ok(existsSync(new URL(`../../src/providers/${name}.ts`, import.meta.url)))
      const provider = await load()
      assert.deepEqual(Object.keys(provider).toSorted(), ['audiences', 'exchange', 'subjectTokenLifeSeconds'])
    })
  }
})
