/**
 * Credentials kept on a node between starts of the plugin, so that pods that start together cost one exchange.
 *
 *   entry usable? ─ yes ─▶ it
 *        └ no ─▶ lock ─ obtained ─▶ exchange ─▶ write the entry (rename) ─▶ unlock
 *                  └ locked by another ─▶ wait until the entry is written or the lock is gone, at most `waitMs` ─▶ exchange without the lock
 *
 * A lock only saves exchanges: a process that cannot obtain it exchanges nevertheless, so that a stale one never prevents a pull. The
 * folder and its files belong to the user of the process, and no other user may read or write them.
 */
import type { RegistryCredential } from '../credential/registry-credential.ts'
import { fs } from '../host/builtin-modules.ts'
import { systemErrorCode } from '../host/read-file.ts'
import type { Context } from '../http/context.ts'
import { fingerprint } from '../text/fingerprint.ts'
import { asList, asObject, asText, jsonOrNone } from '../text/json-fields.ts'
import { Redacted } from '../text/redacted.ts'

export interface CachedCredential {
  readonly credential: RegistryCredential
  /** From then on it is exchanged again. */
  readonly usableUntil: Date
}

/** Bytes: a credential of 36 KiB at most, and its hosts. */
const longest = 256 * 1024
/** Longer than a kubelet lets a plugin run. */
const staleMs = 60_000
const pollMs = 50
const waitMs = 15_000

type CacheContext = Pick<Context, 'now' | 'sleep' | 'signal' | 'log'>

/**
 * The credential for `identity`: whatever distinguishes one from another, never a secret. `folder` undefined: without a cache.
 * An unusable folder is logged and not used: each request is an exchange. Rejects as `exchange` does.
 */
export async function cachedCredential(
  folder: string | undefined,
  identity: readonly unknown[],
  context: CacheContext,
  exchange: () => Promise<CachedCredential>,
): Promise<CachedCredential> {
  const fault = folder === undefined ? undefined : prepareFolder(folder)
  if (fault !== undefined) context.log('warn', 'the cache is not used', { folder: folder ?? '', fault })
  if (folder === undefined || fault !== undefined) return await exchange()
  const text = JSON.stringify(identity)
  const entry: Entry = { path: `${folder}/${fingerprint(text)}`, identity: text }
  const found = readEntry(entry, context.now())
  if (found !== undefined) return found
  const lock = `${entry.path}.lock`
  let hasLock = obtain(lock)
  for (let waitedMs = 0; !hasLock && waitedMs < waitMs; waitedMs += pollMs) {
    await context.sleep(pollMs, context.signal)
    const written = readEntry(entry, context.now())
    if (written !== undefined) return written
    hasLock = obtain(lock)
  }
  const unlock = () => remove(lock)
  // Work that ignores the signal is abandoned, and would leave the lock.
  if (hasLock) context.signal.addEventListener('abort', unlock, { once: true })
  try {
    // Another process may have written it between reading and locking.
    const minted = (hasLock ? readEntry(entry, context.now()) : undefined) ?? (await exchange())
    if (context.now() < minted.usableUntil) writeEntry(entry, minted, context)
    return minted
  } finally {
    context.signal.removeEventListener('abort', unlock)
    if (hasLock) unlock()
  }
}

interface Entry {
  readonly path: string
  /** Compared as a whole: names of different identities can collide. */
  readonly identity: string
}

/** Of a file that only this process writes. */
const uniqueSuffix = () => `${process.pid}-${process.hrtime.bigint()}`

/** Why the folder cannot be used. */
function prepareFolder(folder: string): string | undefined {
  try {
    fs.mkdirSync(folder, { mode: 0o700, recursive: true })
  } catch (error) {
    if (systemErrorCode(error) !== 'EEXIST') return `cannot be created: ${systemErrorCode(error)}`
  }
  const found = fs.lstatSync(folder)
  if (!found.isDirectory()) return 'is not a folder'
  if (found.uid !== process.getuid?.()) return `belongs to user ${found.uid}`
  return (found.mode & 0o077) === 0
    ? undefined
    : `is accessible to other users (mode ${(found.mode & 0o777).toString(8)})`
}

/** Undefined if there is none that is usable now; an entry that cannot be read counts as absent. */
function readEntry({ path, identity }: Entry, now: Date): CachedCredential | undefined {
  const content = asObject(jsonOrNone(readText(path)))
  if (content?.['identity'] !== identity) return undefined
  const { hosts, username, password, expiresAt, usableUntil } = content
  const entry = {
    hosts: asList(hosts).filter((host) => typeof host === 'string'),
    username: asText(username),
    password: asText(password),
    expiresAt: new Date(asText(expiresAt) ?? Number.NaN),
    usableUntil: new Date(asText(usableUntil) ?? Number.NaN),
  }
  if (entry.username === undefined || entry.password === undefined || entry.hosts.length === 0) return undefined
  // False for an invalid date.
  if (!(now < entry.usableUntil && entry.usableUntil <= entry.expiresAt)) return undefined
  const { usableUntil: until, password: text, username: user, ...others } = entry
  return { credential: { ...others, username: user, password: new Redacted(text) }, usableUntil: until }
}

/** Empty if it cannot be read. A link is not followed. */
function readText(path: string): string {
  try {
    const file = fs.openSync(path, fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW | fs.constants.O_NONBLOCK)
    try {
      const found = fs.fstatSync(file)
      const isOwn = found.isFile() && found.uid === process.getuid?.() && (found.mode & 0o077) === 0
      return isOwn && found.size <= longest ? fs.readFileSync(file, 'utf8') : ''
    } finally {
      fs.closeSync(file)
    }
  } catch {
    return ''
  }
}

/** Atomic. With a full disk the credential is not cached. */
function writeEntry(
  { path, identity }: Entry,
  { credential, usableUntil }: CachedCredential,
  { log }: CacheContext,
): void {
  const { hosts, username, password, expiresAt } = credential
  const text = JSON.stringify({ identity, hosts, username, password: password.reveal(), expiresAt, usableUntil })
  const partial = `${path}.${uniqueSuffix()}`
  try {
    fs.writeFileSync(partial, text, { mode: 0o600, flag: 'wx' })
    fs.renameSync(partial, path)
    removeExpired(path)
  } catch (error) {
    remove(partial)
    log('warn', 'the credential cannot be cached', { fault: systemErrorCode(error) ?? 'unknown' })
  }
}

/** Longer than any credential of a vendor is valid. */
const longestLifeMs = 13 * 3_600_000

/** Entries, locks, and partial files of this cache: other files in the folder are not removed. */
const ownName = /^[0-9a-f]{16}(?:\.lock)?(?:\.[0-9]+-[0-9]+)?$/

/** Entries of accounts and registries that no longer exist, and what killed processes have left. */
function removeExpired(written: string): void {
  const folder = written.slice(0, written.lastIndexOf('/'))
  const now = fs.statSync(written).mtimeMs
  for (const name of fs.readdirSync(folder).filter((one) => ownName.test(one))) {
    const path = `${folder}/${name}`
    const found = fs.lstatSync(path, { throwIfNoEntry: false })
    if (found !== undefined && now - found.mtimeMs > longestLifeMs) remove(path)
  }
}

/** Whether the lock is this process's now. A stale one, of a process that was killed, is removed first. */
function obtain(lock: string): boolean {
  for (const attempt of ['first', 'after removal'] as const) {
    try {
      fs.writeFileSync(lock, '', { mode: 0o600, flag: 'wx' })
      return true
    } catch (error) {
      if (systemErrorCode(error) !== 'EEXIST' || attempt !== 'first' || !isStale(lock)) return false
      remove(lock)
    }
  }
  return false
}

/** By the clock of the file system on both sides: that of the process may jump. A lock of the future is stale too. */
function isStale(lock: string): boolean {
  const probe = `${lock}.${uniqueSuffix()}`
  try {
    fs.writeFileSync(probe, '', { mode: 0o600, flag: 'wx' })
    return Math.abs(fs.statSync(probe).mtimeMs - fs.statSync(lock).mtimeMs) > staleMs
  } catch {
    return false
  } finally {
    remove(probe)
  }
}

function remove(path: string): void {
  try {
    fs.unlinkSync(path)
  } catch {
    // It is gone, or the file system is read-only: a remaining lock becomes stale.
  }
}
