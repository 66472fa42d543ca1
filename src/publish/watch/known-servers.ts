/**
 * Which served keys are published. An API server is known by its address: those that served a key in the first round in a cluster, and
 * those that --replica names. Known addresses are recorded, so that after a restart of the watch no further ones are known.
 *
 *   served by a known API server, or public already, or accepted by --accept-key ─▶ confirmed
 *   served only by API servers at new addresses ─▶ held back, as long as a known one responded in the last ten minutes
 *   none of the API servers that respond has a certificate of a trusted authority ─▶ held back
 *
 * An address does not become known by serving the published keys: any server can serve them. API servers that are restarted in place are known, so
 * that their new key is confirmed immediately. A roll-out that replaces them by others with new addresses has its new key confirmed as
 * soon as one known API server serves it, or ten minutes after the last known one is gone; then those that serve a key are known.
 */
import { eventReason } from '../../errors/codes.ts'
import { PullpassError } from '../../errors/pullpass-error.ts'
import type { Context } from '../../http/context.ts'
import type { ApiServerReading } from '../../oidc/cluster/api-servers.ts'
import { type IssuerKey, sameKey, thumbprintOf, whyUnusable } from '../../oidc/keys.ts'
import type { EventRecorder } from '../../server/events.ts'
import { quote } from '../../text/plain-text.ts'
import { type Alarm, publishAlarm } from './alarms.ts'

/** By address: rounds since the known API server last responded. */
export type KnownServers = ReadonlyMap<string, number>

export interface ServerFacts {
  readonly readings: readonly ApiServerReading[]
  /** `untrusted`: no API server with a certificate of a trusted authority responded, and others were queried. */
  readonly authority: 'trusted' | 'untrusted'
  /** Addresses that are known by configuration: of --replica, and the cluster's own. */
  readonly configured: readonly string[]
  /** Undefined before the first round that read trusted API servers, if none are recorded. */
  readonly known: KnownServers | undefined
  readonly published: readonly IssuerKey[]
  /** Thumbprints. */
  readonly acceptedKeys: readonly string[]
  /** A known API server no longer counts after so many rounds without a response. */
  readonly confirmingRounds: number
}

export interface UnconfirmedKey {
  readonly key: IssuerKey
  /** Addresses. */
  readonly from: readonly string[]
  readonly why: 'new address' | 'untrusted authority'
}

export interface ServerVerdict {
  readonly confirmed: readonly IssuerKey[]
  readonly unconfirmed: readonly UnconfirmedKey[]
  readonly known: KnownServers | undefined
}

export function evaluateServers(facts: ServerFacts): ServerVerdict {
  const responses = facts.readings.flatMap(({ from, documents }) =>
    documents instanceof PullpassError ? [] : [{ from, keys: documents.keys }],
  )
  const isFirst = facts.known === undefined
  const present = [...(facts.known?.keys() ?? [])]
  const isKnown = (from: string) =>
    isFirst || present.length === 0 || present.includes(from) || facts.configured.includes(from)
  const confirmed: IssuerKey[] = []
  const unconfirmed: UnconfirmedKey[] = []
  for (const { key, from } of gatherKeys(responses)) {
    const isPublic = facts.published.some((one) => isSame(one, key))
    const isConfirmed = facts.authority === 'trusted' && from.some(isKnown)
    if (isPublic || isConfirmed || facts.acceptedKeys.includes(thumbprintOf(key))) confirmed.push(key)
    else unconfirmed.push({ key, from, why: facts.authority === 'trusted' ? 'new address' : 'untrusted authority' })
  }
  return { confirmed, unconfirmed, known: facts.authority === 'trusted' ? knownAfter(facts, responses) : facts.known }
}

interface KeysResponse {
  readonly from: string
  readonly keys: readonly IssuerKey[]
}

const isSame = (one: IssuerKey, other: IssuerKey): boolean => one.keyId === other.keyId && sameKey(one, other)

/** Each key once, by kid and by what it is, with the addresses that serve it. */
function gatherKeys(responses: readonly KeysResponse[]): { key: IssuerKey; from: string[] }[] {
  const gathered = new Map<string, { key: IssuerKey; from: string[] }>()
  for (const { from, keys } of responses) {
    for (const key of keys) {
      const name = JSON.stringify([key.keyId, key.type, thumbprintOf(key)])
      const before = gathered.get(name)
      if (before === undefined) gathered.set(name, { key, from: [from] })
      else if (!before.from.includes(from)) before.from.push(from)
    }
  }
  return [...gathered.values()]
}

/** An address without a usable key does not become known. */
function knownAfter(
  { known, confirmingRounds }: ServerFacts,
  responses: readonly KeysResponse[],
): KnownServers | undefined {
  const responded = responses.filter(({ keys }) => keys.some((key) => whyUnusable(key) === undefined))
  if (responded.length === 0) return known
  if (known === undefined || known.size === 0) return new Map(responded.map(({ from }) => [from, 0]))
  const heard = new Set(responded.map(({ from }) => from))
  const after = [...known].map(([from, rounds]): [string, number] => [from, heard.has(from) ? 0 : rounds + 1])
  return new Map(after.filter(([, rounds]) => rounds < confirmingRounds))
}

/** Reports which API servers are known from this round on, because no known one responded. */
export async function announceServers(
  before: KnownServers | undefined,
  after: KnownServers | undefined,
  events: EventRecorder,
  { log }: Pick<Context, 'log'>,
): Promise<void> {
  const added = before === undefined ? [] : [...(after?.keys() ?? [])].filter((from) => !before.has(from))
  if (added.length === 0) return
  const message = `no known API server responded for ten minutes: from now on the keys that ${added.slice(0, 5).join(', ')}${added.length > 5 ? ` and ${added.length - 5} more` : ''} serve are published; compare these addresses with those of the control-plane nodes; else check which clients may write EndpointSlices in namespace default`
  log('warn', 'API servers at new addresses are known', { details: message })
  await events.record([
    { type: 'Warning', reason: eventReason('API_SERVERS_REPLACED'), subject: added.join(), message },
  ])
}

/** `published`: after the publication of this round. */
export function unconfirmedKeyAlarms(
  unconfirmed: readonly UnconfirmedKey[],
  isRevoked: (key: IssuerKey) => boolean,
  published: readonly IssuerKey[],
): Alarm[] {
  return unconfirmed
    .filter(({ key }) => whyUnusable(key) === undefined && !isRevoked(key))
    .filter(({ key }) => !published.some((one) => isSame(one, key)))
    .map(({ key, from, why }) =>
      publishAlarm({
        code: 'KEY_UNCONFIRMED',
        subject: `${key.keyId} ${thumbprintOf(key)}`,
        seen: `key ${quote(key.keyId ?? '')} is served by ${from.slice(0, 3).join(', ')} ${reasons[why]}: it is not published`,
        expected: 'a key that a known API server serves',
        hint: `check on a control-plane node whether it is in a file of --service-account-key-file; if so, accept it: restart pullpass with --accept-key=${thumbprintOf(key)}; if not, check which clients may write EndpointSlices in namespace default`,
      }),
    )
}

const reasons = {
  'new address': 'only, at an address that was not among the API servers before, and by none of the known ones',
  'untrusted authority': 'only, whose certificate is not issued by a recorded or accepted CA',
} as const
