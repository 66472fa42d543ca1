/**
 * What the credential provider of a node may use: registries from documents, as `pullpass manifests node` writes them. JSON, and
 * checked without YAML and the schema library: a kubelet starts the plugin for each image, so its start-up is measured.
 */

import { PullpassError } from '../errors/pullpass-error.ts'
import { readRegularFile, whyUnreadable } from '../host/read-file.ts'
import { fingerprint } from '../text/fingerprint.ts'
import { asList, asObject, asText, type JsonObject, jsonOrNone } from '../text/json-fields.ts'
import { quote } from '../text/plain-text.ts'
import { shellVariable } from '../text/shell.ts'
import type { DocumentRegistry } from './document.ts'
import type { DocumentVendors } from './document-vendor.ts'
import { brokenRule, registryHost } from './field-rules.ts'

export interface NodeConfig {
  readonly apiVersion: 'pullpass.dev/v1alpha1'
  readonly kind: 'NodeConfig'
  /** Names are unique: a ServiceAccount selects one by name. Never empty. */
  readonly registries: readonly DocumentRegistry[]
  /** Of the other providers of the node: an annotation can select them too. */
  readonly others: readonly Pick<DocumentRegistry, 'name' | 'hosts'>[]
  /** The folder of the cache, an absolute path; absent: credentials are not kept on the node. */
  readonly cacheFolder?: string
}

/** Of a ServiceAccount: the name of the registry to use, among those that the configuration of the node allows. */
export const registryAnnotation = 'pullpass.dev/registry'

/** Bytes. */
const longest = 1024 * 1024

/**
 * Detects a change by hand: the registries are validated before they are written, and not again at each start.
 * `registries` and `others` as in the file.
 */
export const checksumOf = (registries: unknown, others: unknown): string =>
  fingerprint(JSON.stringify([registries, others]))

/** @throws DOCUMENT_UNREADABLE, DOCUMENT_INVALID */
export async function readNodeConfig(path: string, vendors: DocumentVendors): Promise<NodeConfig> {
  const bytes = await readRegularFile(path, longest).catch((cause: unknown) => {
    throw new PullpassError({
      code: 'DOCUMENT_UNREADABLE',
      hop: 'document',
      seen: `${path} ${whyUnreadable(cause)}`,
      expected: 'the configuration that pullpass manifests node prints',
      hint: 'set the path in args of the CredentialProviderConfig: --config FILE',
      cause,
    })
  })
  return parseNodeConfig(bytes.toString('utf8'), path, vendors)
}

/** `where`: the path, for messages. @throws DOCUMENT_INVALID */
function parseNodeConfig(text: string, where: string, vendors: DocumentVendors): NodeConfig {
  const refuse = (seen: string, expected: string) =>
    new PullpassError({
      code: 'DOCUMENT_INVALID',
      hop: 'document',
      seen: `${where}: ${seen}`,
      expected,
      hint: 'create the file again',
      command: `pullpass manifests node -f ${shellVariable('DOCUMENTS')}`,
    })
  const content = asObject(jsonOrNone(text))
  if (content === undefined) throw refuse('the file is not a JSON object', 'a NodeConfig in JSON')
  const { apiVersion, kind, registries, others = [], checksum, cacheFolder, ...unknownFields } = content
  if (apiVersion !== 'pullpass.dev/v1alpha1' || kind !== 'NodeConfig') {
    throw refuse('apiVersion and kind differ', 'apiVersion pullpass.dev/v1alpha1 and kind NodeConfig')
  }
  const [unknown] = Object.keys(unknownFields)
  if (unknown !== undefined) throw refuse(`unknown field ${quote(unknown)}`, 'only the fields of a NodeConfig')
  if (cacheFolder !== undefined && asText(cacheFolder)?.startsWith('/') !== true) {
    throw refuse('cacheFolder is not an absolute path', 'a path that begins with "/", such as /run/pullpass')
  }
  if (checksum !== checksumOf(registries, others)) {
    throw refuse('the checksum differs', 'the file as it was created, without changes by hand')
  }
  const read = asList(registries).map((one, index) =>
    readRegistry(asObject(one), `registries[${index}]`, refuse, vendors),
  )
  if (read.length === 0) throw refuse('registries is absent or empty', 'at least one registry')
  const names = read.map(({ name }) => name)
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined) throw refuse(`two registries have the name ${quote(twice)}`, 'unique names')
  const folder = asText(cacheFolder)
  return {
    apiVersion,
    kind,
    registries: read,
    others: asList(others).map((one, index) => readOther(asObject(one), `others[${index}]`, refuse)),
    ...(folder !== undefined && { cacheFolder: folder }),
  }
}

function readOther(one: JsonObject | undefined, at: string, refuse: Refuse): NodeConfig['others'][number] {
  const name = asText(one?.['name'])
  const hosts = asList(one?.['hosts']).filter((host) => typeof host === 'string')
  if (name === undefined || hosts.length === 0) throw refuse(`${at} has no name or no hosts`, 'name and hosts')
  return { name, hosts }
}

type Refuse = (seen: string, expected: string) => PullpassError

function readRegistry(
  one: JsonObject | undefined,
  at: string,
  refuse: Refuse,
  vendors: DocumentVendors,
): DocumentRegistry {
  const { name, hosts, vendor, settings, audience, tokenFile, tokenFileField, keysUploaded, ...more } = one ?? {}
  const { subjectToken, sources, ...others } = more
  const [unknown] = Object.keys(others)
  if (unknown !== undefined) throw refuse(`unknown field ${at}.${quote(unknown)}`, 'the fields of a registry')
  const text = (field: string, value: unknown): string => {
    if (typeof value !== 'string' || value === '') throw refuse(`${at}.${field} is not a text`, 'a text')
    return value
  }
  const optional = (field: string, value: unknown) => (value === undefined ? {} : { [field]: text(field, value) })
  const named = asList(hosts).map((host, index) => {
    const expected = brokenRule(registryHost, text(`hosts[${index}]`, host))
    if (expected !== undefined) throw refuse(`${at}.hosts[${index}] is ${quote(String(host))}`, expected)
    return String(host)
  })
  if (named.length === 0) throw refuse(`${at}.hosts is absent or empty`, 'at least one host')
  const identifier = text('vendor', vendor)
  const known = Object.keys(vendors).filter((key) => vendors[key]?.settings !== undefined)
  if (!known.includes(identifier)) throw refuse(`${at}.vendor is ${quote(identifier)}`, `one of ${known.join(', ')}`)
  if (asObject(settings) === undefined) throw refuse(`${at}.settings is not an object`, 'the settings of the vendor')
  const files = readFiles(sources, at, refuse)
  return {
    name: text('name', name),
    hosts: named,
    vendor: identifier,
    settings,
    ...optional('audience', audience),
    ...optional('tokenFile', tokenFile),
    ...optional('tokenFileField', tokenFileField),
    ...(keysUploaded === true && { keysUploaded }),
    ...(subjectToken === 'unused' && { subjectToken }),
    ...(files !== undefined && { sources: { files } }),
  }
}

/** @throws DOCUMENT_INVALID for a Secret: a node may not read it */
function readFiles(sources: unknown, at: string, refuse: Refuse): readonly string[] | undefined {
  if (sources === undefined) return undefined
  const { secrets, files } = asObject(sources) ?? {}
  if (asList(secrets).length > 0) throw refuse(`${at} reads a Secret`, 'a file of the node')
  return asList(files).filter((file) => typeof file === 'string')
}
