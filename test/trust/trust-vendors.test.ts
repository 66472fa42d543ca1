import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { suite, test } from 'node:test'
import { vendorFields } from '../../src/document/vendors.ts'
import { commandLines, trustVendors } from '../../src/vendors/vendors.ts'

suite('trust', () => {
  test('is there for exactly the vendors that a document knows, by the same words', () => {
    const known = Object.keys(vendorFields).toSorted()
    assert.deepEqual(Object.keys(trustVendors).toSorted(), known)
    assert.deepEqual(Object.keys(commandLines).toSorted(), known)
  })

  test('has a folder for each, and every file that holds one is in the map', () => {
    const holding = globSync('src/vendors/*/trust/trust.ts').filter((file) =>
      /^export const \w+: TrustVendor</m.test(readFileSync(file, 'utf8')),
    )
    const map = readFileSync('src/vendors/vendors.ts', 'utf8')
    for (const file of holding) assert.ok(map.includes(`import('./${file.slice('src/vendors/'.length)}')`), file)
    assert.equal(holding.length, Object.keys(trustVendors).length)
  })

  test('is asked for by its contract alone: what all share, and the commands, load no vendor’s folder', () => {
    const shared = ['src/trust/*.ts', 'src/commands/trust/*.ts', 'src/doctor/**/*.ts'].flatMap((glob) => globSync(glob))
    const loading = shared.filter(
      (file) => file !== 'src/vendors/vendors.ts' && /'[^']*\/gcp\/(?!endpoints)/.test(readFileSync(file, 'utf8')),
    )
    assert.deepEqual(loading, [])
  })

  for (const [name, load] of Object.entries(trustVendors)) {
    test(`of ${name} keeps the contract`, async () => {
      assert.deepEqual(Object.keys(await load()).toSorted(), ['ofCluster', 'repositories', 'want'])
    })
  }
})
