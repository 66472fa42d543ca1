/** What a cloud makes of an issuer, by what it minds. Pure. */
import type { CloudName } from './clouds/clouds.ts'
import type { IssuerFinding } from './issuer-finding.ts'

export interface CloudVerdict {
  readonly cloud: CloudName
  /** The worst of its findings. */
  readonly level: 'ok' | IssuerFinding['level']
  readonly findings: readonly IssuerFinding[]
}

export function cloudVerdict(cloud: CloudName, findings: readonly IssuerFinding[]): CloudVerdict {
  const levels = findings.map(({ level }) => level)
  return { cloud, level: levels.includes('problem') ? 'problem' : (levels[0] ?? 'ok'), findings }
}
