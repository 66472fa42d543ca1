/**
 * Which keys are to be public, given those that are recorded and those that are public now:
 *
 *   served, to this process ────────┐
 *   public and not long unseen ─────┼─▶ public, unless revoked
 *   public and unknown ─────────────┘
 *
 * A key that one response lacks is not withdrawn: it must have been last seen long ago, and missing in the rounds since.
 * The record states until when a key stays, and never which key is added: otherwise a client that can write the
 * ConfigMap could have its own key published, and impersonate every account of the cluster.
 */
import { type IssuerKey, mergeKeys } from '../../oidc/keys.ts'
import { isRevoked, type KeyState, type RecordedKey } from '../key-state.ts'

export interface KeyChoice {
  readonly now: Date
  /** How long a key stays after it was last seen: the longest life of a token for a cloud, and what caches add. */
  readonly keepForMs: number
  /** By kid: keys that no API server served, in consecutive rounds. */
  readonly missed: ReadonlySet<string | undefined>
  /** Keys that an API server served to this process, in this or an earlier round. */
  readonly everServed: readonly IssuerKey[]
}

export function chooseKeys(keyState: KeyState, published: readonly IssuerKey[], choice: KeyChoice): IssuerKey[] {
  const [leaving, staying] = splitByAge(keyState, choice)
  const left = new Set(leaving.map(({ key }) => key.keyId))
  const observed = [...choice.everServed, ...published]
  return mergeKeys(
    staying.flatMap(({ key }) => observed.find(({ keyId }) => keyId === key.keyId) ?? []),
    published.filter(({ keyId }) => !left.has(keyId)),
  ).filter((key) => !isRevoked(keyState, key))
}

/** Without the keys that were last seen too long ago. */
export function forgetOldKeys(keyState: KeyState, choice: KeyChoice): KeyState {
  const [, staying] = splitByAge(keyState, choice)
  return { ...keyState, keys: staying }
}

function splitByAge({ keys }: KeyState, { now, keepForMs, missed }: KeyChoice): [RecordedKey[], RecordedKey[]] {
  const isExpired = ({ key, lastSeenAt }: RecordedKey) =>
    missed.has(key.keyId) && now.getTime() - lastSeenAt.getTime() >= keepForMs
  return [keys.filter(isExpired), keys.filter((one) => !isExpired(one))]
}
