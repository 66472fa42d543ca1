import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { suite, test } from 'node:test'
import { documentJsonSchemas, type JsonSchema } from '../../src/document/json-schema.ts'
import { vendors } from '../../src/vendors/vendors.ts'
import { renderDocumentPage } from '../../tools/render-document-page.ts'
import { loadText } from './load-text.ts'

const schemas = await documentJsonSchemas(vendors)
const update = 'node tools/schema.ts'
const docs = new URL('../../docs/', import.meta.url)

suite('what is made from the schema is up to date', () => {
  for (const [kind, schema] of Object.entries(schemas)) {
    test(`docs/schema/${kind.toLowerCase()}.json`, async () => {
      const written: unknown = JSON.parse(await readFile(new URL(`schema/${kind.toLowerCase()}.json`, docs), 'utf8'))
      assert.deepEqual(written, JSON.parse(JSON.stringify(schema)), update)
    })
  }

  test('docs/document.md', async () => {
    assert.equal(await readFile(new URL('document.md', docs), 'utf8'), await renderDocumentPage(vendors), update)
  })
})

test('every example of the reference page is a good document', async () => {
  const examples = (await renderDocumentPage(vendors)).matchAll(/```yaml\n([\s\S]*?)```/g)
  for (const [, example = ''] of examples) assert.equal((await loadText(example)).length, 1)
})

test('every pattern is one that an editor can compile, and every field has a sentence', async () => {
  const visit = (schema: JsonSchema, path: string): void => {
    assert.ok(schema.description !== undefined || path.includes('|'), `${path} has no description`)
    if (schema.pattern !== undefined) assert.doesNotThrow(() => new RegExp(schema.pattern ?? '', 'u'), path)
    for (const [name, field] of Object.entries(schema.properties ?? {})) visit(field, `${path}.${name}`)
    for (const choice of schema.anyOf ?? []) visit(choice, `${path}|`)
    if (schema.items !== undefined) visit(schema.items, `${path}[]`)
  }
  for (const [kind, schema] of Object.entries(await documentJsonSchemas(vendors))) visit(schema, kind)
})
