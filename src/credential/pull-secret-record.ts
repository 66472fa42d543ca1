/**
 * The annotations of a pull secret: its document, and the expiry of each registry's entry. Freshness is evaluated from metadata, so
 * data is never requested. They contain no secret.
 */

import { asObject, jsonOrNone } from '../text/json-fields.ts'
import { earliest } from './registry-credential.ts'

export interface PullSecretRecord {
  /** `ClusterPullSecret/NAME`, or `PullSecret/NAMESPACE/NAME`. */
  readonly document: string
  /** NAMESPACE/NAME: a replicator's copy elsewhere does not count. */
  readonly target: string
  readonly refreshedAt: Date
  readonly registries: ReadonlyMap<string, RegistryRecord>
}

export interface RegistryRecord {
  readonly hosts: readonly string[]
  /** undefined: the expiry is unknown. */
  readonly expiresAt: Date | undefined
  /** When an entry of unknown expiry was read from its source. */
  readonly readAt?: Date
  /** Fingerprint of the identity and settings that it was minted from; another fingerprint makes it due. */
  readonly mintedFrom: string
}

const annotation = {
  document: 'pullpass.dev/document',
  target: 'pullpass.dev/target',
  refreshedAt: 'pullpass.dev/refreshed-at',
  expiresAt: 'pullpass.dev/expires-at',
  registries: 'pullpass.dev/registries',
} as const

/** The annotations of a record. */
export const recordAnnotations: readonly string[] = Object.values(annotation)

/** Whether it can be part of a record. Others can forge annotations of any size, in every version of a Secret. */
export const isRecordAnnotation = (name: string, value: unknown): boolean =>
  recordAnnotations.includes(name) &&
  typeof value === 'string' &&
  value.length <= (name === annotation.registries ? longestRegistries : longestText)

/** Characters. */
const longestRegistries = 64 * 1024
/** Characters: more than the longest name of a document. */
const longestText = 512
/** It is part of messages. */
const documentForm = /^[A-Za-z]{1,32}(?:\/[a-z0-9][a-z0-9.-]{0,252}){1,2}$/

export function renderRecord({ document, target, refreshedAt, registries }: PullSecretRecord): Record<string, string> {
  return {
    [annotation.document]: document,
    [annotation.target]: target,
    [annotation.refreshedAt]: refreshedAt.toISOString(),
    ...renderRegistries(registries),
  }
}

/** Cache: thousands of namespaces get the same entries. */
const rendered = new WeakMap<PullSecretRecord['registries'], Record<string, string>>()

function renderRegistries(registries: PullSecretRecord['registries']): Record<string, string> {
  const known = rendered.get(registries)
  if (known !== undefined) return known
  const entries = [...registries]
    .toSorted(([left], [right]) => (left < right ? -1 : 1))
    .map(([name, { hosts, expiresAt, readAt, mintedFrom }]) => [
      name,
      { hosts, expiresAt: expiresAt?.toISOString(), readAt: readAt?.toISOString(), mintedFrom },
    ])
  const annotations = {
    [annotation.expiresAt]: earliestExpiry(registries)?.toISOString() ?? 'unknown',
    [annotation.registries]: JSON.stringify(Object.fromEntries(entries)),
  }
  rendered.set(registries, annotations)
  return annotations
}

/** Undefined if the annotations are incomplete or malformed. */
export function parseRecord(annotations: Readonly<Record<string, string>>): PullSecretRecord | undefined {
  const document = annotations[annotation.document]
  const target = annotations[annotation.target]
  const refreshedAt = parseInstant(annotations[annotation.refreshedAt])
  const registries = parseRegistries(annotations[annotation.registries])
  if (document === undefined || target === undefined || refreshedAt === undefined || registries === undefined) {
    return undefined
  }
  if (!documentForm.test(document)) return undefined
  return { document, target, refreshedAt, registries }
}

/** The earliest known expiry of the registries; undefined where none is known. */
export const earliestExpiry = (registries: ReadonlyMap<string, RegistryRecord>): Date | undefined =>
  earliest([...registries.values()].map(({ expiresAt }) => expiresAt))

function parseRegistries(text: string | undefined): Map<string, RegistryRecord> | undefined {
  const parsed = text === undefined || text.length > longestRegistries ? undefined : asObject(jsonOrNone(text))
  if (parsed === undefined) return undefined
  const registries = new Map<string, RegistryRecord>()
  for (const [name, value] of Object.entries(parsed)) {
    const registry = parseRegistry(value)
    if (registry === undefined) return undefined
    registries.set(name, registry)
  }
  return registries
}

function parseRegistry(value: unknown): RegistryRecord | undefined {
  const { hosts, expiresAt, readAt, mintedFrom } = asObject(value) ?? {}
  if (!Array.isArray(hosts) || !hosts.every((host) => typeof host === 'string')) return undefined
  if (typeof mintedFrom !== 'string') return undefined
  const [expiry, read] = [parseInstant(expiresAt), parseInstant(readAt)]
  if (expiry !== undefined) return { hosts, expiresAt: expiry, mintedFrom }
  return expiresAt === undefined && read !== undefined
    ? { hosts, expiresAt: undefined, readAt: read, mintedFrom }
    : undefined
}

/** RFC 3339, with four digits of the year: others can be near the end of what a Date can hold. */
const instant = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?Z$/

function parseInstant(text: unknown): Date | undefined {
  const time = typeof text === 'string' && instant.test(text) ? Date.parse(text) : Number.NaN
  return Number.isNaN(time) ? undefined : new Date(time)
}
