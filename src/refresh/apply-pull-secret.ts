/**
 * Writes one pull secret, in place, as its ownership allows; reads it again after a conflict.
 *
 *   read ─▶ classify ─▶ apply ─▶ done
 *     ▲                │ 409: it changed meanwhile
 *     └── newer? ◀─────┘        (an older credential never replaces a newer one)
 */
import { type RegistryRecord, renderRecord } from '../credential/pull-secret-record.ts'
import { type Document, resourceSource, tenantOf } from '../document/document.ts'
import { environmentSource } from '../document/load-documents.ts'
import { type Fault, PullpassError } from '../errors/pullpass-error.ts'
import type { Cluster } from '../kubernetes/connection/cluster.ts'
import {
  type Applied,
  applySecret,
  fieldManager,
  isDocumentManager,
  type PullSecret,
} from '../kubernetes/objects/apply-pull-secret.ts'
import { foundIn } from '../kubernetes/objects/list.ts'
import { listPullSecrets, type PullSecretMetadata } from '../kubernetes/objects/pull-secrets.ts'
import { quote } from '../text/plain-text.ts'
import type { Redacted } from '../text/redacted.ts'
import { shellQuote } from '../text/shell.ts'
import type { Outcome } from './outcome.ts'
import { ownRecord, recordedName } from './own-record.ts'
import { evaluateOwnership, isCreatedBy, type Ownership, type Takeover } from './ownership.ts'

export interface PullSecretWrite {
  readonly document: Document
  readonly namespace: string
  readonly dockerConfigJson: Redacted
  readonly records: ReadonlyMap<string, RegistryRecord>
  readonly refreshedAt: Date
  readonly mode: 'write' | 'dry-run'
  readonly takeover: Takeover
}

export type Written = Pick<Outcome, 'result' | 'resourceVersion' | 'adopted' | 'note' | 'rewritten'>

/**
 * A version that no Secret has: the API server ignores it if the Secret does not exist, and responds with 409 if one was created since
 * (e2e/contract/cases/kubernetes-apply-cases.ts). Otherwise a late run would overwrite that of another run of the same document.
 */
const createOnly = '1'

/** How often a Secret that changes during the write is read and written again. */
const maxAttempts = 4

/** `found`: the Secret's metadata as it was listed. @throws PullpassError if it could not be written */
export async function applyPullSecret(
  write: PullSecretWrite,
  found: PullSecretMetadata | undefined,
  cluster: Cluster,
): Promise<Written> {
  let seen = found
  for (let attempt = 1; ; attempt++) {
    const meanwhile = attempt > 1 ? writtenMeanwhile(seen, write) : undefined
    if (meanwhile !== undefined) return meanwhile
    // Of two documents that take over a Secret at the same time, the first one keeps it.
    const ownership = evaluateOwnership(seen, write.document, attempt === 1 ? write.takeover : 'refused')
    try {
      return await act(write, ownership, cluster)
    } catch (fault) {
      if (!changedMeanwhile(fault, ownership) || attempt === maxAttempts) throw fault
      seen = await readAgain(write, cluster)
    }
  }
}

async function act(write: PullSecretWrite, ownership: Ownership, cluster: Cluster): Promise<Written> {
  const apply = (changes: Partial<PullSecret>, force: 'force' | 'yield') =>
    applySecret(
      cluster,
      { ...desiredSecret(write), ...changes },
      { manager: fieldManager(write.document), force, dryRun: write.mode === 'dry-run' ? 'all' : 'none' },
    )
  switch (ownership.verdict) {
    case 'refuse':
      throw notOurs(write, ownership)
    case 'create': {
      const owned = ownerReferencesOf(write.document)
      return resultOf(await apply({ resourceVersion: createOnly, ...owned }, 'yield'), 'created')
    }
    // Forced: the resourceVersion states which ownership was classified, and a concurrent change is a 409.
    case 'update':
      return resultOf(await apply(asOwned(ownership.found, write), 'force'))
    case 'restore':
      return noted(
        resultOf(await apply(asOwned(ownership.found, write), 'force')),
        `it had been changed by ${ownership.editors.join(', ') || 'an unknown client'}, and was restored`,
      )
    case 'replace':
      return noted(
        resultOf(await apply(asOwned(ownership.found, write), 'force')),
        'taken over from the environment variables',
      )
    case 'adopt':
      return {
        ...noted(await adopt(ownership.found, write, apply), 'taken over from its earlier manager'),
        adopted: true,
      }
    default:
      return ownership satisfies never
  }
}

/** The annotation of kubectl can contain the old password: an apply empties it, and the next one drops it. */
async function adopt(
  found: PullSecretMetadata,
  write: PullSecretWrite,
  apply: (changes: Partial<PullSecret>, force: 'force') => Promise<Applied>,
): Promise<Written> {
  if (found.lastApplied === 'absent') return resultOf(await apply(asFound(found), 'force'))
  const annotations = { ...desiredSecret(write).annotations, 'kubectl.kubernetes.io/last-applied-configuration': '' }
  const emptied = await apply({ ...asFound(found), annotations }, 'force')
  if (write.mode === 'dry-run' || emptied.outcome === 'terminating') return resultOf(emptied)
  return resultOf(await apply(asFound(emptied), 'force'))
}

const noted = (written: Written, note: string): Written => ({
  ...written,
  note: written.note === undefined ? note : `${note}; ${written.note}`,
})

const asFound = ({ uid, resourceVersion }: { readonly uid: string; readonly resourceVersion: string }) => ({
  uid,
  resourceVersion,
})

/** With the custom resource as its owner, if the Secret is to be deleted with it: never one that this document did not create. */
const asOwned = (found: PullSecretMetadata, { document }: PullSecretWrite) => ({
  ...asFound(found),
  ...(isCreatedBy(found, document) ? ownerReferencesOf(document) : {}),
})

const ownerReferencesOf = ({ owner }: Document) => (owner === undefined ? {} : { ownerReferences: [owner] })

function resultOf(applied: Applied, done: 'created' | 'updated' = 'updated'): Written {
  if (applied.outcome === 'terminating') return { result: 'skipped', note: 'the namespace is being deleted' }
  const { outcome, resourceVersion, rewritten } = applied
  return {
    result: outcome === 'unchanged' ? 'unchanged' : done,
    resourceVersion,
    ...(rewritten && { rewritten, note: `admission would change it: ${rewritten.join(', ')}` }),
  }
}

function desiredSecret({ document, namespace, dockerConfigJson, records, refreshedAt }: PullSecretWrite): PullSecret {
  const target = `${namespace}/${document.secretName}`
  return {
    namespace,
    name: document.secretName,
    labels: { 'app.kubernetes.io/managed-by': 'pullpass' },
    annotations: renderRecord({ document: recordedName(document), target, refreshedAt, registries: records }),
    dockerConfigJson,
  }
}

/** A conflict over a Secret that did not exist is a change too: another client created it meanwhile. */
function changedMeanwhile(fault: unknown, { verdict }: Ownership): boolean {
  if (!(fault instanceof PullpassError)) return false
  return fault.code === 'SECRET_CONFLICT' || (fault.code === 'SECRET_NOT_OURS' && verdict === 'create')
}

async function readAgain(
  { document, namespace }: PullSecretWrite,
  cluster: Cluster,
): Promise<PullSecretMetadata | undefined> {
  return foundIn(await listPullSecrets(cluster, document.secretName, [namespace]), namespace)
}

/**
 * Of the same document's manager: this write, whose response was lost; or that of another run, if an entry of the same source is
 * valid for longer, or none is valid for less.
 */
function writtenMeanwhile(found: PullSecretMetadata | undefined, write: PullSecretWrite): Written | undefined {
  const theirs = found && ownRecord(found, fieldManager(write.document))
  if (found === undefined || theirs === undefined) return undefined
  const { resourceVersion } = found
  const aheadMs = [...write.records].map(([name, ours]) => {
    const their = theirs.registries.get(name)
    const same = their?.mintedFrom === ours.mintedFrom
    return their !== undefined && same ? endMs(their) - endMs(ours) : Number.NEGATIVE_INFINITY
  })
  const equal = aheadMs.every((ms) => ms === 0)
  if (equal && theirs.refreshedAt.getTime() === write.refreshedAt.getTime())
    return { result: 'updated', resourceVersion }
  if (!equal && !aheadMs.some((ms) => ms > 0)) return undefined
  return { result: 'unchanged', resourceVersion, note: 'another run wrote a newer credential in the meantime' }
}

/** Entries of one source are compared: of unknown expiry, the one that was read later is newer. */
const endMs = ({ expiresAt, readAt }: RegistryRecord): number => (expiresAt ?? readAt)?.getTime() ?? 0

function notOurs({ document, namespace }: PullSecretWrite, { found, owners }: Refused): PullpassError {
  const secret = `Secret ${namespace}/${document.secretName}`
  const other = owners.find(isDocumentManager)
  const wording =
    other === undefined
      ? ofAnotherManager(secret, document, { owners, found })
      : ofAnotherDocument(secret, document, { other, found })
  const written = other === undefined ? undefined : ownRecord(found, other)?.document
  const causeKey = JSON.stringify([document.kind, document.name, document.secretName, owners, written])
  return new PullpassError({ code: 'SECRET_NOT_OURS', hop: 'kubernetes', ...wording, causeKey })
}

type Refused = Extract<Ownership, { verdict: 'refuse' }>
type RefusedWording = Pick<Fault, 'seen' | 'expected' | 'hint'>

function ofAnotherManager(
  secret: string,
  document: Document,
  { owners, found }: Pick<Refused, 'owners' | 'found'>,
): RefusedWording {
  const field = document.source === environmentSource ? 'REGISTRY_SECRET_NAME' : 'spec.secretName'
  const expected = `one that pullpass created for ${document.kind} ${document.name}, or none`
  // Without an owner of .dockerconfigjson, it is a Secret of another type, which no apply can change.
  if (owners.length === 0 && found.otherDataOwners.length > 0) {
    const managers = found.otherDataOwners.map(quote).join(', ')
    return {
      seen: `${secret} is managed by ${managers}, and has no .dockerconfigjson: it is of another type; it was left unchanged`,
      expected,
      hint: `choose another ${field}: the type of a Secret cannot be changed, and --adopt fails`,
    }
  }
  const managed =
    owners.length === 0
      ? 'is not ours, and no field manager is recorded'
      : `is managed by ${owners.map(quote).join(', ')}`
  return {
    seen: `${secret} ${managed}; it was left unchanged`,
    expected,
    hint: `choose another ${field}${adoptionOf(document)}`,
  }
}

/** How a document takes over a Secret. The policy of an installation does not permit it to custom resources, nor a schema to tenants. */
function adoptionOf(document: Document): string {
  if (tenantOf(document) !== undefined) return ''
  const { source } = document
  const takeOver = ', or take over this Secret'
  if (source === resourceSource)
    return `${takeOver} once, with a file that contains a document of the same name: pullpass refresh -f FILE --adopt`
  if (source === environmentSource) return `${takeOver}, once: --adopt`
  return `${takeOver}: spec.conflictPolicy: Adopt; or once: ${adoptCommand(document)}`
}

/** The other document is named by its field manager, or, where that is hashed, by its record. */
function ofAnotherDocument(
  secret: string,
  document: Document,
  { other, found }: { readonly other: string; readonly found: PullSecretMetadata },
): RefusedWording {
  const [, kind, name] = other.split(':')
  const written = ownRecord(found, other)?.document ?? (name === undefined ? 'another document' : `${kind}/${name}`)
  const seen = `${secret} was written by pullpass for ${written} (field manager ${quote(other)}); it was left unchanged`
  const expected = 'one document for each Secret'
  if (tenantOf(document) !== undefined) return { seen, expected, hint: 'choose another spec.secretName' }
  if (document.source === resourceSource) {
    const hint = `if ${document.kind}/${document.name} replaces ${written}: delete ${written}, then set spec.conflictPolicy: Adopt; else choose other namespaces`
    return { seen, expected, hint }
  }
  const fromVariables = document.source === environmentSource
  const command = fromVariables ? 'pullpass refresh --adopt' : adoptCommand(document)
  return {
    seen,
    expected,
    hint: fromVariables
      ? `stop this run if ${written} replaces the variables; to go back to them: remove ${written} from the other run, then once: ${command}`
      : `if ${document.kind}/${document.name} replaces ${written}: remove ${written} from its file or CronJob, then once: ${command}; else choose another spec.secretName`,
  }
}

/** The controller has no such flag. */
const adoptCommand = (document: Document): string => `pullpass refresh -f ${shellQuote(fileOf(document))} --adopt`

/** `pull.yaml:12` is `pull.yaml`; a name may have colons of its own. */
const fileOf = ({ source }: Document): string => source.replace(/:\d+$/, '')
