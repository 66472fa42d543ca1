/** The files of a refresh in one ConfigMap: documents, and the credential files that they reference. */
import { basename } from 'node:path'
import { checkForm } from '../document/check-document.ts'
import type { RegistryForm } from '../document/document-form.ts'
import type { DocumentVendors } from '../document/document-vendor.ts'
import { pathFrom } from '../document/field-rules.ts'
import { showValue } from '../document/show-value.ts'
import { parseSource, readSources, readTextFile, type Source, unreadable } from '../document/sources.ts'
import { PullpassError } from '../errors/pullpass-error.ts'
import { relative } from './projected-tokens.ts'

export interface DocumentFile {
  /** In the ConfigMap, and in the folder where it is mounted. */
  readonly name: string
  readonly text: string
  readonly role: 'document' | 'credential'
}

/** `files`: documents that were loaded and validated before. @throws DOCUMENT_INVALID */
export async function readDocumentFiles(
  files: readonly string[],
  readInput: () => Promise<string>,
  vendors: DocumentVendors,
): Promise<DocumentFile[]> {
  const found: DocumentFile[] = []
  for (const source of await readSources(files, readInput)) {
    const name = source.name === '-' ? 'documents.yaml' : keyOf(basename(source.name))
    found.push({ name, text: source.text, role: 'document' }, ...(await credentialFiles(source, vendors)))
  }
  const distinct = new Map<string, DocumentFile>()
  for (const file of found) {
    const first = distinct.get(file.name) ?? file
    if (first.text !== file.text) throw sameName(file.name)
    distinct.set(file.name, first)
  }
  return [...distinct.values()]
}

async function credentialFiles(source: Source, vendors: DocumentVendors): Promise<DocumentFile[]> {
  const registries: RegistryForm[] = []
  for (const { value } of await parseSource(source, 'DOCUMENT_INVALID')) {
    const checked = await checkForm(value, vendors)
    if ('form' in checked) registries.push(...checked.form.spec.registries)
  }
  for (const { tokenFile } of registries) {
    if (tokenFile !== undefined && !tokenFile.startsWith('/')) throw relative(tokenFile)
  }
  return Promise.all(
    registries.flatMap(credentialFileOf).map(async (path) => {
      if (keyOf(path) !== path) throw notTogether(path, source)
      const text = await readTextFile(pathFrom(source.folder, path))
      if (text === undefined) throw unreadable(path, 'is a folder')
      return { name: path, text, role: 'credential' } as const
    }),
  )
}

/** Of any vendor. */
const credentialFileOf = (registry: RegistryForm): string[] =>
  Object.values(registry).flatMap((field: unknown) => {
    const path = typeof field === 'object' && field !== null && 'credentialFile' in field && field.credentialFile
    return typeof path === 'string' ? [path] : []
  })

/** A ConfigMap's keys. https://kubernetes.io/docs/concepts/configuration/configmap/#configmap-object */
const keyOf = (name: string) => name.replaceAll(/[^-._a-zA-Z0-9]/g, '-')

const sameName = (name: string) =>
  new PullpassError({
    code: 'DOCUMENT_INVALID',
    hop: 'document',
    seen: `two different files are named ${name}`,
    expected: 'distinct names: one ConfigMap contains all of them',
    hint: 'rename one of them',
  })

const notTogether = (path: string, { name }: Source) =>
  new PullpassError({
    code: 'DOCUMENT_INVALID',
    hop: 'document',
    seen: `${name} references the credential file ${showValue(path)}`,
    expected: 'the plain name of a file in the folder of the document: one ConfigMap contains both',
    hint: 'move the credential file there, or write its values into the document',
  })
