/** Whether a key can be revoked, and what breaks with it: before anything is written. */
import { PullpassError } from '../../outside/pullpass-error.ts'
import { quote } from '../../outside/quote.ts'
import type { IssuerKey } from '../keys/issuer-key.ts'
import { whyUnusable } from '../keys/why-unusable.ts'
import { isRevoked } from '../memory/is-revoked.ts'
import { digestOf, type KeyMemory } from '../memory/key-memory.ts'
import { mergeUnrevoked } from '../memory/merge-unrevoked.ts'

export interface RevocationFacts {
  readonly keyId: string
  readonly served: readonly IssuerKey[]
  readonly published: readonly IssuerKey[]
  readonly memory: KeyMemory
  /** Kids of fresh tokens; undefined where no API server gave one. */
  readonly signing: readonly string[] | undefined
  /** `revoke`: though every pull breaks. */
  readonly inUse: 'refuse' | 'revoke'
}

/** The key that is meant; undefined where it was revoked before and nobody serves it any more. @throws KEY_UNKNOWN, KEY_IN_USE */
export function judgeRevocation(facts: RevocationFacts): IssuerKey | undefined {
  const { keyId, memory, signing } = facts
  const known = [...facts.published, ...facts.served, ...memory.keys.map(({ key }) => key)]
  const key = known.find((one) => one.keyId === keyId)
  const before = memory.revocations.find(({ digest }) => digest === digestOf(keyId))
  if (key === undefined && before === undefined) throw unknown(keyId, known, signing ?? [])
  if (before !== undefined || facts.inUse === 'revoke') return key ?? before?.key
  if (signing === undefined)
    throw inUse(`no API server gave a token, so that it cannot be seen whether key ${quote(keyId)} signs`)
  if (signing.includes(keyId)) throw inUse(`key ${quote(keyId)} signs the cluster's tokens now`)
  const left = mergeUnrevoked(facts.served, memory, facts.published).filter((one) => one.keyId !== keyId)
  if (left.every((one) => whyUnusable(one) !== undefined || isRevoked(memory, one))) {
    throw inUse(`key ${quote(keyId)} is the only key that is public`)
  }
  return key
}

/** Whoever mistyped must not paste the one that signs: it is listed last, and as what it is. */
function listed(known: readonly IssuerKey[], signing: readonly string[]): string {
  const kids = [...new Set(known.map((one) => one.keyId ?? ''))]
  const idle = kids.filter((kid) => !signing.includes(kid)).map((kid) => `key ${quote(kid)}`)
  const busy = kids.filter((kid) => signing.includes(kid)).map((kid) => `key ${quote(kid)} (it signs now)`)
  return [...idle, ...busy].slice(0, 20).join(', ')
}

const unknown = (keyId: string, known: readonly IssuerKey[], signing: readonly string[]) =>
  new PullpassError({
    code: 'KEY_UNKNOWN',
    hop: 'publish',
    seen: `${quote(keyId)} is no key that is served, public or remembered`,
    expected: known.length === 0 ? 'a key, and there is none' : `the KID that leaked; known: ${listed(known, signing)}`,
    hint: 'see which key signed the token that leaked: pullpass inspect FILE; revoke no other in its place',
  })

const inUse = (why: string) =>
  new PullpassError({
    code: 'KEY_IN_USE',
    hop: 'publish',
    seen: `${why}: without it every exchange is refused, and pull secrets run out within the hour`,
    expected: 'a key that signs no longer; nothing was changed',
    hint: 'let the API servers sign with another key first, which issuer watch publishes; or, where a break of all pulls is the lesser evil: --yes',
  })
