/** Writes the generated docs: docs/schema/*.json and docs/document.md from the schema, docs/issuer-change.md from the plans, docs/errors.md from the codes. */
import { mkdir, writeFile } from 'node:fs/promises'
import { documentJsonSchemas } from '../src/document/json-schema.ts'
import { renderDocumentPage } from './render-document-page.ts'
import { renderErrorsPage } from './render-errors-page.ts'
import { renderIssuerChangePage } from './render-issuer-change-page.ts'

await mkdir('docs/schema', { recursive: true })
for (const [kind, schema] of Object.entries(documentJsonSchemas())) {
  await writeFile(`docs/schema/${kind.toLowerCase()}.json`, `${JSON.stringify(schema, null, 2)}\n`)
}
await writeFile('docs/document.md', renderDocumentPage())
await writeFile('docs/issuer-change.md', renderIssuerChangePage())
await writeFile('docs/errors.md', renderErrorsPage())
