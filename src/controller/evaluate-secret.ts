/** What a Secret needs, by its metadata and the credentials in memory: pure. */

import type { PullSecretRecord, RegistryRecord } from '../credential/pull-secret-record.ts'
import { earliest } from '../credential/registry-credential.ts'
import type { Document } from '../document/document.ts'
import { PullpassError } from '../errors/pullpass-error.ts'
import { fieldManager } from '../kubernetes/objects/apply-pull-secret.ts'
import type { AnyPullSecret, PullSecretMetadata } from '../kubernetes/objects/pull-secrets.ts'
import { mintFingerprint } from '../refresh/exchange-requests.ts'
import { earlierEntry, endOf, entriesFor, evaluateFreshness, longestLifeMs } from '../refresh/freshness.ts'
import type { Minted } from '../refresh/mint-credentials.ts'
import { recordFor, replacedManager } from '../refresh/own-record.ts'
import { isCreatedBy } from '../refresh/ownership.ts'
import type { CachedCredential, Credentials, Obtained } from './credentials.ts'

export interface SecretEntry {
  /** Name of the registry. */
  readonly registry: string
  readonly mintedFrom: string
  /** Undefined: the Secret has no valid entry of ours. */
  readonly expiresAt: Date | undefined
  /** Without a valid entry: when that of an earlier form of the document expires; undefined: there is none. */
  readonly earlierExpiresAt: Date | undefined
}

/**
 * `changed`: absent, edited by another client, or written for another Secret; `due`: ours, and an entry is absent, expired or
 * past its refresh time. `dueAt`: of the first entry.
 */
export type SecretEvaluation =
  | { readonly verdict: 'fresh'; readonly entries: readonly SecretEntry[]; readonly dueAt: Date }
  | { readonly verdict: 'due' | 'changed'; readonly entries: readonly SecretEntry[] }

interface Evaluated {
  readonly namespace: string
  readonly found: AnyPullSecret | undefined
  /** Absent: the clocks are taken to be equal. */
  readonly clock?: ClockFacts
}

const sameClock = { setBackAt: undefined, aheadMs: undefined }

/** What is known of the clock of this machine. */
interface ClockFacts {
  /** When it was last set back; undefined: it was not. */
  readonly setBackAt: Date | undefined
  /** How far it is ahead of the clock of the API server; undefined: unknown. Milliseconds. */
  readonly aheadMs: number | undefined
}

export function evaluateSecret(
  document: Document,
  { namespace, found, clock }: Evaluated,
  credentials: Pick<Credentials, 'entryDueAt'>,
  now: Date,
): SecretEvaluation {
  const record = found && recordFor(document, found)
  const entryOf = entriesFor(document)
  const entries = document.registries.map((registry) => {
    const expiresAt = grantedUntil(record && entryOf(registry, record.registries), now)
    const earlierExpiresAt = expiresAt
      ? undefined
      : grantedUntil(record && earlierEntry(registry, record.registries), now)
    return { registry: registry.name, mintedFrom: mintFingerprint(document, registry), expiresAt, earlierExpiresAt }
  })
  if (found === undefined || record === undefined || !isIntact(document, { namespace, found, record })) {
    return { verdict: 'changed', entries }
  }
  if (isOfAnotherClock(record.refreshedAt, found.writtenAt, { ...(clock ?? sameClock), now })) {
    const unknown = { expiresAt: undefined, earlierExpiresAt: undefined }
    return { verdict: 'due', entries: entries.map((entry) => ({ ...entry, ...unknown })) }
  }
  if (evaluateFreshness(document, { minRemainingMs: 0, now })(namespace, found) === 'due') {
    return { verdict: 'due', entries }
  }
  const dueMs = entries.flatMap(({ mintedFrom, expiresAt }) =>
    expiresAt === undefined
      ? []
      : credentials.entryDueAt(mintedFrom, { from: record.refreshedAt, expiresAt }).getTime(),
  )
  const dueAt = new Date(Math.min(...dueMs))
  return dueAt <= now ? { verdict: 'due', entries } : { verdict: 'fresh', entries, dueAt }
}

/** No vendor grants a longer life: such an entry was written by another client. */
function grantedUntil(entry: RegistryRecord | undefined, now: Date): Date | undefined {
  const endMs = endOf(entry)
  return endMs !== undefined && endMs - now.getTime() <= longestLifeMs ? new Date(endMs) : undefined
}

/** Verifiers of tokens allow clocks to differ by a minute: RFC 7519 §4.1.4. */
export const toleratedMs = 60_000

/**
 * Whether the Secret was written by a clock that was ahead of the present one, of another machine or of this one before it was set
 * back: its entries expire earlier than it states. `writtenAt`: by the clock of the API server, which shows how far the writer's
 * was ahead at least; a credential can have been minted a while before.
 */
function isOfAnotherClock(
  refreshedAt: Date,
  writtenAt: Date | undefined,
  { now, setBackAt, aheadMs }: ClockFacts & { readonly now: Date },
): boolean {
  if (refreshedAt.getTime() > now.getTime() + toleratedMs) return true
  if (setBackAt !== undefined && refreshedAt < setBackAt) return true
  if (writtenAt === undefined || aheadMs === undefined) return false
  return refreshedAt.getTime() - writtenAt.getTime() > aheadMs + toleratedMs
}

/** Whether the Secret is as it was written for this document, or for the variables that it replaces, whatever its age. */
function isIntact(
  document: Document,
  { namespace, found, record }: { namespace: string; found: PullSecretMetadata; record: PullSecretRecord },
): boolean {
  const manager = replacedManager(document, found) ?? fieldManager(document)
  const names = new Set(document.registries.map(({ name }) => name))
  return (
    hasDesiredOwner(document, found) &&
    found.owners.label.includes(manager) &&
    record.target === `${namespace}/${document.secretName}` &&
    (manager !== fieldManager(document) || [...record.registries.keys()].every((name) => names.has(name)))
  )
}

/** Only a Secret that the document created is owned by its custom resource, so that it is deleted with it. */
function hasDesiredOwner(document: Document, found: PullSecretMetadata): boolean {
  const owners = found.ownedBy.filter(({ manager }) => manager === fieldManager(document)).map(({ uid }) => uid)
  const desired = document.owner !== undefined && isCreatedBy(found, document) ? [document.owner.uid] : []
  return owners.join() === desired.join()
}

export type WritePlan =
  /** Nothing is written: a credential is awaited, or none would be newer than what the Secret contains. `until`: the next refresh. */
  | { readonly action: 'wait'; readonly until: Date | undefined }
  | { readonly action: 'write'; readonly minted: Minted; readonly refreshedAt: Date }

/** Whether a Secret that is not fresh can be written now. */
export function planWrite({ verdict, entries }: SecretEvaluation, obtained: Obtained, now: Date): WritePlan {
  const states = [...obtained]
  const cached = states.flatMap(([, state]) => (isCached(state) ? state : []))
  const improves = entries.some(({ mintedFrom, expiresAt }) => {
    const state = obtained.get(mintedFrom)
    if (!isCached(state)) return false
    return verdict === 'changed' || expiresAt === undefined || state.expiresAt > expiresAt
  })
  if (!improves || states.some(([, state]) => state === 'pending')) {
    return { action: 'wait', until: earliest(cached.map(({ dueAt }) => dueAt).filter((dueAt) => dueAt > now)) }
  }
  const minted = new Map(
    states.flatMap(([mintedFrom, state]) =>
      state === 'pending' ? [] : [[mintedFrom, isCached(state) ? state.credential : state] as const],
    ),
  )
  return {
    action: 'write',
    minted,
    refreshedAt: new Date(Math.max(...cached.map(({ mintedAt }) => mintedAt.getTime()))),
  }
}

const isCached = (state: CachedCredential | PullpassError | 'pending' | undefined): state is CachedCredential =>
  state !== undefined && state !== 'pending' && !(state instanceof PullpassError)
