/** Documents of files: read, parsed, checked, and given their defaults. */

import { checkForm } from './check-form.ts'
import type { Document } from './document.ts'
import { documentOfForm } from './document-of-form.ts'
import { type Finding, refuse } from './finding.ts'
import { parseSource } from './parse-source.ts'
import { readSources, type Source } from './read-sources.ts'
import { unreadable } from './read-text-file.ts'

/** @throws DOCUMENT_UNREADABLE, DOCUMENT_INVALID with all that is wrong, CREDENTIAL_FILE_INVALID */
export async function readDocuments(files: readonly string[], readInput: () => Promise<string>): Promise<Document[]> {
  const documents: Document[] = []
  const findings: Finding[] = []
  for (const source of await readSources(files, readInput)) {
    const read = await readSource(source)
    documents.push(...read.documents)
    findings.push(...read.findings)
  }
  const [first, ...others] = [...findings, ...repeatedNames(documents)]
  if (first !== undefined) throw refuse('DOCUMENT_INVALID', [first, ...others])
  return documents
}

async function readSource(source: Source): Promise<{ documents: Document[]; findings: Finding[] }> {
  const values = await parseSource(source, 'DOCUMENT_INVALID')
  if (values.length === 0) throw unreadable(source.name, 'holds no document')
  const documents: Document[] = []
  const findings: Finding[] = []
  for (const { value, at, find } of values) {
    const checked = checkForm(value)
    if ('form' in checked) documents.push(await documentOfForm(checked.form, { at, folder: source.folder }))
    else findings.push(...(await find(checked)))
  }
  return { documents, findings }
}

function repeatedNames(documents: readonly Document[]): Finding[] {
  const firsts = new Map<string, Document>()
  return documents.flatMap((document) => {
    const { kind, namespace, name, source } = document
    const title = `${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`
    const first = firsts.get(title)
    if (first !== undefined) {
      return [{ seen: `${source}: ${title} is in ${first.source} too`, expected: 'each document once' }]
    }
    firsts.set(title, document)
    return []
  })
}
