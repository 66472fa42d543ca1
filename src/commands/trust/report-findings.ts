/** A plan, for programs: the shape that `-o json` and `-o yaml` print. */
import { markOf } from '../../trust/trusted-cluster.ts'
import { reportFault } from '../report-fault.ts'
import type { Plan } from './render-findings.ts'

export function reportFindings({ clusters, findings, absent }: Plan): object {
  return {
    clusters: clusters.map((cluster) => ({
      name: cluster.name,
      issuer: cluster.issuer,
      mark: markOf(cluster),
      poolId: cluster.poolId,
      providerId: cluster.providerId,
    })),
    findings: findings.map(({ kind, name, verdict, changes, notes, fault, missingNeeds }) => ({
      kind,
      name,
      verdict,
      changes: changes.map(({ says }) => says),
      notes,
      ...(missingNeeds && { missingNeeds }),
      ...reportFault(fault),
    })),
    absentAccounts: absent.map(({ cluster, account, command }) => ({ cluster, account, fix: command })),
  }
}
