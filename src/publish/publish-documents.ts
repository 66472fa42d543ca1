/**
 * Publishes an issuer's two documents to a target:
 *
 *   read both ─▶ plan: whose are they, which keys? ─▶ write the JWKS ─▶ write the discovery document
 *      ▲                                                   │                      │
 *      └──────────────────── conflict ─────────────────────┴──────────────────────┘
 */
import { PullpassError } from '../errors/pullpass-error.ts'
import {
  buildDocuments,
  type DocumentName,
  type DocumentToStore,
  type PublishTarget,
  type StoredDocument,
} from '../oidc/issuer-documents.ts'
import { type IssuerKey, parseJwks, sameKey, whyUnusable } from '../oidc/keys.ts'
import { quote } from '../text/plain-text.ts'
import { shellOperand } from '../text/shell.ts'
import { classifyPublished, isSameJson, type Stored } from './published-documents.ts'

export interface Publication {
  /** The `iss` that verifiers expect. */
  readonly issuer: string
  /** Every key that this cluster is known to have: by them its own documents are recognized. */
  readonly own: readonly IssuerKey[]
  /** Which keys are to be public, given those that are. */
  readonly choose: (published: readonly IssuerKey[]) => readonly IssuerKey[]
  /** Adopt: take over what another cluster or tool wrote. */
  readonly conflictPolicy: 'Refuse' | 'Adopt'
  /** Whether no key at all may be public: only where all of them were revoked. Absent: never. */
  readonly without?: 'any-key'
  readonly mode: 'write' | 'dry-run'
}

type Change = 'created' | 'updated' | 'unchanged'

interface PublishedKey {
  readonly key: IssuerKey
  readonly state: 'added' | 'kept' | 'withdrawn' | 'left out'
  /** Why it was left out. */
  readonly reason?: string
}

export interface PublishOutcome {
  readonly documents: Readonly<Record<DocumentName, DocumentToStore>>
  readonly changes: Readonly<Partial<Record<DocumentName, Change>>>
  readonly keys: readonly PublishedKey[]
  /** The discovery document and JWKS that were there before; a cache may still serve them. */
  readonly before: Stored
  /** How often the documents were read and written: more than once after a conflict, or after a write whose response was lost. */
  readonly attempts?: number
}

const attempts = 5

/** @throws PUBLISH_NOT_OURS, KEYS_UNUSABLE, PUBLISH_CONFLICT, and what the target throws */
export async function publishDocuments(target: PublishTarget, publication: Publication): Promise<PublishOutcome> {
  for (let attempt = 1; attempt <= attempts; attempt++) {
    const outcome = planPublication(target, await readStored(target), publication)
    if ((await writeDocuments(target, outcome, publication.mode)) === 'written')
      return { ...outcome, attempts: attempt }
  }
  throw new PullpassError({
    code: 'PUBLISH_CONFLICT',
    hop: 'publish',
    seen: `another writer changed ${target.name} between each read and write, ${attempts} times`,
    expected: 'one writer at a time',
    hint: 'check which other process publishes there; pullpass merges its keys into theirs and never undoes their changes',
    retryable: true,
  })
}

/** What publishing changes, given what is stored. Pure. @throws PUBLISH_NOT_OURS, KEYS_UNUSABLE */
export function planPublication(
  target: TargetDescription,
  before: Stored,
  { issuer, own, choose, conflictPolicy, without }: Publication,
): PublishOutcome {
  const { keys: published, foreign, otherIssuer } = classifyPublished(before, issuer, own)
  if (foreign !== undefined && conflictPolicy === 'Refuse') throw notOurs(target, foreign, otherIssuer)
  const chosen = choose(published)
  const kept = chosen.filter((key) => whyLeftOut(target, key) === undefined)
  if (without !== 'any-key' && kept.length === 0) throw noUsableKey(target, chosen, own)
  const documents = buildDocuments(issuer, kept)
  const changes = target.facts.stores.map((name) => [name, changeOf(before[name], documents[name])] as const)
  return {
    documents,
    changes: Object.fromEntries(changes),
    keys: compareKeys(target, keysIn(before), chosen),
    before,
  }
}

export type TargetDescription = Pick<PublishTarget, 'name' | 'facts'>

function changeOf(stored: StoredDocument | undefined, document: DocumentToStore): Change {
  if (stored === undefined) return 'created'
  return isSameJson(stored.text, document.text) && !stored.isDamaged ? 'unchanged' : 'updated'
}

/** The JWKS first: the discovery document that leads to it must not be ahead of it. */
async function writeDocuments(
  target: PublishTarget,
  { documents, changes, before }: PublishOutcome,
  mode: Publication['mode'],
): Promise<'written' | 'conflict'> {
  for (const name of ['jwks', 'discovery'] as const) {
    const replaces = before[name]?.version
    if (changes[name] === undefined || changes[name] === 'unchanged') continue
    if (mode === 'dry-run') {
      if (replaces !== undefined) await target.checkWrite?.(name, documents[name])
    } else if ((await target.write(name, documents[name], replaces)) === 'conflict') return 'conflict'
  }
  return 'written'
}

export async function readStored({ facts, read }: Pick<PublishTarget, 'facts' | 'read'>): Promise<Stored> {
  const stored = facts.stores.map(async (name) => [name, await read(name)] as const)
  return Object.fromEntries(await Promise.all(stored))
}

/** Also of documents that are adopted, whose keys are reported. */
const keysIn = ({ jwks }: Stored) => (jwks && parseJwks(jwks.text)) ?? []

const whyLeftOut = ({ facts: { keyTypes } }: TargetDescription, key: IssuerKey): string | undefined => {
  const keyType = key.curve ?? key.type
  const isAccepted = keyTypes === undefined || keyTypes.includes(keyType)
  return whyUnusable(key) ?? (isAccepted ? undefined : `the target does not accept keys of type ${keyType}`)
}

function compareKeys(
  target: TargetDescription,
  published: readonly IssuerKey[],
  chosen: readonly IssuerKey[],
): PublishedKey[] {
  const among = (keys: readonly IssuerKey[], key: IssuerKey) => keys.some((one) => sameKey(one, key))
  const stated = chosen.map((key): PublishedKey => {
    const reason = whyLeftOut(target, key)
    if (reason !== undefined) return { key, state: 'left out', reason }
    return { key, state: among(published, key) ? 'kept' : 'added' }
  })
  const gone = published.filter((key) => !among(chosen, key)).map((key): PublishedKey => ({ key, state: 'withdrawn' }))
  return [...stated, ...gone]
}

function notOurs(target: TargetDescription, foreign: string, otherIssuer: string | undefined): PullpassError {
  const fault = { code: 'PUBLISH_NOT_OURS', hop: 'publish' } as const
  if (otherIssuer !== undefined) {
    return new PullpassError({
      ...fault,
      seen: `${target.name} has ${foreign}, with keys of this cluster; it was left unchanged`,
      expected: 'the same issuer at each publication: clouds that trust that one find no documents if it is replaced',
      hint: `publish it as before: --issuer-url ${shellOperand(otherIssuer, 'ISSUER')}; or the other issuer at another path`,
    })
  }
  return new PullpassError({
    ...fault,
    seen: `${target.name} has ${foreign}; it was left unchanged`,
    expected: "this cluster's own documents, or none",
    ...(target.facts.clear === undefined
      ? { hint: 'choose another path, since one bucket can serve many clusters; or take over this one, once: --adopt' }
      : { hint: 'if they came with a backup, remove them', command: target.facts.clear }),
  })
}

function noUsableKey(
  target: TargetDescription,
  chosen: readonly IssuerKey[],
  own: readonly IssuerKey[],
): PullpassError {
  const fault = { code: 'KEYS_UNUSABLE', hop: 'discovery' } as const
  if (chosen.length === 0 && own.length > 0) {
    const kids = [...new Set(own.map(nameKey))].slice(0, 5)
    return new PullpassError({
      ...fault,
      seen: `each key of the cluster was revoked (${kids.join(', ')}), and a revoked one is never published again`,
      expected: 'a signing key that was not revoked; the published keys are unchanged',
      hint: 'configure every API server to sign with a new key; to undo a revocation, see',
      command: 'pullpass issuer revoke --help',
    })
  }
  const reasons = chosen.map((key) => `${nameKey(key)}: ${whyLeftOut(target, key)}`).slice(0, 5)
  if (chosen.some((key) => whyUnusable(key) === undefined)) {
    return new PullpassError({
      code: 'KEYS_UNUSABLE',
      hop: 'publish',
      seen: `${target.name} keeps none of the cluster's keys (${reasons.join('; ')})`,
      expected: 'at least one that it keeps; the published keys are unchanged',
      hint: 'publish to a bucket instead, where other verifiers read other keys; or sign with an RSA key of 2048 bits or more',
    })
  }
  return new PullpassError({
    ...fault,
    seen: `the cluster serves ${chosen.length === 0 ? 'no key' : `no key that a cloud reads (${reasons.join('; ')})`}`,
    expected:
      'at least one RSA key of 2048 bits or more, or an EC key on P-256, P-384 or P-521; published documents are not changed',
    hint: 'see --service-account-key-file of the API server',
  })
}

/** A kid is any text. */
const nameKey = ({ keyId }: IssuerKey) => (keyId === undefined ? 'a key without kid' : quote(keyId))
