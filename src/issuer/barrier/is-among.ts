/** Whether one of these keys is the one that a token names. */
import type { SubjectToken } from '../../identity/subject-token.ts'
import type { IssuerKey } from '../keys/issuer-key.ts'

export const isAmong = (keys: readonly IssuerKey[], { keyId: wanted }: SubjectToken): boolean =>
  wanted !== undefined && keys.some(({ keyId }) => keyId === wanted)
