/** What the status page shows, from what the controller knows: pure. No credential is among it. */
import { earliest } from '../../credential/registry-credential.ts'
import type { Document, DocumentRegistry } from '../../document/document.ts'
import type { Namespace } from '../../kubernetes/objects/namespaces.ts'
import type { PullSecretMetadata } from '../../kubernetes/objects/pull-secrets.ts'
import { mintFingerprint } from '../../refresh/exchange-requests.ts'
import { recordFor } from '../../refresh/own-record.ts'
import type { Credentials } from '../credentials.ts'
import type { SecretState } from '../reconcile.ts'
import { haveEntries, selected } from '../selection.ts'
import type { ReportedFacts } from '../status.ts'

export interface PageFacts extends ReportedFacts {
  readonly at: Date
  /** The Lease, NAMESPACE/NAME; undefined: this is the only replica. */
  readonly lease: string | undefined
  /** A standby does not know what is fresh. */
  readonly role: 'leader' | 'standby'
  readonly documents: readonly PageDocument[]
  /** Numbers of PullSecrets: used, of them fresh, and those whose current version is invalid. */
  readonly tenants: { readonly desired: number; readonly fresh: number; readonly invalid: number }
  readonly queue: { readonly depth: number; readonly oldestMs: number }
}

export interface PageDocument {
  /** `ClusterPullSecret/NAME` */
  readonly name: string
  readonly secretName: string
  /** Numbers of namespaces. */
  readonly selected: number
  readonly fresh: number
  /** Names of the other ones. */
  readonly notFresh: readonly string[]
  readonly credentials: readonly PageCredential[]
  /** Of each selected namespace: until its first entry expires, also of an earlier form of the document; undefined: an entry is absent. */
  readonly remainingMs: readonly (number | undefined)[]
}

/** The entry of a registry that expires first. */
export interface PageCredential {
  readonly registry: string
  readonly hosts: readonly string[]
  /** Undefined: no selected namespace has an entry. */
  readonly expiresAt: Date | undefined
  /** When it was obtained and when it is due; undefined: that is not known. */
  readonly obtainedAt: Date | undefined
  readonly dueAt: Date | undefined
  /** Entries of an earlier form of the document, with which pods pull until they expire; undefined: there are none. */
  readonly earlier: { readonly namespaces: number; readonly expiresAt: Date } | undefined
}

interface KnownDocument {
  readonly name: string
  readonly document: Document
  /** By namespace. */
  readonly states: ReadonlyMap<string, SecretState> | undefined
  readonly secrets: ReadonlyMap<string, PullSecretMetadata> | undefined
}

export function pageDocument(
  known: KnownDocument,
  namespaces: ReadonlyMap<string, Namespace>,
  credentials: Pick<Credentials, 'entryDueAt'>,
  now: Date,
): PageDocument {
  const { name, document, states } = known
  const chosen = selected(document, namespaces)
  const notFresh = chosen.filter(
    (namespace) => !haveEntries(document.registries, states?.get(namespace)?.expiries, now),
  )
  const remainingMs = chosen.map((namespace) => {
    const { expiries, earlier } = states?.get(namespace) ?? {}
    const times = document.registries.map(({ name: one }) => (expiries?.get(one) ?? earlier?.get(one))?.getTime())
    return times.includes(undefined) ? undefined : Math.min(...times.map((time) => time ?? 0)) - now.getTime()
  })
  return {
    name,
    secretName: document.secretName,
    selected: chosen.length,
    fresh: chosen.length - notFresh.length,
    notFresh,
    credentials: document.registries.map((registry) => pageCredential(registry, { known, chosen, credentials, now })),
    remainingMs,
  }
}

function pageCredential(
  registry: DocumentRegistry,
  {
    known: { document, states, secrets },
    chosen,
    credentials,
    now,
  }: {
    readonly known: KnownDocument
    readonly chosen: readonly string[]
    readonly credentials: Pick<Credentials, 'entryDueAt'>
    readonly now: Date
  },
): PageCredential {
  let first: { readonly namespace: string; readonly expiresAt: Date } | undefined
  for (const namespace of chosen) {
    const expiresAt = states?.get(namespace)?.expiries.get(registry.name)
    if (expiresAt !== undefined && (first === undefined || expiresAt < first.expiresAt))
      first = { namespace, expiresAt }
  }
  const found = first && secrets?.get(first.namespace)
  const obtainedAt = found && recordFor(document, found)?.refreshedAt
  const { name, hosts } = registry
  const valid = chosen.flatMap((namespace) => states?.get(namespace)?.earlier.get(name) ?? []).filter((at) => at > now)
  const earliestAt = earliest(valid)
  return {
    registry: name,
    hosts,
    earlier: earliestAt && { namespaces: valid.length, expiresAt: earliestAt },
    expiresAt: first?.expiresAt,
    obtainedAt,
    dueAt:
      first === undefined || obtainedAt === undefined
        ? undefined
        : credentials.entryDueAt(mintFingerprint(document, registry), { from: obtainedAt, expiresAt: first.expiresAt }),
  }
}
