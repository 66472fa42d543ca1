/** A subject token, for programs: the shape that `-o json` and `-o yaml` print. The token itself is no part of it. */
import type { InspectedToken } from './render-token.ts'

export interface TokenReport {
  readonly source: string
  readonly issuer: string
  readonly subject: string
  readonly audiences: readonly string[]
  readonly issuedAt: Date | undefined
  readonly expiresAt: Date
  readonly pod: string | undefined
  readonly node: string | undefined
  readonly keyId: string | undefined
  readonly algorithm: string | undefined
  /** Empty: nothing speaks against it. */
  readonly problems: readonly object[]
}

export function reportToken({ token, where, faults }: InspectedToken): TokenReport {
  const { value: _, ...claims } = token
  const problems = faults.map(({ code, hop, seen, expected, hint }) => ({ code, hop, seen, expected, fix: hint }))
  return { source: where, ...claims, problems }
}
