/**
 * Publishes without revoked keys, also those that are revoked meanwhile. A revocation is recorded before it is published:
 *
 *   read what is revoked ─▶ publish ─▶ was a key added? ─▶ read it again ─▶ revoked meanwhile? ─▶ publish without it
 */
import { isDeepStrictEqual } from 'node:util'
import { PullpassError } from '../errors/pullpass-error.ts'
import type { DocumentName, PublishTarget } from '../oidc/issuer-documents.ts'
import { checkIssuerUrl } from '../oidc/issuer-url.ts'
import type { IssuerKey } from '../oidc/keys.ts'
import { managedServiceOf, type ServiceVendors } from '../oidc/managed-service.ts'
import { asList, asObject, asText, type JsonObject, jsonOrNone } from '../text/json-fields.ts'
import { quote } from '../text/plain-text.ts'
import { shellOperand } from '../text/shell.ts'
import { isRevoked, type KeyState, knownKeys, mergeUnrevoked } from './key-state.ts'
import { type Publication, type PublishOutcome, publishDocuments } from './publish-documents.ts'

export interface UnrevokedPublication {
  /** As it was read just now. */
  readonly keyState: KeyState
  readonly readAgain: () => Promise<KeyState>
  readonly publicationOf: (keyState: KeyState) => Publication
}

/** @throws errors of publishing, and of reading the key state */
export async function publishUnrevoked(
  target: PublishTarget,
  { keyState, readAgain, publicationOf }: UnrevokedPublication,
): Promise<PublishOutcome> {
  const publication = publicationOf(keyState)
  const outcome = await publishDocuments(target, publication)
  // After a conflict, a key that this run added in an earlier attempt counts as kept.
  const mayBeNew = publication.conflictPolicy === 'Adopt' || (outcome.attempts ?? 1) > 1
  const added = outcome.keys.filter(({ state }) => state === 'added' || (state === 'kept' && mayBeNew))
  if (added.length === 0 || publication.mode === 'dry-run') return outcome
  const after = await readAgain()
  if (!added.some(({ key }) => isRevoked(after, key))) return outcome
  // Revoking the last key requires a confirmation that every pull breaks.
  return await publishDocuments(target, { ...publicationOf(after), without: 'any-key' })
}

export interface ServedPublication extends Pick<Publication, 'issuer' | 'conflictPolicy' | 'without' | 'mode'> {
  /** By the cluster's API servers. */
  readonly served: readonly IssuerKey[]
}

/** The served keys are added to the published ones; only revoked keys are withdrawn. */
export const mergedPublication = ({ served, ...publication }: ServedPublication, state: KeyState): Publication => ({
  ...publication,
  own: knownKeys(served, state),
  choose: (published) => mergeUnrevoked(served, state, published),
})

/** Publishes once. @throws what publishing and reading the key state throw */
export const publishServed = async (
  target: PublishTarget,
  publication: ServedPublication,
  state: KeyState,
  readAgain: () => Promise<KeyState>,
): Promise<PublishOutcome> =>
  await publishUnrevoked(target, {
    keyState: state,
    readAgain,
    publicationOf: (known) => mergedPublication(publication, known),
  })

/**
 * The issuer of the published documents, checked before anything is written. `flag`: `--issuer-url`. If the target stores keys only,
 * clouds read nothing at the issuer: it may be one that can be reached in the cluster only.
 * @throws ISSUER_UNUSABLE, PUBLISHED_BY_VENDOR
 */
export function issuerToPublish(
  flag: string | undefined,
  { publicUrl: ofTarget, facts }: Pick<PublishTarget, 'publicUrl' | 'facts'>,
  ofCluster: string,
  vendors: ServiceVendors,
): string {
  const issuer = flag ?? ofTarget ?? ofCluster
  const named =
    flag !== undefined ? '--issuer-url' : ofTarget !== undefined ? "the target's URL" : "the cluster's issuer"
  const fault = facts.publishes === 'documents' ? checkIssuerUrl(issuer, named) : undefined
  if (fault !== undefined) throw fault
  const service = managedServiceOf(ofCluster, vendors)
  if (service === undefined) return issuer
  throw new PullpassError({
    code: 'PUBLISHED_BY_VENDOR',
    hop: 'publish',
    seen: `the cluster's issuer is ${ofCluster}: ${service} publishes its documents, and updates them`,
    expected: 'a cluster whose issuer is its own',
    hint: 'there is nothing to publish; trust that issuer as it is, and check it',
    command: `pullpass issuer check ${shellOperand(ofCluster, 'ISSUER')}`,
  })
}

/** Members that are shown of a document that changed. */
const most = 5

/** What changed in a document that is updated, as text: names of members and kids, no values. Undefined for other documents. Pure. */
export function whatDiffers(name: DocumentName, outcome: PublishOutcome): string | undefined {
  if (outcome.changes[name] !== 'updated') return undefined
  const before = asObject(jsonOrNone(outcome.before[name]?.text ?? ''))
  if (before === undefined) return 'the previous content is not a JSON object'
  const after = asObject(jsonOrNone(outcome.documents[name].text)) ?? {}
  return name === 'jwks' ? keysThatDiffer(before, after, outcome) : listed(membersThatDiffer(before, after))
}

/** Of a document that is updated: the members of its JSON object that differ, at most as many as are shown. */
export function changedMembers(name: DocumentName, outcome: PublishOutcome): string[] {
  if (outcome.changes[name] !== 'updated') return []
  const before = asObject(jsonOrNone(outcome.before[name]?.text ?? '')) ?? {}
  const after = asObject(jsonOrNone(outcome.documents[name].text)) ?? {}
  return membersThatDiffer(before, after).slice(0, most).map(shortened)
}

function keysThatDiffer(before: JsonObject, after: JsonObject, { keys }: PublishOutcome): string {
  const count = (state: 'added' | 'withdrawn') => {
    const number = keys.filter((key) => key.state === state).length
    return number === 0 ? [] : [`${number} key${number === 1 ? '' : 's'} ${state}`]
  }
  const counts = [...count('added'), ...count('withdrawn')]
  if (counts.length > 0) return counts.join(', ')
  const written = keysByKid(before)
  const changed = [...keysByKid(after)].flatMap(([kid, key]) => {
    const members = membersThatDiffer(written.get(kid) ?? {}, key)
    return members.length === 0 ? [] : [`of key ${quote(kid)} ${listed(members)}`]
  })
  return changed.length > 0 ? changed.slice(0, most).join('; ') : 'the same keys, without what else was written there'
}

function keysByKid({ keys }: JsonObject): Map<string, JsonObject> {
  const objects = asList(keys)
    .map(asObject)
    .filter((key) => key !== undefined)
  return new Map(objects.map((key) => [asText(key['kid']) ?? '', key]))
}

const membersThatDiffer = (one: JsonObject, other: JsonObject): string[] =>
  [...new Set([...Object.keys(one), ...Object.keys(other)])].filter(
    (member) => !isDeepStrictEqual(one[member], other[member]),
  )

/** Names come from the previous writer: their number and length are limited. */
function listed(members: readonly string[]): string {
  const named = members.slice(0, most).map(shortened)
  return `${named.join(', ')}${members.length > most ? ` and ${members.length - most} more` : ''}`
}

const shortened = (name: string) => (name.length > 40 ? `${name.slice(0, 40)}…` : name)
