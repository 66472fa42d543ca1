/** Writes what is made from sources: docs/schema/*.json and docs/document.md of the schema, docs/issuer-change.md of the plans. */
import { mkdir, writeFile } from 'node:fs/promises'
import { documentJsonSchemas } from '../src/document/json-schema.ts'
import { renderDocumentPage } from './render-document-page.ts'
import { renderIssuerChangePage } from './render-issuer-change-page.ts'

await mkdir('docs/schema', { recursive: true })
for (const [kind, schema] of Object.entries(documentJsonSchemas())) {
  await writeFile(`docs/schema/${kind.toLowerCase()}.json`, `${JSON.stringify(schema, null, 2)}\n`)
}
await writeFile('docs/document.md', renderDocumentPage())
await writeFile('docs/issuer-change.md', renderIssuerChangePage())
