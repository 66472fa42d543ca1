/** What every command of trust begins with: documents, clusters, and what clouds must know, checked before anybody is asked. */
import { type Document, issuerMemory, type NamespacedName, requestedAccount } from '../../document/document.ts'
import { brokenRule } from '../../document/field-rules.ts'
import { loadDocuments } from '../../document/load-documents.ts'
import { showValue } from '../../document/show-value.ts'
import type { Environment } from '../../http/context.ts'
import { checkProxy } from '../../http/proxy.ts'
import { decodeSubjectToken } from '../../identity/subject-token.ts'
import { readTokenFile, tokenFilePath } from '../../identity/token-file.ts'
import type { Cluster } from '../../kubernetes/connection/cluster.ts'
import { requestToken } from '../../kubernetes/objects/request-token.ts'
import { wantTrust } from '../../trust/desired.ts'
import { listNeeds, trustSetup } from '../../trust/needs.ts'
import type { Trial } from '../../trust/prove.ts'
import type { DesiredTrust, TrustNeed, TrustSetup } from '../../vendors/trust-contract.ts'
import { bindExchange, type VendorContext } from '../../vendors/vendor.ts'
import type { Call } from '../command.ts'
import { usageFault } from '../flag.ts'
import { readMemoryFlag } from '../issuer/flags.ts'
import { closeClusters, type GatheredCluster, gatherClusters } from './clusters.ts'
import type { TrustFlags } from './flags.ts'

export interface PreparedTrust {
  readonly clusters: readonly GatheredCluster[]
  /** To the clusters; none where nobody needs it. */
  readonly connections: readonly Cluster[]
  readonly needs: readonly TrustNeed[]
  readonly wanted: readonly DesiredTrust[]
}

/** `command`: `trust plan`. @throws USAGE_INVALID, DOCUMENT_INVALID, SUBJECT_TOO_LONG, ISSUER_UNUSABLE, and what reading documents and clusters throws */
export async function prepareTrust<Result>(
  command: string,
  { flags, context, terminal }: Call<TrustFlags>,
  connected: 'always' | 'for its issuer',
  go: (prepared: PreparedTrust) => Promise<Result>,
): Promise<Result> {
  const subject = readSubject('subject', flags.subject, command)
  const publisher = readSubject('publisher', flags.publisher, command)
  const documents = await loadDocuments(flags.file, { ...context, ...terminal })
  checkProxy(context.environment)
  const registries = documents.flatMap((document) => document.registries)
  const { vendors } = context
  const names = [...new Set(registries.map(({ vendor }) => vendor))]
  const setups = await Promise.all(names.map(async (name) => await trustSetup(name, vendors)))
  if (flags.repository !== undefined) checkRepository(flags.repository, setups, command)
  for (const registry of registries) {
    ;(await bindExchange(registry, vendors)).checkEnvironment(context.environment)
  }
  const memories = readMemories(flags.memory, documents, command)
  const clusters = await gatherClusters(
    flags,
    { command, connected, memories, idRules: setups.map(({ clusterId }) => clusterId) },
    context,
  )
  try {
    const needs = await listNeeds(documents, clusters, { subject, publisher, repository: flags.repository }, vendors)
    const connections = clusters.flatMap(({ connection }) => connection ?? [])
    return await go({ clusters, connections, needs, wanted: await wantTrust(needs, vendors) })
  } finally {
    await closeClusters(clusters)
  }
}

/** Of documents that have keys uploaded: where each has its cluster remember what was revoked. */
function readMemories(flag: string | undefined, documents: readonly Document[], command: string): NamespacedName[] {
  const uploading = documents.filter(({ registries }) => registries.some(({ keysUploaded }) => keysUploaded === true))
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
function checkRepository(text: string, setups: readonly TrustSetup<unknown>[], command: string): void {
  for (const { repositories } of setups) {
    const expected = brokenRule(repositories.rule, text)
    if (expected !== undefined) throw usageFault(command, `--repository is ${showValue(text)}`, expected)
  }
}

/** What is to be tried after trust was made: each registry of each document, with each cluster's token. */
export async function listTrials(
  needs: readonly TrustNeed[],
  clusters: readonly GatheredCluster[],
  { environment, vendors }: Pick<VendorContext, 'environment' | 'vendors'>,
): Promise<Trial[]> {
  return await Promise.all(
    needs.map(async ({ document, registry, cluster, repository = '' }) => {
      const { repositories } = await trustSetup(registry.vendor, vendors)
      const connection = clusters.find((one) => one === cluster)?.connection
      return {
        name: `registry ${registry.name} of ${document.kind}/${document.name} in cluster ${cluster.name}`,
        registry,
        repository,
        image: repositories.imageIn(repository, 'pullpass-trial'),
        token: tokenOf(requestedAccount(document, registry), registry, connection, environment),
      }
    }),
  )
}

/** A file that holds a token lies in a pod: on a laptop there is none, and nothing can be tried. */
function tokenOf(
  account: NamespacedName | undefined,
  registry: TrustNeed['registry'],
  connection: Cluster | undefined,
  environment: Environment,
): Trial['token'] {
  return async (audience, lifeSeconds) => {
    if (account === undefined || connection === undefined) {
      return await readTokenFile(registry.tokenFile ?? tokenFilePath(undefined, environment), registry.tokenFileField)
    }
    const { value } = await requestToken(connection, account, { audience, lifeSeconds })
    return decodeSubjectToken(value, `the token of service account ${account.namespace}/${account.name}`)
  }
}
