/** Whether the API server would let each service account name the pull secret: a dry run, where it does not name it yet. */

import { asFault, PullpassError } from '../../errors/pullpass-error.ts'
import type { Cluster } from '../../kubernetes/connection/cluster.ts'
import { fieldManager } from '../../kubernetes/objects/apply-pull-secret.ts'
import { attachPullSecret } from '../../kubernetes/objects/service-accounts.ts'
import { sideBySide } from '../../refresh/apply-pull-secrets.ts'
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
