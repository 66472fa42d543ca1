/** A plan, for programs: the shape that `-o json` and `-o yaml` print. */
import { describeChange, type Finding, resourceKind, resourceName } from '../../trust/finding.ts'
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
    findings: findings.map(({ after, verdict, changes, notes, fault }) => ({
      kind: resourceKind(after),
      name: resourceName(after),
      verdict,
      changes: changes.map(describeChange),
      notes,
      ...reportFault(fault),
    })),
  }
}
