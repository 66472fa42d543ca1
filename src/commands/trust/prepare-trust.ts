/** What every command of trust begins with: documents, clusters, and what clouds must know, checked before anybody is asked. */
import type { Document } from '../../document/document.ts'
import { issuerMemory } from '../../document/issuer-memory.ts'
import { loadDocuments } from '../../document/load-documents.ts'
import type { NamespacedName } from '../../document/namespaced-name.ts'
import { showValue } from '../../document/show-value.ts'
import { brokenRule } from '../../document/text-rule.ts'
import { uploadsKeys } from '../../document/uploads-keys.ts'
import type { Cluster } from '../../kubernetes/cluster.ts'
import { checkProxy } from '../../outside/proxy.ts'
import { bindProvider } from '../../providers/bind-provider.ts'
import { listNeeds } from '../../trust/list-needs.ts'
import type { AnyNeed } from '../../trust/trust-need.ts'
import type { VendorTrust } from '../../trust/trust-vendor.ts'
import { trustVendors } from '../../trust/trust-vendors.ts'
import { wantTrust } from '../../trust/want-trust.ts'
import type { Call } from '../command.ts'
import { readMemoryFlag } from '../issuer/memory-flag.ts'
import { usageFault } from '../usage-fault.ts'
import { closeClusters, type GatheredCluster, gatherClusters } from './gather-clusters.ts'
import type { TrustFlags } from './trust-flags.ts'

export interface PreparedTrust {
  readonly clusters: readonly GatheredCluster[]
  /** To the clusters; none where nobody needs it. */
  readonly connections: readonly Cluster[]
  readonly needs: readonly AnyNeed[]
  readonly wanted: readonly VendorTrust[]
}

/** `command`: `trust plan`. @throws USAGE_INVALID, DOCUMENT_INVALID, SUBJECT_TOO_LONG, ISSUER_UNUSABLE, and what reading documents and clusters throws */
export async function prepareTrust<Result>(
  command: string,
  { flags, outside, terminal }: Call<TrustFlags>,
  connected: 'always' | 'for its issuer',
  go: (prepared: PreparedTrust) => Promise<Result>,
): Promise<Result> {
  const subject = readSubject('subject', flags.subject, command)
  const publisher = readSubject('publisher', flags.publisher, command)
  const documents = await loadDocuments(flags.file, { ...outside, ...terminal })
  checkProxy(outside.environment)
  if (flags.repository !== undefined) await checkRepository(flags.repository, documents, command)
  const registries = documents.flatMap((document) => document.registries)
  for (const registry of registries) {
    ;(await bindProvider(registry)).checkEnvironment(outside.environment)
  }
  const memories = readMemories(flags.memory, documents, command)
  const clusters = await gatherClusters(flags, { command, connected, memories }, outside)
  try {
    const needs = await listNeeds(documents, clusters, { subject, publisher, repository: flags.repository })
    const connections = clusters.flatMap(({ connection }) => connection ?? [])
    return await go({ clusters, connections, needs, wanted: await wantTrust(needs) })
  } finally {
    await closeClusters(clusters)
  }
}

/** Of documents that have keys uploaded: where each has its cluster remember what was revoked. */
function readMemories(flag: string | undefined, documents: readonly Document[], command: string): NamespacedName[] {
  const uploading = documents.filter(({ registries }) => registries.some(uploadsKeys))
  if (flag !== undefined && uploading.length === 0) {
    throw usageFault(command, `--memory stands beside documents that have no keys uploaded`, 'trust.uploadKeys: Always')
  }
  const places = uploading.map(({ issuer }) =>
    flag === undefined ? (issuer?.memoryRef ?? issuerMemory) : readMemoryFlag(flag, command),
  )
  return [...new Map(places.map((place) => [`${place.namespace}/${place.name}`, place])).values()]
}

const subjectForm = /^(?:system:serviceaccount:)?([a-z0-9-]+)[:/]([a-z0-9.-]+)$/

/** Also as NAMESPACE/NAME, as `inspect serviceaccount` has it. */
function readSubject(flag: 'subject' | 'publisher', text: string | undefined, command: string): string | undefined {
  if (text === undefined) return undefined
  const [, namespace, name] = subjectForm.exec(text) ?? []
  if (namespace !== undefined && name !== undefined) return `system:serviceaccount:${namespace}:${name}`
  throw usageFault(command, `--${flag} is ${showValue(text)}`, 'NAMESPACE/NAME')
}

/** As every vendor of the documents names a repository. */
async function checkRepository(text: string, documents: readonly Document[], command: string): Promise<void> {
  for (const { provider } of documents.flatMap(({ registries }) => registries)) {
    const { repositories } = await trustVendors[provider]()
    const expected = brokenRule(repositories.rule, text)
    if (expected !== undefined) throw usageFault(command, `--repository is ${showValue(text)}`, expected)
  }
}
