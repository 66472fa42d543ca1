/** Reads documents from files: parsing, validation, defaults. */
import { checkForm, vendorsOf } from './check-document.ts'
import type { Document, DocumentIssuer, DocumentRegistry, TokenSource } from './document.ts'
import { type DocumentProblem, refuse } from './document-errors.ts'
import type { DocumentForm, RegistryForm } from './document-form.ts'
import type { DocumentVendors } from './document-vendor.ts'
import { pathFrom } from './field-rules.ts'
import { parseSource, readSources, type Source, unreadable } from './sources.ts'
import { isOwnHost } from './vendor-hosts.ts'

/** @throws DOCUMENT_UNREADABLE, DOCUMENT_INVALID with all problems, CREDENTIAL_FILE_INVALID */
export async function readDocuments(
  files: readonly string[],
  readInput: () => Promise<string>,
  vendors: DocumentVendors,
): Promise<Document[]> {
  const documents: Document[] = []
  const findings: DocumentProblem[] = []
  for (const source of await readSources(files, readInput)) {
    const read = await readSource(source, vendors)
    documents.push(...read.documents)
    findings.push(...read.findings)
  }
  const [first, ...others] = [...findings, ...repeatedNames(documents)]
  if (first !== undefined) throw refuse('DOCUMENT_INVALID', [first, ...others])
  return documents
}

async function readSource(
  source: Source,
  vendors: DocumentVendors,
): Promise<{ documents: Document[]; findings: DocumentProblem[] }> {
  const values = await parseSource(source, 'DOCUMENT_INVALID')
  if (values.length === 0) throw unreadable(source.name, 'contains no document')
  const documents: Document[] = []
  const findings: DocumentProblem[] = []
  for (const { value, at, find } of values) {
    const checked = await checkForm(value, vendors)
    if ('form' in checked) documents.push(await documentOfForm(checked.form, { at, folder: source.folder, vendors }))
    else findings.push(...(await find(checked)))
  }
  return { documents, findings }
}

function repeatedNames(documents: readonly Document[]): DocumentProblem[] {
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

/** The position of a document, and the vendors whose settings it may contain. */
interface FormPlace {
  /** `pull.yaml:12`. */
  readonly at: string
  /** Where relative paths start. */
  readonly folder: string
  readonly vendors: DocumentVendors
}

/** `form` is valid. @throws CREDENTIAL_FILE_INVALID, DOCUMENT_UNREADABLE */
async function documentOfForm(form: DocumentForm, { at, ...place }: FormPlace): Promise<Document> {
  const registries: DocumentRegistry[] = []
  for (const registry of form.spec.registries) registries.push(await registryOf(registry, form, place))
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
  const issuer = spec.issuer && { ...spec.issuer, ...publishesOf(spec.issuer.publishTo, place.vendors) }
  return { ...common, ...defaults, kind: form.kind, ...spec, ...(issuer && { issuer }) }
}

/** By the scheme of the target, which the schema has checked. */
function publishesOf(target: string, vendors: DocumentVendors): Pick<DocumentIssuer, 'publishes'> {
  const scheme = target.slice(0, target.indexOf(':'))
  const stores = Object.values(vendors).flatMap(({ stores: own = {} }) =>
    Object.hasOwn(own, scheme) ? own[scheme] : [],
  )
  return stores.some((store) => store?.publishes === 'keys') ? { publishes: 'keys' } : {}
}

const defaults = {
  attachToServiceAccounts: [],
  stuckPods: 'Ignore',
  conflictPolicy: 'Refuse',
  deletionPolicy: 'Retain',
} as const

async function registryOf(
  form: RegistryForm,
  document: DocumentForm,
  { folder, vendors }: Omit<FormPlace, 'at'>,
): Promise<DocumentRegistry> {
  const { name, hosts, audience } = form
  const [vendor = ''] = vendorsOf(form, vendors)
  const reader = await vendors[vendor]?.settings?.()
  if (reader === undefined) throw new TypeError(`registry ${name} passed its checks without a vendor`)
  const { token, ...settings } = await reader.read(form[vendor], folder, hosts)
  const source = tokenOf(form, document, { token, folder })
  const rule = reader.hosts(form[vendor])
  const foreignHosts = form.hostPolicy === 'Any' ? hosts.filter((host) => !isOwnHost(host, rule)) : []
  const policy = foreignHosts.length > 0 ? { foreignHosts } : {}
  return { name, hosts, ...(audience && { audience }), ...source, vendor, ...policy, ...settings }
}

/** Token settings of the document take precedence over those of a credential file that it names. */
function tokenOf(
  form: RegistryForm,
  document: DocumentForm,
  found: { token: TokenSource | undefined; folder: string },
) {
  if (form.tokenFile !== undefined) return { tokenFile: pathFrom(found.folder, form.tokenFile) }
  const requested = document.kind === 'PullSecret' || document.spec.serviceAccountRef !== undefined
  return requested ? {} : found.token
}
