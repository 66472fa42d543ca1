/**
 * The certificate authorities whose API servers can publish a key. A Pod's CA bundle is ConfigMap
 * kube-root-ca.crt, which any client with write access to ConfigMaps in its namespace can change where no policy (deploy/root-ca)
 * forbids it. Therefore:
 *
 *   pinned      the CA bundle as it was when the process started; connections trust it until the process ends, as client-go does
 *   trusted     of the pinned ones, those that --accept-ca names; else those recorded in the ConfigMap of the key state; else,
 *               if none are recorded yet, all of them. Trusted authorities are recorded.
 *
 * Any other authority raises an alarm, and no key is published that only its API servers serve.
 */
import { X509Certificate } from 'node:crypto'
import { PullpassError } from '../../errors/pullpass-error.ts'
import type { Cluster } from '../../kubernetes/connection/cluster.ts'
import { type Alarm, faultAlarm, publishAlarm } from './alarms.ts'

export interface Authority {
  /** SHA-256 of the certificate, as `openssl x509 -fingerprint -sha256` prints it. */
  readonly fingerprint: string
  /** PEM. */
  readonly certificate: string
}

/** If no authority is configured, those that Node trusts are used: then nothing is pinned or compared. */
export interface TrustedAuthorities {
  readonly pinned: readonly Authority[]
  /** Fingerprints that --accept-ca names. */
  readonly accepted: readonly string[]
}

/** The cluster over connections of their own, which trust today's authorities only, and those. @throws CA_FILE_INVALID */
export async function pinAuthorities(cluster: Cluster): Promise<{ cluster: Cluster; pinned: readonly Authority[] }> {
  return connectPinned(cluster, await cluster.authorities())
}

/** `certificates`: PEM, as they were when the process started; empty: nothing is pinned. */
export function connectPinned(
  cluster: Cluster,
  certificates: readonly string[],
): { readonly cluster: Cluster; readonly pinned: readonly Authority[] } {
  if (certificates.length === 0) return { cluster: cluster.reconnect(), pinned: [] }
  return { cluster: cluster.reconnect({ authorities: certificates }), pinned: parseAuthorities(certificates) }
}

/** Text that is not a certificate is left out. */
export function parseAuthorities(certificates: readonly string[]): Authority[] {
  return certificates.flatMap((certificate) => {
    try {
      return [{ fingerprint: new X509Certificate(certificate).fingerprint256, certificate }]
    } catch {
      return []
    }
  })
}

/** `recorded`: fingerprints of the key state. */
export function trustedOf({ pinned, accepted }: TrustedAuthorities, recorded: readonly string[]): Authority[] {
  const named = accepted.length > 0 ? accepted : recorded
  return named.length === 0 ? [...pinned] : pinned.filter(({ fingerprint }) => named.includes(fingerprint))
}

export interface AuthorityFacts {
  readonly trusted: TrustedAuthorities
  /** The CA bundle as it is now, or why it cannot be read. */
  readonly configured: readonly Authority[] | PullpassError
  /** Undefined before the key state could be read. */
  readonly trustedAuthorities: readonly Authority[] | undefined
  /** Of this round; undefined if the key state could not be read. */
  readonly recorded: readonly string[] | undefined
  /** Whether this process has recorded its trusted authorities before. */
  readonly isRecorded: boolean
  /** Recorded first by this process, because the CA bundle had them. */
  readonly firstAuthorities: readonly Authority[]
}

export function authorityAlarms(facts: AuthorityFacts): Alarm[] {
  if (facts.trusted.pinned.length === 0) return []
  return [...severalAlarm(facts), ...changedAlarm(facts), ...untrustedAlarm(facts), ...recordAlarm(facts)]
}

const hint =
  "if the cluster's CA is being rotated, compare the fingerprint with the CA certificate on a control-plane node, then restart pullpass with --accept-ca=FINGERPRINT for each CA that API servers use; if not, check which clients may write ConfigMap kube-root-ca.crt in pullpass's namespace, and delete it: its controller creates it again"

const changed = (subject: string, seen: string): Alarm =>
  publishAlarm({ code: 'AUTHORITY_CHANGED', subject, seen, expected: 'the recorded or accepted CAs', hint })

/** One of them may have been added before pullpass was installed. */
function severalAlarm({ firstAuthorities }: AuthorityFacts): Alarm[] {
  if (firstAuthorities.length < 2) return []
  const names = listed('SHA-256', firstAuthorities).join()
  return [
    changed(
      'several',
      `the CA bundle for API servers had several CAs when they were recorded first (${names}), and each is trusted`,
    ),
  ]
}

function changedAlarm({ trusted: { pinned }, configured }: AuthorityFacts): Alarm[] {
  if (configured instanceof PullpassError) {
    const meanwhile = 'pullpass continues to trust the CAs that it read when it started'
    return [faultAlarm('AUTHORITY_CHANGED', 'unread', configured, meanwhile)]
  }
  const [added, removed] = [without(configured, pinned), without(pinned, configured)]
  if (added.length === 0 && removed.length === 0) return []
  const changes = [...listed('added', added), ...listed('removed', removed)].join('; ')
  return [
    changed(
      'bundle',
      `the CA bundle for API servers was changed since pullpass started (${changes}); pullpass continues to trust the CAs that it read when it started`,
    ),
  ]
}

function untrustedAlarm({ trusted: { pinned }, trustedAuthorities }: AuthorityFacts): Alarm[] {
  const untrusted = trustedAuthorities === undefined ? [] : without(pinned, trustedAuthorities)
  if (untrusted.length === 0) return []
  const names = listed('SHA-256', untrusted).join()
  return [
    changed(
      'untrusted',
      `the CA bundle for API servers has another CA than those that are recorded or accepted (${names}): a key that only API servers with its certificates serve is not published`,
    ),
  ]
}

function recordAlarm({ trustedAuthorities = [], recorded = [], isRecorded }: AuthorityFacts): Alarm[] {
  const mine = trustedAuthorities.map(({ fingerprint }) => fingerprint)
  const isSame = recorded.length === mine.length && mine.every((one) => recorded.includes(one))
  if (!isRecorded || recorded.length === 0 || isSame) return []
  return [
    publishAlarm({
      code: 'AUTHORITY_CHANGED',
      subject: 'record',
      seen: 'the record of trusted CAs in the ConfigMap of the key state was changed by another writer; it is restored',
      hint: 'check which clients may write that ConfigMap; two replicas that are started with different --accept-ca change it, too',
    }),
  ]
}

const without = (some: readonly Authority[], others: readonly Authority[]): Authority[] =>
  some.filter(({ fingerprint }) => !others.some((other) => other.fingerprint === fingerprint))

const most = 3

function listed(word: string, authorities: readonly Authority[]): string[] {
  if (authorities.length === 0) return []
  const shown = authorities.slice(0, most).map(({ fingerprint }) => fingerprint)
  const rest = authorities.length - shown.length
  return [`${word} ${shown.join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`]
}
