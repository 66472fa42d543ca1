/** Findings that are one and the same but for the namespace, so that a cause is told once, however far it reaches. */
import type { Finding } from '../../doctor/finding.ts'

export interface Cause {
  /** The first that was found. */
  readonly finding: Finding
  readonly all: readonly Finding[]
  /** Those that it reached; empty where it is about none. */
  readonly namespaces: readonly string[]
}

/** In the order in which they were found. */
export function gatherCauses(findings: readonly Finding[]): Cause[] {
  return [...Map.groupBy(findings, keyOf).values()].flatMap((all) => {
    const [finding] = all
    if (finding === undefined) return []
    const namespaces = all.flatMap(({ namespace }) => namespace ?? [])
    return [{ finding, all, namespaces: [...new Set(namespaces)] }]
  })
}

function keyOf(finding: Finding): string {
  const { hop, result, code, about, alike, namespace, seen } = finding
  if (alike === undefined || namespace === undefined) return JSON.stringify([hop, result, code, about, seen])
  return JSON.stringify([hop, result, code, alike, seen.replaceAll(namespace, '*')])
}
