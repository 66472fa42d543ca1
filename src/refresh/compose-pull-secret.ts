/** The content of a pull secret in one namespace, from minted credentials, and from earlier entries where an exchange failed: pure. */

import { type DockerConfigEntry, parseDockerConfig, renderDockerConfig } from '../credential/docker-config.ts'
import type { PullSecretRecord, RegistryRecord } from '../credential/pull-secret-record.ts'
import type { RegistryCredential } from '../credential/registry-credential.ts'
import type { Document, DocumentRegistry } from '../document/document.ts'
import { asFault, PullpassError } from '../errors/pullpass-error.ts'
import { fewerHosts } from '../kubernetes/connection/api-error.ts'
import type { Cluster } from '../kubernetes/connection/cluster.ts'
import { type PullSecretMetadata, readPullSecretData } from '../kubernetes/objects/pull-secrets.ts'
import type { Redacted } from '../text/redacted.ts'
import { mintFingerprint } from './exchange-requests.ts'
import type { Minted } from './mint-credentials.ts'
import { expiryOf, type RegistryOutcome } from './outcome.ts'
import type { Job } from './plan.ts'

/** The entries of a Secret before this run, by host, and its record of them. */
export interface Earlier {
  /** Undefined: not read, since nothing was minted and the Secret remains unchanged. */
  readonly entries: ReadonlyMap<string, DockerConfigEntry> | undefined
  readonly record: PullSecretRecord | undefined
}

export interface ComposedPullSecret {
  /** Undefined if nothing was minted: then the Secret remains unchanged. */
  readonly dockerConfigJson: Redacted | undefined
  readonly records: ReadonlyMap<string, RegistryRecord>
  readonly registries: readonly RegistryOutcome[]
}

/** `earlier` is needed only where an exchange failed. */
export function composePullSecret(document: Document, minted: Minted, earlier?: Earlier): ComposedPullSecret {
  const parts = document.registries.map((registry) => composeRegistry(document, registry, { minted, earlier }))
  const credentials = parts.flatMap(({ credential }) => credential ?? [])
  const kept = new Map(parts.flatMap((part) => [...part.kept]))
  return {
    dockerConfigJson: credentials.length === 0 ? undefined : renderDockerConfig(credentials, kept),
    records: new Map(parts.flatMap(({ outcome, record }) => (record ? [[outcome.name, record] as const] : []))),
    registries: parts.map(({ outcome }) => outcome),
  }
}

interface Part {
  readonly outcome: RegistryOutcome
  readonly credential?: RegistryCredential
  readonly kept: ReadonlyMap<string, DockerConfigEntry>
  readonly record?: RegistryRecord
}

interface Sources {
  readonly minted: Minted
  readonly earlier: Earlier | undefined
}

function composeRegistry(document: Document, registry: DocumentRegistry, { minted, earlier }: Sources): Part {
  const { name, hosts } = registry
  const mintedFrom = mintFingerprint(document, registry)
  const result = minted.get(mintedFrom)
  if (result === undefined) throw new TypeError(`nothing was tried for registry ${name}`)
  if (result instanceof PullpassError) return keepEarlier(registry, result, earlier)
  const { expiresAt, readAt } = result
  return {
    outcome: { name, hosts, state: 'fresh', ...expiryOf(result) },
    credential: { ...result, hosts }, // one exchange may serve registries that differ in hosts
    kept: new Map(),
    record: { hosts, expiresAt, ...(readAt && { readAt }), mintedFrom },
  }
}

/** An exchange failed: the Secret's entries for this registry's hosts stay. */
function keepEarlier({ name, hosts }: DocumentRegistry, fault: PullpassError, earlier: Earlier | undefined): Part {
  const record = earlier?.record?.registries.get(name)
  const keptHosts = [...new Set([...hosts, ...(record?.hosts ?? [])])]
  const kept = new Map(
    keptHosts.flatMap((host) => {
      const entry = earlier?.entries?.get(host)
      return entry === undefined ? [] : [[host, entry] as const]
    }),
  )
  const unread = earlier !== undefined && earlier.entries === undefined
  const state = kept.size > 0 || (unread && record !== undefined) ? 'kept' : 'absent'
  if (record === undefined || state === 'absent') return { outcome: { name, hosts, state, fault }, kept }
  const waitsUntil = waitOf(fault, record.expiresAt)
  const expiry = expiryOf(record)
  const outcome = { name, hosts, state, ...expiry, ...(waitsUntil === undefined ? { fault } : { waitsUntil }) } as const
  return { outcome, kept, record }
}

/** Time for the next runs, of which more than one may fail. */
const leastLeftMs = 10 * 60_000

/** A wait that ends before the entry expires is not a failure. */
function waitOf({ code, retryAt }: PullpassError, expiresAt: Date | undefined): Date | undefined {
  if (expiresAt === undefined || code !== 'KEY_PUBLISHED_RECENTLY' || retryAt === undefined) return undefined
  return expiresAt.getTime() - retryAt.getTime() >= leastLeftMs ? retryAt : undefined
}

/** The present entries of pull secrets, read only if an exchange failed and an earlier entry must stay. */
export interface EarlierEntries {
  /** Entries go back to their own namespace only. */
  readonly byNamespace: ReadonlyMap<string, ReadonlyMap<string, DockerConfigEntry>>
  readonly faults: ReadonlyMap<string, PullpassError>
}

/** Namespaces without such a Secret are not read; of the others, those that cannot be read are not written. */
export async function readEarlierEntries(
  cluster: Cluster,
  { document, namespaces }: Job,
  found: ReadonlyMap<string, PullSecretMetadata>,
): Promise<EarlierEntries> {
  const holding = namespaces.filter((namespace) => found.has(namespace))
  if (holding.length === 0) return { byNamespace: new Map(), faults: new Map() }
  const secrets = await readPullSecretData(cluster, document.secretName, holding).catch(asFault)
  if (secrets instanceof PullpassError) {
    return { byNamespace: new Map(), faults: new Map(holding.map((namespace) => [namespace, secrets])) }
  }
  const byNamespace = new Map(
    [...secrets.found].flatMap(([namespace, { dockerConfigJson }]) =>
      dockerConfigJson === undefined ? [] : [[namespace, parseDockerConfig(dockerConfigJson).entries] as const],
    ),
  )
  return { byNamespace, faults: secrets.faults }
}

/** https://kubernetes.io/docs/concepts/configuration/secret/#restriction-data-size */
const mostBytes = 1024 * 1024

/** The API server refuses a larger Secret only after it has read all of it. @throws OBJECT_TOO_LARGE */
export function checkSize(
  dockerConfigJson: Redacted,
  { namespace, name }: { readonly namespace: string; readonly name: string },
): void {
  const bytes = dockerConfigJson.byteLength()
  if (bytes <= mostBytes) return
  throw new PullpassError({
    code: 'OBJECT_TOO_LARGE',
    hop: 'kubernetes',
    seen: `Secret ${namespace}/${name} would contain ${bytes} bytes of credentials; it was left unchanged`,
    expected: `at most ${mostBytes}, the limit of the API server`,
    hint: fewerHosts,
    causeKey: name,
  })
}
