/** Writes what is made from the document's schema: docs/schema/*.json and docs/document.md. */
import { mkdir, writeFile } from 'node:fs/promises'
import { documentJsonSchemas } from '../src/document/json-schema.ts'
import { renderDocumentPage } from './render-document-page.ts'

await mkdir('docs/schema', { recursive: true })
for (const [kind, schema] of Object.entries(documentJsonSchemas())) {
  await writeFile(`docs/schema/${kind.toLowerCase()}.json`, `${JSON.stringify(schema, null, 2)}\n`)
}
await writeFile('docs/document.md', renderDocumentPage())
