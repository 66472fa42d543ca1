/** Publishes the result of a round where that is due, and reads it back as an anonymous client. */

import { asFault, PullpassError, withoutFaults } from '../../errors/pullpass-error.ts'
import type { Context } from '../../http/context.ts'
import type { SubjectToken } from '../../identity/subject-token.ts'
import type { ApiServerReading } from '../../oidc/cluster/api-servers.ts'
import { buildDocuments, type PublishTarget } from '../../oidc/issuer-documents.ts'
import { type IssuerKey, whyUnusable } from '../../oidc/keys.ts'
import { confirmPublication } from '../confirm.ts'
import { isRevoked, type KeyState, knownKeys } from '../key-state.ts'
import { publishUnrevoked } from '../publish.ts'
import type { PublishOutcome } from '../publish-documents.ts'
import { safeToSignAt } from '../safe-to-sign.ts'
import { type Alarm, faultAlarm } from './alarms.ts'
import { chooseKeys, type KeyChoice } from './choose-keys.ts'
import { confirmationAlarms, keyAlarms } from './key-alarms.ts'

export interface Publishing {
  /** Of the JWKS that was last tried to be written. */
  readonly triedText: string | undefined
  readonly failures: number
  /** When the target is next read, even if nothing changed. */
  readonly againAt: Date
  /** When it is next read as an anonymous client, although nothing changed. */
  readonly confirmAgainAt: Date
  /** `as written`: anonymous clients read it, or the target stores keys only. */
  readonly readBack: 'as written' | 'otherwise'
  /** The max-age with which the JWKS was read anonymously. */
  readonly servedSeconds: number | undefined
  /** The documents before the last change. Until then caches may serve them: an anonymous client that gets them is not an alarm. */
  readonly replaced: { readonly documents: PublishOutcome['before']; readonly until: Date } | undefined
  /** Of the last read as an anonymous client; valid until the next one. */
  readonly publicAlarms: readonly Alarm[]
  /** Keys that the last writing added. */
  readonly added: readonly IssuerKey[]
  /** What is public, as it was last read at the target. */
  readonly published: readonly IssuerKey[]
  /** When it was last written, or found to be as it should. */
  readonly publishedAt: Date | undefined
  /** Of the last attempt; valid until the next one. */
  readonly alarms: readonly Alarm[]
}

export const nothingTried: Publishing = {
  triedText: undefined,
  failures: 0,
  againAt: new Date(0),
  confirmAgainAt: new Date(0),
  readBack: 'otherwise',
  servedSeconds: undefined,
  replaced: undefined,
  publicAlarms: [],
  added: [],
  published: [],
  publishedAt: undefined,
  alarms: [],
}

export interface RoundPublication {
  readonly target: PublishTarget
  readonly issuer: string
  readonly keyState: KeyState
  /** With what was revoked since. */
  readonly readAgain: () => Promise<KeyState>
  /** Whether the key state had keys before the first round: only then an unknown key is an alarm. */
  readonly hadKeys: boolean
  readonly served: readonly IssuerKey[]
  readonly choice: KeyChoice
  readonly readings: readonly ApiServerReading[]
  readonly checkIntervalMs: number | undefined
  readonly onPublished: ((documents: PublishOutcome['documents']) => void) | undefined
}

/** How often the target is read, to find changes of other writers. */
const checkEveryMs = 5 * 60_000
/** How often it is read while anonymous clients read something else: a key may sign only after they read it. */
const confirmEveryMs = 60_000
const firstRetryMs = 15_000

/** The same as `before` where nothing is due. */
export async function publishRound(
  publication: RoundPublication,
  before: Publishing,
  context: Context,
): Promise<Publishing> {
  const { issuer, keyState, choice } = publication
  const text = buildDocuments(issuer, chooseKeys(keyState, before.published, choice)).jwks.text
  const isUnconfirmed = before.readBack === 'otherwise' && isDue(before.confirmAgainAt, choice.now)
  const isIdle = text === before.triedText && !isDue(before.againAt, choice.now)
  if (isIdle && !(isUnconfirmed && before.failures === 0)) return before
  const outcome = await publish(publication).catch(asFault)
  if (outcome instanceof PullpassError) return failed(outcome, text, before, choice.now)
  const published = outcome.keys.filter(({ state }) => state === 'added' || state === 'kept').map(({ key }) => key)
  publication.onPublished?.(outcome.documents)
  const confirmed = await confirm(publication, { ...before, published }, outcome, context)
  log(outcome, context)
  return {
    triedText: outcome.documents.jwks.text,
    failures: 0,
    againAt: new Date(choice.now.getTime() + (publication.checkIntervalMs ?? checkEveryMs)),
    ...confirmed,
    added: outcome.keys.filter(({ state }) => state === 'added').map(({ key }) => key),
    published,
    publishedAt: choice.now,
    alarms: [...confirmed.publicAlarms, ...keyAlarms(outcome, publication)],
  }
}

/** What is set for later than ever was set by a clock that was ahead. */
const isDue = (at: Date, now: Date): boolean => now >= at || at.getTime() - now.getTime() > checkEveryMs

/** As an anonymous client reads it: after a change, and at intervals. */
async function confirm(
  publication: RoundPublication,
  before: Publishing,
  outcome: PublishOutcome,
  context: Context,
): Promise<Pick<Publishing, 'confirmAgainAt' | 'publicAlarms' | 'readBack' | 'servedSeconds' | 'replaced'>> {
  const { issuer, target, choice } = publication
  const { confirmAgainAt, publicAlarms, published, readBack, servedSeconds } = before
  if (target.facts.publishes === 'keys') {
    return { confirmAgainAt, publicAlarms, readBack: 'as written', servedSeconds: undefined, replaced: undefined }
  }
  const isChanged = outcome.changes.jwks !== 'unchanged' || isOthers(before, outcome)
  const replaced = isChanged ? replacedBy(before, outcome, choice.now) : before.replaced
  if (!isChanged && !isDue(confirmAgainAt, choice.now)) {
    return { confirmAgainAt, publicAlarms, readBack, servedSeconds, replaced }
  }
  const isCached = replaced !== undefined && choice.now < replaced.until
  const read = isCached ? { ...outcome, before: replaced.documents } : outcome
  const confirmations = await confirmPublication(context, { issuer, target }, read, tokenFor(publication, published))
  const jwks = confirmations.find(({ check }) => check === 'jwks')
  const isRead = jwks?.state === 'ok'
  return {
    confirmAgainAt: new Date(choice.now.getTime() + (isRead ? checkEveryMs : confirmEveryMs)),
    readBack: isRead ? 'as written' : 'otherwise',
    servedSeconds: jwks?.cacheSeconds,
    replaced,
    publicAlarms: confirmationAlarms(confirmations, issuer),
  }
}

/** Another replica wrote what is new here. */
const isOthers = ({ triedText }: Publishing, { changes, documents }: PublishOutcome): boolean =>
  changes.jwks === 'unchanged' && documents.jwks.text !== triedText

/** A cache serves them for as long as the `max-age` that they were read with. */
function replacedBy(before: Publishing, outcome: PublishOutcome, now: Date): Publishing['replaced'] {
  const { triedText, servedSeconds } = before
  const earlier = isOthers(before, outcome) && triedText !== undefined ? { jwks: { text: triedText, version: '' } } : {}
  return { documents: { ...outcome.before, ...earlier }, until: safeToSignAt(now, servedSeconds) }
}

const publish = async ({
  target,
  issuer,
  keyState,
  readAgain,
  served,
  choice,
}: RoundPublication): Promise<PublishOutcome> =>
  await publishUnrevoked(target, {
    keyState,
    readAgain,
    publicationOf: (known) => ({
      issuer,
      own: knownKeys(served, known),
      choose: (published) => chooseKeys(known, published, choice),
      conflictPolicy: 'Refuse',
      ...(isAllRevoked(served, known) && { without: 'any-key' }),
      mode: 'write',
    }),
  })

/** Every key that the cluster could sign with was revoked, which requires a confirmation that every pull breaks. */
function isAllRevoked(served: readonly IssuerKey[], keyState: KeyState): boolean {
  const usable = served.filter((key) => whyUnusable(key) === undefined)
  return usable.length > 0 && usable.every((key) => isRevoked(keyState, key))
}

function failed(fault: PullpassError, text: string, before: Publishing, now: Date): Publishing {
  const failures = before.failures + 1
  const delayMs = Math.min(checkEveryMs, firstRetryMs * 2 ** (failures - 1))
  const meanwhile = 'the published documents stay unchanged, and the publication is tried again'
  return {
    ...before,
    triedText: text,
    added: [],
    failures,
    againAt: new Date(now.getTime() + delayMs),
    alarms: [faultAlarm('PUBLISH_FAILED', fault.code, fault, meanwhile)],
  }
}

/** A token with the published issuer and a published key, if there is one; problems of other tokens are separate alarms. */
function tokenFor({ issuer, readings }: RoundPublication, published: readonly IssuerKey[]): SubjectToken | string {
  const tokens = withoutFaults(readings.map(({ token }) => token))
  const isOut = ({ keyId }: SubjectToken) => published.some((key) => key.keyId === keyId)
  return (
    tokens.find((token) => token.issuer === issuer && isOut(token)) ?? 'not tried: the API servers issued no such token'
  )
}

function log({ keys, changes }: PublishOutcome, { log: write }: Pick<Context, 'log'>): void {
  const isChanged = Object.values(changes).some((change) => change !== 'unchanged')
  for (const { key, state } of isChanged ? keys : []) {
    if (state === 'added' || state === 'withdrawn') {
      write('info', state === 'added' ? 'a key was published' : 'a key was withdrawn', { kid: key.keyId ?? '' })
    }
  }
}
