/** The keys that lie in a provider, wanted against found: pure. */
import { type IssuerKey, sameKey } from '../../../issuer/keys/issuer-key.ts'
import { mergeKeys } from '../../../issuer/keys/merge-keys.ts'
import { parseJwks } from '../../../issuer/keys/parse-jwks.ts'
import { renderGoogleKeys } from '../../../issuer/publish/targets/kept-at-google.ts'
import type { Replaceable } from '../../finding.ts'
import type { WantedProvider } from '../want/wanted-at-google.ts'
import type { FieldView } from './field-view.ts'
import type { FoundProvider } from './found-state.ts'

/**
 * A key that the cluster does not serve any more may still have tokens: it stays until it is replaced, unless it was revoked.
 */
export function compareKeys(
  { keys, servers, isRevoked }: WantedProvider,
  { jwks }: FoundProvider,
  replace: readonly Replaceable[],
): FieldView {
  if (keys === undefined) return keepUploaded(jwks, replace)
  if (replace.includes('keys')) return servers === 'some' ? { against: someUnasked } : replaceKeys(keys, jwks)
  if (jwks === '') return { sets: { jwks: renderGoogleKeys(keys) }, says: `keys ${kids(keys)} are uploaded` }
  const there = parseJwks(jwks)
  if (there === undefined) return { field: 'keys', against: 'what is uploaded there is no JWKS' }
  const [leaked, kept] = [there.filter((key) => isRevoked?.(key)), there.filter((key) => !isRevoked?.(key))]
  const other = keys.find((key) => kept.some((one) => one.keyId === key.keyId && !sameKey(one, key)))
  if (other !== undefined)
    return { field: 'keys', against: `its key ${other.keyId} is another than the cluster's of that name` }
  return mergeWith(keys, kept, leaked)
}

const someUnasked = 'its keys are not replaced while an API server cannot be asked: those that it alone serves would go'

function keepUploaded(jwks: string, replace: readonly Replaceable[]): FieldView {
  if (jwks === '') return {}
  if (replace.includes('keys')) return { sets: { jwks: '' }, says: 'its uploaded keys go: Google reads the issuer' }
  const stay = kids(parseJwks(jwks) ?? [])
  return { field: 'keys', note: `its uploaded keys stay: ${stay}; Google does not read the issuer` }
}

function mergeWith(keys: readonly IssuerKey[], kept: readonly IssuerKey[], leaked: readonly IssuerKey[]): FieldView {
  const missing = keys.filter((key) => !kept.some(({ keyId }) => keyId === key.keyId))
  const stays = kept.filter((key) => !keys.some(({ keyId }) => keyId === key.keyId))
  const note = stays.length === 0 ? {} : { note: `keys that the cluster does not serve stay: ${kids(stays)}` }
  const says = [
    ...(missing.length === 0 ? [] : [`keys ${kids(missing)} are added`]),
    ...(leaked.length === 0 ? [] : [`revoked keys ${kids(leaked)} go`]),
  ]
  return says.length === 0
    ? note
    : { ...note, sets: { jwks: renderGoogleKeys(mergeKeys(kept, keys)) }, says: says.join(', ') }
}

function replaceKeys(keys: readonly IssuerKey[], jwks: string): FieldView {
  const wanted = renderGoogleKeys(keys)
  return renderGoogleKeys(parseJwks(jwks) ?? []) === wanted
    ? {}
    : { sets: { jwks: wanted }, says: `uploaded keys become ${kids(keys)}` }
}

const kids = (keys: readonly IssuerKey[]) => keys.map(({ keyId }) => keyId ?? 'without a kid').join(', ')
