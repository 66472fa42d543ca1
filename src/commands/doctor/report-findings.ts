/** What doctor found, for programs: the shape that `-o json` and `-o yaml` print. */
import type { Finding } from '../../doctor/finding.ts'

export interface DoctorReport {
  readonly healthy: boolean
  /** What to mend first. */
  readonly first?: object
  readonly findings: readonly object[]
}

export function reportFindings(findings: readonly Finding[]): DoctorReport {
  const first = findings.find(({ result }) => result === 'failed')
  return {
    healthy: first === undefined,
    ...(first && { first: reportFinding(first) }),
    findings: findings.map(reportFinding),
  }
}

/** `fix` is what to do; `command` that of it which a shell can do. */
function reportFinding({ remedy, until, because, ...finding }: Finding): object {
  const { command, words } = remedy ?? {}
  const fix = command ?? words
  const note = command === undefined ? undefined : words
  const told = { ...finding, ...(until && { until: until.toISOString() }), ...(because && { because }) }
  return { ...told, ...(fix && { fix }), ...(command && { command }), ...(note && { note }) }
}
