/** Hop `service-account`: the service accounts of `attachToServiceAccounts` name the pull secret, or a dry run attaches it. */

import { documentName } from '../../../document/document.ts'
import { asFault, PullpassError } from '../../../errors/pullpass-error.ts'
import type { Cluster } from '../../../kubernetes/connection/cluster.ts'
import { fieldManager } from '../../../kubernetes/objects/apply-pull-secret.ts'
import { attachPullSecret } from '../../../kubernetes/objects/service-accounts.ts'
import { runConcurrently } from '../../../refresh/run-concurrently.ts'
import { clusterSource } from '../../facts/cluster.ts'
import { type AccountFacts, knownNamespaces, mostNamespaces, namespacesSource } from '../../facts/namespaces.ts'
import { dependencyFailed, failedBy, type HopFinding, withNote } from '../../finding.ts'
import { defineHop, defineSource, type Hop, type Source } from '../../hop.ts'
import type { PrintedCommands } from '../../printed-commands.ts'

/** Why attaching the Secret failed, by account. */
type Refusals = ReadonlyMap<AccountFacts, PullpassError>

const refusalsSource: Source<Refusals> = defineSource({
  needs: { cluster: clusterSource, namespaces: namespacesSource },
  step: { hops: ['service-account'], of: 'cluster', for: 'the dry run of service accounts' },
  otherwise: new Map(),
  async gather({ cluster, namespaces }) {
    const accounts = knownNamespaces(namespaces)?.accounts ?? []
    return cluster?.cluster === undefined ? new Map() : await gatherRefusals(accounts, cluster.cluster)
  },
})

export const serviceAccountHop: Hop = defineHop({
  name: 'service-account',
  needs: { namespaces: namespacesSource, refusals: refusalsSource },
  after: ['secret'],
  applies: ({ documents }) => documents.some((document) => document.attachToServiceAccounts.length > 0),
  evaluate: ({ namespaces, refusals }, { request: { commands }, found }) =>
    (knownNamespaces(namespaces)?.accounts ?? []).map((one) =>
      explainBySecret(evaluateAccount(one, refusals.get(one), commands), one, found.of('secret')),
    ),
})

/** A refresh attaches the Secret after it was written: what prevents that is the cause. */
function explainBySecret(
  finding: HopFinding,
  { namespace, document }: AccountFacts,
  secrets: readonly HopFinding[],
): HopFinding {
  if (finding.code !== 'SERVICE_ACCOUNT_NOT_ATTACHED') return finding
  const unwritten = secrets.find(
    (one) => one.namespace === namespace && one.secret === document.secretName && one.code === 'DEPENDENCY_FAILED',
  )
  if (unwritten === undefined) return finding
  const { remedy: _, expected: __, ...base } = finding
  return { ...base, ...dependencyFailed(finding.hop, finding.about, unwritten) }
}

async function gatherRefusals(accounts: readonly AccountFacts[], cluster: Cluster): Promise<Refusals> {
  const lacking = accounts.filter(({ account, document: { secretName } }) =>
    account !== undefined && !(account instanceof PullpassError)
      ? !account.imagePullSecrets.includes(secretName)
      : false,
  )
  const tried = await runConcurrently(lacking.slice(0, mostNamespaces), async (facts) => {
    const { account, document } = facts
    if (account === undefined || account instanceof PullpassError) return []
    const options = { manager: fieldManager(document), dryRun: 'all' } as const
    const result = await attachPullSecret(cluster, account, document.secretName, options).catch(asFault)
    return result instanceof PullpassError ? [[facts, result] as const] : []
  })
  return new Map(tried.flat())
}

/** `refused`: why a dry run of naming it there failed. */
function evaluateAccount(
  { document, namespace, name, account }: AccountFacts,
  refused: PullpassError | undefined,
  commands: PrintedCommands,
): HopFinding {
  const about = `ServiceAccount ${namespace}/${name}`
  const base = { hop: 'service-account', about, namespace, alike: `ServiceAccount ${name}` } as const
  if (account instanceof PullpassError) {
    return { ...base, result: 'skipped', code: 'NOT_READABLE', seen: `it cannot be read: ${account.seen}` }
  }
  if (account === undefined) {
    const refresh = commands.refresh({ after: commands.kubectl('create', 'serviceaccount', name, '-n', namespace) })
    return {
      ...base,
      result: 'warning',
      code: 'SERVICE_ACCOUNT_NOT_FOUND',
      seen: `it does not exist, and ${documentName(document)} names it under attachToServiceAccounts`,
      expected: 'a service account to attach the Secret to',
      remedy: withNote(refresh, 'or remove its name from the document'),
    }
  }
  if (account.imagePullSecrets.includes(document.secretName)) {
    return { ...base, result: 'ok', code: 'OK', seen: `its new pods get ${document.secretName}` }
  }
  if (refused !== undefined && !['KUBERNETES_FORBIDDEN', 'DRY_RUN_UNSUPPORTED'].includes(refused.code)) {
    return { ...base, ...failedBy(base.hop, about, refused) }
  }
  return {
    ...base,
    result: 'failed',
    code: 'SERVICE_ACCOUNT_NOT_ATTACHED',
    seen: `its imagePullSecrets do not name ${document.secretName}: its new pods pull without it`,
    expected: `${document.secretName} among them, since ${documentName(document)} names it under attachToServiceAccounts`,
    remedy: commands.refresh(),
  }
}
