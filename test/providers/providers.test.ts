import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { suite, test } from 'node:test'
import { vendorFields } from '../../src/document/vendors.ts'
import { providers } from '../../src/vendors/vendors.ts'

suite('providers', () => {
  test('a document knows exactly those that there are, by the same words', () => {
    assert.deepEqual(Object.keys(providers).toSorted(), Object.keys(vendorFields).toSorted())
  })

  test('every file that holds one is in the map', () => {
    const holding = globSync('src/vendors/*/exchange.ts').flatMap(
      (file) => /^export const (\w+): Provider</m.exec(readFileSync(file, 'utf8'))?.[1] ?? [],
    )
    assert.deepEqual(holding.toSorted(), Object.keys(providers).toSorted())
  })

  test('docs/document.md tells the fields of each', () => {
    const page = readFileSync('docs/document.md', 'utf8')
    for (const name of Object.keys(providers)) assert.ok(page.includes(`\`spec.registries[].${name}\``), name)
  })

  for (const [name, load] of Object.entries(providers)) {
    test(`${name} has a folder of its name, and keeps the contract`, async () => {
      assert.ok(existsSync(new URL(`../../src/vendors/${name}/exchange.ts`, import.meta.url)))
      const provider = await load()
      assert.deepEqual(Object.keys(provider).toSorted(), [
        'audiences',
        'checkEnvironment',
        'credentialLifeSeconds',
        'exchange',
        'hops',
        'registryRefusal',
        'subjectTokenLifeSeconds',
      ])
    })
  }
})
