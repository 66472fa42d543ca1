/** What turns one memory's entries in its ConfigMap into another's. */
import { digestOf, type KeyMemory, recordEntries } from './key-memory.ts'

/** By name: a text, or `undefined` for an entry to take away. Revocations are only ever added. */
export function memoryChanges(before: KeyMemory, after: KeyMemory): Readonly<Record<string, string | undefined>> {
  const [old, wanted] = [entriesOf(before), entriesOf(after)]
  const gone = [...old.keys()].filter((name) => name.startsWith('key.') && !wanted.has(name))
  const changed = [...wanted].filter(([name, text]) => old.get(name) !== text)
  return { ...Object.fromEntries(gone.map((name) => [name, undefined])), ...Object.fromEntries(changed) }
}

function entriesOf({ keys, revocations, authorities, servers }: KeyMemory): Map<string, string> {
  const entries = new Map<string, string>()
  if (authorities !== undefined) entries.set(recordEntries.authorities, JSON.stringify(authorities))
  if (servers !== undefined) entries.set(recordEntries.servers, JSON.stringify(servers))
  for (const { key, firstSeenAt, lastSeenAt, publishedAt } of keys) {
    entries.set(
      `key.${digestOf(key.keyId)}`,
      JSON.stringify({ key: key.members, firstSeenAt, lastSeenAt, publishedAt }),
    )
  }
  for (const { digest, keyId, key, revokedAt } of revocations) {
    entries.set(`revoked.${digest}`, JSON.stringify({ kid: keyId, key: key?.members, revokedAt }))
  }
  return entries
}
