/** Parses a publish target: a store of a vendor, by the scheme of its URL, or a folder. */
import { showValue } from '../document/show-value.ts'
import { PullpassError } from '../errors/pullpass-error.ts'
import type { Environment } from '../http/context.ts'
import { shellQuote } from '../text/shell.ts'
import type { Store } from './store.ts'
import type { Vendors } from './vendor.ts'

export type Target =
  | { readonly kind: 'folder'; readonly folder: string }
  | { readonly kind: 'store'; readonly vendor: string; readonly store: Store; readonly name: unknown }

/** A loaded store, with its vendor. */
export interface LoadedStore {
  readonly scheme: string
  readonly vendor: string
  readonly form: string
  readonly store: Store
}

interface StoreEntry extends Omit<LoadedStore, 'store'> {
  readonly load: () => Promise<Store>
}

function storeEntries(vendors: Vendors): StoreEntry[] {
  return Object.entries(vendors).flatMap(([vendor, { stores = {} }]) =>
    Object.entries(stores).map(([scheme, { form, load }]) => ({ scheme, vendor, form, load })),
  )
}

/** Forms of all targets: those of the stores, or a folder. */
export const targetForms = (vendors: Vendors): string =>
  [...storeEntries(vendors).map(({ form }) => form), 'or a folder'].join(', ')

/** The vendor that has the store of this scheme; undefined for a folder. */
export const vendorOfTarget = (text: string, vendors: Vendors): string | undefined =>
  storeEntries(vendors).find(({ scheme }) => scheme === schemeOf(text))?.vendor

const schemeOf = (text: string): string | undefined => /^([a-z][a-z0-9-]*):/.exec(text)?.[1]

/** All stores, or only the one whose scheme `text` has. */
export async function loadStores(vendors: Vendors, text?: string): Promise<LoadedStore[]> {
  const all = storeEntries(vendors)
  const named = text === undefined ? [] : all.filter(({ scheme }) => scheme === schemeOf(text))
  return await Promise.all(
    (named.length > 0 ? named : all).map(async ({ load, ...entry }) => ({ ...entry, store: await load() })),
  )
}

/** @throws USAGE_INVALID */
export async function readTarget(text: string, environment: Environment, vendors: Vendors): Promise<Target> {
  const stores = await loadStores(vendors, text)
  const found = stores.find(({ form }) => text.startsWith(prefixOf(form)))
  if (found !== undefined) {
    const { store, vendor, form } = found
    const parsed = store.parse(text.slice(prefixOf(form).length))
    if ('name' in parsed) return { kind: 'store', vendor, store, name: parsed.name }
    throw invalid(text, parsed.expected, `--to ${form}`)
  }
  const meant = targetMeant(text, environment, stores)
  // Two letters or more before ":" are a scheme; one is a drive.
  const isFolder = text !== '' && !/^[A-Za-z][A-Za-z0-9+.-]+:/.test(text) && !/\p{Cc}/u.test(text)
  if (isFolder && meant === undefined) return { kind: 'folder', folder: text }
  throw invalid(
    text,
    targetForms(vendors),
    isTarget(meant, stores) ? `did you mean --to ${shellQuote(meant)}?` : asFolder,
  )
}

const asFolder = 'for a folder with ":" in its name, prefix ./'

/** The scheme, with slashes if the form has them. */
const prefixOf = (form: string): string => /^[a-z0-9-]+:(?:\/\/)?/.exec(form)?.[0] ?? form

/** The store and the name in a target of one of these stores; undefined for anything else. */
export function parseAmong(
  text: string,
  stores: readonly LoadedStore[],
): { readonly store: Store; readonly name: unknown } | undefined {
  const found = stores.find(({ form }) => text.startsWith(prefixOf(form)))
  const parsed = found?.store.parse(text.slice(prefixOf(found.form).length))
  return found !== undefined && parsed !== undefined && 'name' in parsed
    ? { store: found.store, name: parsed.name }
    : undefined
}

function isTarget(meant: string | undefined, stores: readonly LoadedStore[]): meant is string {
  if (meant === undefined) return false
  const found = stores.find(({ form }) => meant.startsWith(prefixOf(form)))
  return found === undefined || 'name' in found.store.parse(meant.slice(prefixOf(found.form).length))
}

const invalid = (text: string, expected: string, hint: string) =>
  new PullpassError({ code: 'USAGE_INVALID', hop: 'run', seen: `the target is ${showValue(text)}`, expected, hint })

/** The target for the URL at which it is read, or for the notation of another tool; undefined if none is known. */
export function targetMeant(
  text: string,
  environment: Environment,
  stores: readonly LoadedStore[],
): string | undefined {
  if (text.length > 2048) return undefined
  const [, folder] = /^file:\/\/(\/.*)$/.exec(text) ?? []
  if (folder !== undefined) return folder
  return stores.map(({ store }) => store.meaning(text, environment)).find((target) => target !== undefined)
}
