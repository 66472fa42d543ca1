import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { suite, test } from 'node:test'

/** Variables that set where tokens and credentials are sent. */
const endpoint = /\b(?:PULLPASS_[A-Z_]+_ENDPOINT|AWS_ENDPOINT_URL(?:_[A-Z0-9_]+)?|AZURE_AUTHORITY_HOST)\b/g
const namesIn = (text: string) => [...new Set(text.match(endpoint))].toSorted()
const read = (files: readonly string[]) => files.map((file) => readFileSync(file, 'utf8')).join('\n')

const readByVendors = namesIn(read(globSync('src/vendors/**/*.ts')))

suite('variables for endpoints', () => {
  test('are in the table of docs/variables.md exactly where a vendor reads them', () => {
    const rows = readFileSync('docs/variables.md', 'utf8')
      .split('\n')
      .filter((line) => line.startsWith('| `'))
    assert.deepEqual(namesIn(rows.join('\n')), readByVendors)
  })

  test('of other pages are read by a vendor', () => {
    const pages = namesIn(read(globSync('docs/**/*.md')))
    assert.deepEqual(
      pages.filter((name) => !readByVendors.includes(name)),
      [],
    )
  })

  test('that the sandbox sets are read by a vendor', () => {
    const set = namesIn(read(globSync('sandbox/*/vendor.ts')))
    assert.ok(set.includes('PULLPASS_GCP_STS_ENDPOINT'))
    assert.deepEqual(
      set.filter((name) => !readByVendors.includes(name)),
      [],
    )
  })
})
