/** Reads documents from files and from custom resources: parsing, validation, defaults. */
import { asObject, asText, isDeeperThan, type JsonObject } from '../text/json-fields.ts'
import { checkForm, vendorsOf } from './check-document.ts'
import type { ResourceType } from './custom-resource.ts'
import {
  type Document,
  type DocumentIssuer,
  type DocumentRegistry,
  resourceSource,
  type TokenFile,
} from './document.ts'
import { type DocumentProblem, type FieldPath, type FieldProblem, refuse, renderPath } from './document-errors.ts'
import type { DocumentForm, RegistryForm } from './document-form.ts'
import type { DocumentVendors } from './document-vendor.ts'
import { pathFrom } from './field-rules.ts'
import { type DocumentKind, type JsonSchema, resourceJsonSchema } from './json-schema.ts'
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
    const checked = await checkForm(withoutServerFields(value), vendors)
    if ('form' in checked) documents.push(await documentOfForm(checked.form, { at, folder: source.folder, vendors }))
    else findings.push(...(await find(checked)))
  }
  return { documents, findings }
}

/** https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/object-meta/ */
const serverFields = ['creationTimestamp', 'generation', 'managedFields', 'resourceVersion', 'selfLink', 'uid']

/** A custom resource may be a file as `kubectl get -o yaml` prints it: as an apply does, it ignores what the API server and controllers set. */
function withoutServerFields(value: unknown): unknown {
  const object = asObject(value)
  if (object === undefined) return value
  const { status: _, metadata, ...fields } = object
  const own = asObject(metadata)
  if (own === undefined) return { ...fields, ...('metadata' in object && { metadata }) }
  const kept = Object.entries(own).filter(([name]) => !serverFields.includes(name))
  return { ...fields, metadata: Object.fromEntries(kept) }
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
interface FormOrigin {
  /** `pull.yaml:12`. */
  readonly at: string
  /** Where relative paths start. */
  readonly folder: string
  readonly vendors: DocumentVendors
}

/** `form` is valid. @throws CREDENTIAL_FILE_INVALID, DOCUMENT_UNREADABLE */
async function documentOfForm(form: DocumentForm, { at, ...origin }: FormOrigin): Promise<Document> {
  const registries: DocumentRegistry[] = []
  for (const registry of form.spec.registries) registries.push(await registryOf(registry, form, origin))
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
      deletionPolicy: form.spec.deletionPolicy ?? defaults.deletionPolicy,
    }
  }
  const { secretName: _, registries: __, ...spec } = form.spec
  const issuer = spec.issuer && { ...spec.issuer, ...publishesOf(spec.issuer.publishTo, origin.vendors) }
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
  { folder, vendors }: Omit<FormOrigin, 'at'>,
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
function tokenOf(form: RegistryForm, document: DocumentForm, found: { token: TokenFile | undefined; folder: string }) {
  if (form.tokenFile !== undefined) return { tokenFile: pathFrom(found.folder, form.tokenFile) }
  const requested = document.kind === 'PullSecret' || document.spec.serviceAccountRef !== undefined
  return requested ? {} : found.token
}

// Documents from custom resources.

/** As deep as any document of a file can be useful; the checks call themselves for each level. */
const mostLevels = 50

/** The document of an object as the API server returns it. @throws DOCUMENT_INVALID with all problems */
export async function documentOfResource(
  type: ResourceType,
  object: JsonObject,
  vendors: DocumentVendors,
): Promise<Document> {
  const { group, version, kind } = type
  const { name, namespace, uid } = identityOf(object)
  const refuseAll = (problems: readonly FieldProblem[]) =>
    refuseResource(`${kind} ${namespace === '' ? name : `${namespace}/${name}`}`, problems)
  const apiVersion = `${group}/${version}`
  if (isDeeperThan(object['spec'], mostLevels)) {
    const expected = `at most ${mostLevels} levels`
    throw refuseAll([{ path: ['spec'], predicate: 'is nested too deeply', expected }])
  }
  const metadata = { name, ...(namespace !== '' && { namespace }) }
  const checked = await checkForm({ apiVersion, kind, metadata, spec: object['spec'] }, vendors)
  if (!('form' in checked)) throw refuseAll(checked)
  // Before anything is read: a field must not name a file where the controller runs.
  const problems = fieldsOutside(await schemaOfResources(kind, vendors), object['spec'])
  if (problems.length > 0) throw refuseAll(problems)
  const origin = { at: resourceSource, folder: '/', vendors }
  const document = await documentOfForm(checked.form, origin)
  if (document.serviceAccountRef === undefined && document.registries.some(needsToken)) {
    const expected = 'the ServiceAccount whose token is requested for each registry'
    throw refuseAll([{ path: ['spec', 'serviceAccountRef'], predicate: 'is missing', expected }])
  }
  const owner = document.deletionPolicy === 'Delete' ? { owner: { apiVersion, kind, name, uid } } : {}
  return { ...document, ...owner, ...(kind === 'PullSecret' && { uid }) }
}

function identityOf(object: JsonObject) {
  const metadata = asObject(object['metadata'])
  const text = (field: string) => asText(metadata?.[field]) ?? ''
  return { name: text('name'), namespace: text('namespace'), uid: text('uid') }
}

const needsToken = ({ subjectToken }: DocumentRegistry): boolean => subjectToken === undefined

function refuseResource(title: string, problems: readonly FieldProblem[]) {
  const [first, ...others] = problems.map(({ path, predicate, expected }) => ({
    seen: `${title}: ${renderPath(path)} ${predicate}`,
    expected,
  }))
  if (first === undefined) throw new TypeError('a custom resource is refused without a problem')
  return refuse('DOCUMENT_INVALID', [first, ...others])
}

/** Composing takes milliseconds. */
const resourceSchemas = new WeakMap<DocumentVendors, Map<DocumentKind, Promise<JsonSchema>>>()

/** Of the spec. */
async function schemaOfResources(kind: DocumentKind, vendors: DocumentVendors): Promise<JsonSchema> {
  const schemas = resourceSchemas.get(vendors) ?? new Map<DocumentKind, Promise<JsonSchema>>()
  resourceSchemas.set(vendors, schemas)
  const known = schemas.get(kind) ?? resourceJsonSchema(kind, vendors)
  schemas.set(kind, known)
  return (await known).properties?.['spec'] ?? {}
}

/** Fields of a valid document that a custom resource does not have: those that name files. */
function fieldsOutside(schema: JsonSchema, value: unknown, path: FieldPath = ['spec']): FieldProblem[] {
  if (Array.isArray(value) && schema.items !== undefined) {
    const { items } = schema
    return value.flatMap((item, index) => fieldsOutside(items, item, [...path, index]))
  }
  const { properties } = schema
  if (properties === undefined) return []
  return Object.entries(asObject(value) ?? {}).flatMap(([name, field]): FieldProblem[] => {
    const known = Object.hasOwn(properties, name) ? properties[name] : undefined
    if (known !== undefined) return fieldsOutside(known, field, [...path, name])
    const expected = 'no such field: a custom resource names no files'
    return [{ path: [...path, name], predicate: 'is given', expected, at: 'key' }]
  })
}
