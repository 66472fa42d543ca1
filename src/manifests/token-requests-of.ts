/** The tokens that a refresh asks of the cluster: whose, for which audiences, and how long they live at most. */
import type { NamespacedName } from '../document/namespaced-name.ts'
import { requestedAccount } from '../document/requested-account.ts'
import type { BoundRegistry } from './bind-registries.ts'

export interface TokenRequests {
  readonly account: NamespacedName
  readonly audiences: readonly string[]
}

/** The API server grants no shorter life. https://kubernetes.io/docs/reference/kubernetes-api/authentication-resources/token-request-v1/ */
const shortestLifeSeconds = 600

/** One for each service account. */
export function tokenRequestsOf(registries: readonly BoundRegistry[]): TokenRequests[] {
  const requested = registries.flatMap(({ document, registry, audiences }) => {
    const account = requestedAccount(document, registry)
    return account === undefined ? [] : [{ account, audience: audiences[0] }]
  })
  const byAccount = Map.groupBy(requested, ({ account }) => `${account.namespace}/${account.name}`)
  return [...byAccount.values()].flatMap((requests) => {
    const [first] = requests
    const audiences = [...new Set(requests.map(({ audience }) => audience))]
    return first === undefined ? [] : [{ account: first.account, audiences }]
  })
}

/** Of one token that is to do for all these registries. */
export const longestLifeSeconds = (registries: readonly BoundRegistry[]): number =>
  Math.max(shortestLifeSeconds, ...registries.map(({ subjectTokenLifeSeconds }) => Math.ceil(subjectTokenLifeSeconds)))
