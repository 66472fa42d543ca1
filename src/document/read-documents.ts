/** Documents of files: read, parsed, checked, and given their defaults. */
import { checkForm } from './check-document.ts'
import type { Document, DocumentRegistry, TokenSource } from './document.ts'
import { type Finding, refuse } from './document-errors.ts'
import type { DocumentForm, RegistryForm } from './document-form.ts'
import { pathFrom } from './field-rules.ts'
import { parseSource, readSources, type Source, unreadable } from './sources.ts'
import { vendors } from './vendors.ts'

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

/** From what was written to what is wanted: defaults, the tenant's limits, and each vendor's settings. */
interface FormPlace {
  /** `gcp.yaml:12`. */
  readonly at: string
  /** Where relative paths start. */
  readonly folder: string
}

/** `form` keeps the schema and its rules. @throws CREDENTIAL_FILE_INVALID, DOCUMENT_UNREADABLE */
async function documentOfForm(form: DocumentForm, { at, folder }: FormPlace): Promise<Document> {
  const registries: DocumentRegistry[] = []
  for (const registry of form.spec.registries) registries.push(await registryOf(registry, form, folder))
  const common = {
    name: form.metadata.name,
    source: at,
    secretName: form.spec.secretName ?? form.metadata.name,
    registries,
  }
  if (form.kind === 'PullSecret') {
    const { namespace } = form.metadata
    return {
      ...common,
      ...defaults,
      kind: form.kind,
      namespace,
      namespaces: { include: [namespace] },
      serviceAccountRef: { namespace, name: form.spec.serviceAccountName },
    }
  }
  const { secretName: _, registries: __, ...spec } = form.spec
  return { ...common, ...defaults, kind: form.kind, ...spec }
}

const defaults = {
  attachToServiceAccounts: [],
  stuckPods: 'Ignore',
  conflictPolicy: 'Refuse',
  deletionPolicy: 'Retain',
} as const

async function registryOf(form: RegistryForm, document: DocumentForm, folder: string): Promise<DocumentRegistry> {
  const { name, hosts, audience } = form
  for (const vendor of Object.values(vendors)) {
    const read = await vendor.read(form, folder)
    if (read === undefined) continue
    const { token, ...provider } = read
    return { name, hosts, ...(audience && { audience }), ...tokenOf(form, document, { token, folder }), ...provider }
  }
  throw new TypeError(`registry ${name} passed its checks without a provider`)
}

/** What the document itself says of the token wins over a credential file that it names. */
function tokenOf(
  form: RegistryForm,
  document: DocumentForm,
  found: { token: TokenSource | undefined; folder: string },
) {
  if (form.tokenFile !== undefined) return { tokenFile: pathFrom(found.folder, form.tokenFile) }
  const requested = document.kind === 'PullSecret' || document.spec.serviceAccountRef !== undefined
  return requested ? {} : found.token
}
