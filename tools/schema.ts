/** Writes the generated docs: docs/schema/ and docs/document.md, docs/issuer-change.md, docs/errors.md, docs/json-output.md. */
import { mkdir, writeFile } from 'node:fs/promises'
import { documentJsonSchemas } from '../src/document/json-schema.ts'
import { vendors } from '../src/vendors/vendors.ts'
import { outputSchemas } from './output-types.ts'
import { renderDocumentPage } from './render-document-page.ts'
import { renderErrorsPage } from './render-errors-page.ts'
import { renderIssuerChangePage } from './render-issuer-change-page.ts'
import { renderOutputPage } from './render-output-page.ts'

await mkdir('docs/schema/output', { recursive: true })
for (const [kind, schema] of Object.entries(await documentJsonSchemas(vendors))) {
  await writeFile(`docs/schema/${kind.toLowerCase()}.json`, `${JSON.stringify(schema, null, 2)}\n`)
}
await writeFile('docs/document.md', await renderDocumentPage(vendors))
await writeFile('docs/issuer-change.md', renderIssuerChangePage())
await writeFile('docs/errors.md', renderErrorsPage())
for (const [kind, schema] of outputSchemas()) {
  await writeFile(`docs/schema/output/${kind.toLowerCase()}.json`, `${JSON.stringify(schema, null, 2)}\n`)
}
await writeFile('docs/json-output.md', renderOutputPage())
