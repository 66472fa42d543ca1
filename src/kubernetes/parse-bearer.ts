/** A bearer token as an Authorization header's value. */
import { Redacted } from '../outside/redacted.ts'

/** Undefined where it holds what no header line can: RFC 6750 §2.1 allows less, but Rancher's tokens hold colons. */
export function parseBearer(token: string): Redacted | undefined {
  return /^[\x21-\x7e]+$/.test(token) ? new Redacted(`Bearer ${token}`) : undefined
}
