/** A subject token, for people. */
import type { JudgedToken } from '../../identity/judge-subject-token.ts'
import type { PullpassError } from '../../outside/pullpass-error.ts'
import { instantAndDistance } from '../../terminal/relative-time.ts'
import { renderTable } from '../../terminal/render-table.ts'

export interface InspectedToken extends JudgedToken {
  readonly faults: readonly PullpassError[]
}

/** What it says, a line for each claim, then what speaks against it. */
export function renderToken(inspected: InspectedToken, now: Date, color: 'always' | 'never'): string {
  return `${renderTable({ rows: claimRows(inspected, now) }, color)}\n\n${renderVerdict(inspected)}`
}

function claimRows({ token, where }: InspectedToken, now: Date): string[][] {
  const [first = 'nobody', ...others] = token.audiences
  const key = [token.keyId, token.algorithm].filter((part) => part !== undefined).join(', ')
  return [
    ['token', where],
    ['issuer', token.issuer],
    ['subject', token.subject],
    ['audience', first],
    ...others.map((audience) => ['', audience]),
    ['issued', token.issuedAt === undefined ? 'it does not say' : instantAndDistance(token.issuedAt, now)],
    ['expires', instantAndDistance(token.expiresAt, now)],
    ['bound to pod', token.pod ?? 'none'],
    ['bound to node', token.node ?? 'none'],
    ['signed by key', key === '' ? 'it does not say' : key],
  ]
}

function renderVerdict({ faults, accepted }: InspectedToken): string {
  if (faults.length > 0) return faults.map(({ message }) => message).join('\n')
  if (accepted.length === 0) {
    return 'Nothing speaks against it by itself. Whether a registry will take it: name its document with -f.'
  }
  const hosts = [...new Set(accepted.map(({ host }) => host))]
  return `Nothing speaks against it for ${hosts.join(', ')}; who verifies it will also look at its signature.`
}
