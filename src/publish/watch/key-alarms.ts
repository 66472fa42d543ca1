/** Published or recorded keys that the cluster never served: another writer changed the bucket or the ConfigMap. */
import type { IssuerKey } from '../../oidc/keys.ts'
import { quote } from '../../text/plain-text.ts'
import { shellOperand, shellQuote, shellVariable } from '../../text/shell.ts'
import { shortDuration } from '../../text/time.ts'
import type { Confirmation } from '../confirm.ts'
import { type KeyState, unknownKeys } from '../key-state.ts'
import type { PublishOutcome } from '../publish-documents.ts'
import { type Alarm, publishAlarm } from './alarms.ts'
import { forgetOldKeys, type KeyChoice } from './choose-keys.ts'

interface KeysKnown {
  readonly keyState: KeyState
  /** Whether the key state had keys before the first round: only then an unknown key is an alarm. */
  readonly hadKeys: boolean
  readonly served: readonly IssuerKey[]
  readonly choice: KeyChoice
}

export const keyAlarms = ({ keys }: PublishOutcome, known: KeysKnown): Alarm[] => [
  ...unknownAlarms(keys, known),
  ...unobservedAlarms(keys, known),
]

function unknownAlarms(keys: PublishOutcome['keys'], { keyState, served, hadKeys, choice }: KeysKnown): Alarm[] {
  if (!hadKeys) return []
  const kept = keys.filter(({ state }) => state === 'kept').map(({ key }) => key)
  return unknownKeys(kept, served, keyState).map(({ keyId = '(no kid)' }) =>
    publishAlarm({
      code: 'PUBLISHED_KEY_UNKNOWN',
      subject: keyId,
      seen: `key ${quote(keyId)} is public, but the cluster never served it: it stays public for ${shortDuration(choice.keepForMs)}`,
      expected: 'published keys that an API server serves, or served before',
      hint: 'check which clients may write there; if you do not know the key, revoke it',
      command: `pullpass issuer revoke --to ${shellVariable('TARGET')} -- ${shellQuote(keyId)}`,
    }),
  )
}

/** A key that is withdrawn in this round, for its age, is recorded until then. */
function unobservedAlarms(keys: PublishOutcome['keys'], { keyState, choice }: KeysKnown): Alarm[] {
  const stated = new Set(keys.map(({ key }) => key.keyId))
  return forgetOldKeys(keyState, choice)
    .keys.filter(({ key }) => !stated.has(key.keyId))
    .map(({ key: { keyId = '(no kid)' } }) =>
      publishAlarm({
        code: 'RECORDED_KEY_UNKNOWN',
        subject: keyId,
        seen: `key ${quote(keyId)} is recorded in the ConfigMap, but neither served nor public: it is not published`,
        expected: 'recorded keys that are served or public',
        hint: 'if tokens signed by it are still in use, configure it in an API server (--service-account-key-file); if you do not know the key, check which clients may write the ConfigMap',
      }),
    )
}

// Alarms about what anonymous clients read.

/** One cause, one alarm. While a cache serves the keys before, a token of a new one cannot verify. */
export function confirmationAlarms(confirmations: readonly Confirmation[], issuer: string): Alarm[] {
  const isCached = confirmations.some(({ check, state }) => check !== 'token' && state === 'pending')
  return confirmations
    .filter(
      ({ check, state, because }) => state === 'failed' && because === undefined && !(check === 'token' && isCached),
    )
    .map(({ check, seen, hint, command }) =>
      publishAlarm({
        code: 'PUBLISHED_MISMATCH',
        subject: check,
        seen,
        ...(hint === undefined && command === undefined
          ? { command: `pullpass issuer check ${shellOperand(issuer, 'ISSUER')}` }
          : { hint, command }),
      }),
    )
}
