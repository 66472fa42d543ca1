/**
 * A docker configuration on disk. Its other entries and fields are kept; it is replaced by a rename, readable only by its user.
 * https://docs.docker.com/reference/cli/docker/#docker-cli-configuration-file-configjson-properties
 */
import { randomUUID } from 'node:crypto'
import { chmod, mkdir, realpath, rename, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { PullpassError } from '../errors/pullpass-error.ts'
import { readRegularFile, systemErrorCode, whyUnreadable } from '../host/read-file.ts'
import { asObject, isObject, type JsonObject, jsonOrNone } from '../text/json-fields.ts'
import { renderDockerConfig } from './docker-config.ts'
import type { RegistryCredential } from './registry-credential.ts'

/** Bytes. */
const longest = 1024 * 1024

/** Other writers of the file can be interrupted by this one, or interrupt it. */
const mostAttempts = 5

/**
 * Folders are created. A symbolic link is followed. Where two credentials have a host, the first is written. Returns the members of
 * the file that take precedence over its entries: `credsStore`, `credHelpers`. @throws OUTPUT_UNWRITABLE
 */
export async function writeDockerConfig(file: string, credentials: readonly RegistryCredential[]): Promise<string[]> {
  const target = await realpath(file).catch(() => file)
  const { auths } = asObject(jsonOrNone(renderDockerConfig(credentials.toReversed()).reveal())) ?? {}
  for (let attempt = 1; ; attempt++) {
    const before = await readExisting(file, target)
    const merged = { ...before.content, auths: { ...asObject(before.content['auths']), ...asObject(auths) } }
    const partial = `${target}.${randomUUID()}.partial`
    try {
      await mkdir(dirname(target), { recursive: true, mode: 0o700 })
      await writeFile(partial, `${JSON.stringify(merged, undefined, 2)}\n`, { mode: 0o600, flag: 'wx' })
      await chmod(partial, 0o600)
      const isUnchanged = (await readExisting(file, target)).text === before.text
      if (isUnchanged || attempt === mostAttempts) {
        await rename(partial, target)
        return ['credsStore', 'credHelpers'].filter((member) => before.content[member] !== undefined)
      }
      await rm(partial)
    } catch (error) {
      await rm(partial, { force: true }).catch(() => undefined) // the folder may not be writable
      if (error instanceof PullpassError) throw error
      throw unwritable(file, `cannot be written: ${systemErrorCode(error) ?? 'no reason given'}`, error)
    }
  }
}

interface Existing {
  readonly text: string
  readonly content: JsonObject
}

/** A file with other content is not overwritten. */
async function readExisting(file: string, target: string): Promise<Existing> {
  let bytes: Buffer
  try {
    bytes = await readRegularFile(target, longest)
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return { text: '', content: {} }
    throw unwritable(file, whyUnreadable(error), error)
  }
  const text = bytes.toString('utf8')
  const content = text.trim() === '' ? {} : jsonOrNone(text)
  if (!isObject(content)) throw unwritable(file, 'is not a JSON object, and was left unchanged')
  return { text, content }
}

const unwritable = (file: string, what: string, cause?: unknown) =>
  new PullpassError({
    code: 'OUTPUT_UNWRITABLE',
    hop: 'run',
    seen: `${file} ${what}`,
    expected: 'a docker configuration, or a new file in a folder that this user may write',
    hint: 'name another file: --out FILE',
    cause,
  })
