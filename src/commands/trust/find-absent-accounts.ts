/** Service accounts whose tokens are to be exchanged, and which are not there yet: trust can be made before them, and proves nothing. */
import type { AbsentAccount } from '../../kubernetes/absent-account.ts'
import { findAbsentAccount } from '../../kubernetes/find-absent-account.ts'
import type { AnyNeed } from '../../trust/trust-need.ts'
import type { GatheredCluster } from './gather-clusters.ts'

export interface AbsentSubject extends AbsentAccount {
  readonly cluster: string
  /** NAMESPACE/NAME */
  readonly account: string
}

/** Each once; of a cluster that is not asked nothing is known. */
export async function findAbsentAccounts(
  needs: readonly AnyNeed[],
  clusters: readonly GatheredCluster[],
): Promise<AbsentSubject[]> {
  const found = clusters.flatMap(({ name: cluster, connection }) => {
    if (connection === undefined) return []
    const subjects = new Set(needs.filter((need) => need.cluster.name === cluster).map(({ subject }) => subject))
    return [...subjects].map(async (subject) => {
      const [, , namespace = '', name = ''] = subject.split(':')
      const absent = await findAbsentAccount(connection, { namespace, name })
      return absent === undefined ? [] : [{ ...absent, cluster, account: `${namespace}/${name}` }]
    })
  })
  return (await Promise.all(found)).flat()
}

/** One line, at its end the command. */
export const tellAbsent = ({ cluster, seen, command }: AbsentSubject): string =>
  `${seen} in cluster ${cluster}; make it: ${command}`
