/** A plan, for programs: the shape that `-o json` and `-o yaml` print. */
import type { Finding } from '../../trust/finding.ts'
import { markOf, type TrustedCluster } from '../../trust/trusted-cluster.ts'
import { reportFault } from './report-fault.ts'

export function reportFindings(findings: readonly Finding[], clusters: readonly TrustedCluster[]): object {
  return {
    clusters: clusters.map((cluster) => ({
      name: cluster.name,
      issuer: cluster.issuer,
      mark: markOf(cluster),
      providerId: cluster.providerId,
    })),
    findings: findings.map(({ kind, name, verdict, changes, notes, fault }) => ({
      kind,
      name,
      verdict,
      changes: changes.map(({ says }) => says),
      notes,
      ...reportFault(fault),
    })),
  }
}
