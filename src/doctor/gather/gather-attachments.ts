/** Whether the API server would let each service account name the pull secret: a dry run, where it does not name it yet. */
import { attachPullSecret } from '../../kubernetes/attach-pull-secret.ts'
import type { Cluster } from '../../kubernetes/cluster.ts'
import { fieldManager } from '../../kubernetes/field-manager.ts'
import { asFault } from '../../outside/as-fault.ts'
import { PullpassError } from '../../outside/pullpass-error.ts'
import { sideBySide } from '../../refresh/side-by-side.ts'
import type { AccountFacts } from './gather-places.ts'
import { mostNamespaces } from './gather-writes.ts'

/** So many are tried at most: what refuses one is a policy, and refuses the others too. */
export async function gatherAttachments(
  accounts: readonly AccountFacts[],
  cluster: Cluster,
): Promise<ReadonlyMap<AccountFacts, PullpassError>> {
  const lacking = accounts.filter(({ account, document: { secretName } }) =>
    account !== undefined && !(account instanceof PullpassError)
      ? !account.imagePullSecrets.includes(secretName)
      : false,
  )
  const tried = await sideBySide(lacking.slice(0, mostNamespaces), async (facts) => {
    const { account, document } = facts
    if (account === undefined || account instanceof PullpassError) return []
    const ways = { manager: fieldManager(document), dryRun: 'all' } as const
    const result = await attachPullSecret(cluster, account, document.secretName, ways).catch(asFault)
    return result instanceof PullpassError ? [[facts, result] as const] : []
  })
  return new Map(tried.flat())
}
