/** What fresh tokens of the cluster say against what is public: whoever exchanges such a one is refused. */

import { shellQuote } from '../../text/plain-text.ts'
import { quote } from '../../text/quote.ts'
import type { Alarm } from './alarm.ts'
import type { RoundVerdict } from './evaluate-round.ts'
import type { Publishing } from './publish-round.ts'

/** `issuer`: the one that is published; undefined before it is known. */
export function tokenAlarms(
  { signing, memory }: RoundVerdict,
  { published }: Publishing,
  issuer: string | undefined,
): Alarm[] {
  if (memory === undefined || issuer === undefined) return []
  return [...signing].flatMap(([keyId, iss]): Alarm[] => [
    ...(published.some((key) => key.keyId === keyId) ? [] : [unpublished(keyId)]),
    ...(iss === issuer ? [] : [otherIssuer(iss, issuer)]),
  ])
}

const unpublished = (keyId: string): Alarm => ({
  code: 'KEY_UNPUBLISHED',
  subject: keyId,
  message: `a token fresh from the cluster is signed by key ${quote(keyId)}, which is not public: exchanges with it are refused; fix: see that its public half is among --service-account-key-file of each API server, and what else is said here`,
})

const otherIssuer = (iss: string, issuer: string): Alarm => ({
  code: 'TOKEN_ISSUER_MISMATCH',
  subject: iss,
  message: `a token fresh from the cluster carries issuer ${quote(iss)}, published is ${issuer}; fix: where tokens are to carry what is published, it takes two roll-outs: pullpass issuer show --to-issuer ${shellQuote(issuer)} prints them`,
})
