/**
 * A folder that any web server can serve: each file is replaced atomically, and only if it is in the state that was read.
 *
 *   lock (a new file) ─▶ read ─▶ write a temporary file ─▶ rename over ─▶ unlock
 */
import { createHash, randomUUID } from 'node:crypto'
import { lstat, mkdir, open, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { PullpassError } from '../errors/pullpass-error.ts'
import { readRegularFile, systemErrorCode } from '../host/read-file.ts'
import {
  type DocumentName,
  documentPaths,
  documentStore,
  type PublishTarget,
  type StoredDocument,
} from '../oidc/issuer-documents.ts'
import { shellQuote } from '../text/shell.ts'
import { showPath } from '../text/show.ts'
import type { TargetContext } from '../vendors/store.ts'

const longest = 1024 * 1024
/** A lock that is older was left by a killed writer. */
const staleMs = 60_000

export function folder(root: string, context: Pick<TargetContext, 'now' | 'signal'>): PublishTarget {
  const guard = <T>(work: () => Promise<T>): Promise<T> =>
    work().catch((error: unknown) => {
      throw error instanceof PullpassError ? error : folderFault(root, error)
    })
  return {
    name: root,
    publicUrl: undefined,
    facts: documentStore(),
    read: (name) => guard(() => readDocument(root, name)),
    write: (name, { text }, replaces) =>
      guard(async () => {
        context.signal.throwIfAborted()
        await checkPath(root, name)
        await mkdir(dirname(pathOf(root, name)), { recursive: true })
        const release = await lock(`${pathOf(root, name)}.lock`, context.now())
        if (release === undefined) return 'conflict'
        try {
          const found = await readDocument(root, name)
          if (found?.version !== replaces) return 'conflict'
          await replaceFile(pathOf(root, name), text)
          return 'written'
        } finally {
          await release()
        }
      }),
  }
}

const pathOf = (root: string, name: DocumentName) => join(root, documentPaths[name])

async function readDocument(root: string, name: DocumentName): Promise<StoredDocument | undefined> {
  await checkPath(root, name)
  const bytes = await readRegularFile(pathOf(root, name), longest).catch((error: unknown) => {
    if (systemErrorCode(error) === 'ENOENT') return undefined
    throw error
  })
  if (bytes === undefined) return undefined
  return { text: bytes.toString('utf8'), version: createHash('sha256').update(bytes).digest('hex') }
}

/** The folder itself is the user's choice; below it nothing may lead elsewhere. */
async function checkPath(root: string, name: DocumentName): Promise<void> {
  if (!(await stat(root)).isDirectory()) throw unexpectedEntry(root, 'is not a folder')
  let path = root
  for (const part of documentPaths[name].split('/')) {
    path = join(path, part)
    const found = await lstat(path).catch((error: unknown) => {
      if (systemErrorCode(error) === 'ENOENT') return undefined
      throw error
    })
    if (found === undefined) return
    if (found.isSymbolicLink()) throw unexpectedEntry(path, 'is a symbolic link')
  }
}

/** Returns a function that releases the lock; undefined if another writer holds it. */
async function lock(path: string, now: Date): Promise<(() => Promise<void>) | undefined> {
  for (let attempt = 1; attempt <= 2; attempt++) {
    try {
      await (await open(path, 'wx')).close()
      return () => rm(path, { force: true })
    } catch (error) {
      if (systemErrorCode(error) !== 'EEXIST') throw error
      const since = await stat(path).catch(() => undefined) // it may be gone again
      if (since !== undefined && now.getTime() - since.mtimeMs < staleMs) return undefined
      await rm(path, { force: true })
    }
  }
  return undefined
}

async function replaceFile(path: string, text: string): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.${randomUUID()}`)
  try {
    await using file = await open(temporary, 'wx', 0o644)
    await file.writeFile(text)
    await file.sync()
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
}

const unexpectedEntry = (path: string, what: string) =>
  new PullpassError({
    code: 'PUBLISH_REFUSED',
    hop: 'publish',
    seen: `${showPath(path)} ${what}`,
    expected: 'only folders and regular files under the folder of --to',
    hint: 'remove it, or choose another folder',
  })

function folderFault(root: string, error: unknown): PullpassError {
  const code = systemErrorCode(error)
  if (error instanceof RangeError) {
    return new PullpassError({
      code: 'RESPONSE_TOO_LARGE',
      hop: 'publish',
      seen: `a document in ${showPath(root)} ${error.message}`,
      expected: 'documents of at most 1 MiB',
      hint: 'check what it is, then remove it or choose another folder',
    })
  }
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    return new PullpassError({
      code: 'PUBLISH_TARGET_NOT_FOUND',
      hop: 'publish',
      seen: `${showPath(root)} does not exist`,
      expected:
        'an existing folder, in which pullpass creates the documents; for a bucket, a URL: SCHEME://BUCKET/PATH',
      hint: 'if a folder is meant',
      command: `mkdir -p ${shellQuote(root)}`,
    })
  }
  const denied = code === 'EACCES' || code === 'EPERM' || code === 'EROFS'
  return new PullpassError({
    code: denied ? 'PUBLISH_DENIED' : 'PUBLISH_REFUSED',
    hop: 'publish',
    seen: `${showPath(root)} cannot be used: ${code ?? (error instanceof Error ? error.message : 'no reason given')}`,
    expected: 'a folder that this user may read and write',
    hint: 'check its owner and mode, and the free space of its disk: ls -ld, df',
  })
}
