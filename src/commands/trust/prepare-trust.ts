/** What every command of trust begins with: documents, clusters, and what Google must know, checked before anybody is asked. */
import type { Document } from '../../document/document.ts'
import { artifactRepository } from '../../document/gcp-rules.ts'
import { loadDocuments } from '../../document/load-documents.ts'
import { showValue } from '../../document/show-value.ts'
import { brokenRule } from '../../document/text-rule.ts'
import { checkProxy } from '../../outside/check-proxy.ts'
import { bindProvider } from '../../providers/bind-provider.ts'
import { planTrust, type TrustAsked } from '../../trust/plan-trust.ts'
import type { WantedTrust } from '../../trust/wanted-trust.ts'
import type { Call } from '../command.ts'
import { usageFault } from '../usage-fault.ts'
import { closeClusters, type GatheredCluster, gatherClusters } from './gather-clusters.ts'
import type { TrustFlags } from './trust-flags.ts'

export interface PreparedTrust {
  readonly documents: readonly Document[]
  readonly clusters: readonly GatheredCluster[]
  readonly asked: TrustAsked
  readonly wanted: WantedTrust
}

/** @throws USAGE_INVALID, DOCUMENT_INVALID, SUBJECT_TOO_LONG, ISSUER_UNUSABLE, and what reading documents and clusters throws */
export async function prepareTrust<Result>(
  { flags, outside, terminal }: Call<TrustFlags>,
  connected: 'always' | 'for its issuer',
  go: (prepared: PreparedTrust) => Promise<Result>,
): Promise<Result> {
  const asked = { subject: readSubject(flags.subject), repository: readRepository(flags.repository) }
  const documents = await loadDocuments(flags.file, { ...outside, ...terminal })
  checkProxy(outside.environment)
  const registries = documents.flatMap((document) => document.registries)
  for (const registry of registries) {
    ;(await bindProvider(registry)).checkEnvironment(outside.environment)
  }
  const uploads = registries.some(({ settings }) => settings.trust?.uploadKeys === 'Always')
  const uploaded = uploads ? 'keys' : 'nothing'
  const clusters = await gatherClusters(flags, { connected, uploaded }, outside)
  try {
    return await go({ documents, clusters, asked, wanted: planTrust(documents, clusters, asked) })
  } finally {
    await closeClusters(clusters)
  }
}

const subjectForm = /^(?:system:serviceaccount:)?([a-z0-9-]+)[:/]([a-z0-9.-]+)$/

/** Also as NAMESPACE/NAME, as `inspect serviceaccount` has it. */
function readSubject(text: string | undefined): string | undefined {
  if (text === undefined) return undefined
  const [, namespace, name] = subjectForm.exec(text) ?? []
  if (namespace !== undefined && name !== undefined) return `system:serviceaccount:${namespace}:${name}`
  throw usageFault(
    'trust plan',
    `--subject is ${showValue(text)}`,
    'system:serviceaccount:NAMESPACE:NAME, or NAMESPACE/NAME',
  )
}

function readRepository(text: string | undefined): string | undefined {
  const expected = text === undefined ? undefined : brokenRule(artifactRepository, text)
  if (expected === undefined) return text
  throw usageFault('trust plan', `--repository is ${showValue(text)}`, expected)
}
