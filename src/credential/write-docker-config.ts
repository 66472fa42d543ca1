/**
 * A docker configuration on disk. Its other entries and fields are kept; it is replaced by a rename, readable only by its user.
 * https://docs.docker.com/reference/cli/docker/#docker-cli-configuration-file-configjson-properties
 */
import { chmod, mkdir, realpath, rename, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { PullpassError } from '../errors/pullpass-error.ts'
import { readRegularFile, systemErrorCode, whyUnreadable } from '../host/read-file.ts'
import { asObject, isObject, type JsonObject, jsonOrNone } from '../text/json-fields.ts'
import { renderDockerConfig } from './docker-config.ts'
import type { RegistryCredential } from './registry-credential.ts'

/** Bytes. */
const longest = 1024 * 1024

/** Folders are created. A symbolic link is followed. @throws OUTPUT_UNWRITABLE */
export async function writeDockerConfig(file: string, credentials: readonly RegistryCredential[]): Promise<void> {
  const target = await realpath(file).catch(() => file)
  const existing = await readExisting(file, target)
  const { auths } = asObject(jsonOrNone(renderDockerConfig(credentials).reveal())) ?? {}
  const merged = { ...existing, auths: { ...asObject(existing['auths']), ...asObject(auths) } }
  const partial = `${target}.${process.pid}.partial`
  try {
    await mkdir(dirname(target), { recursive: true, mode: 0o700 })
    await writeFile(partial, `${JSON.stringify(merged, undefined, 2)}\n`, { mode: 0o600, flag: 'wx' })
    await chmod(partial, 0o600)
    await rename(partial, target)
  } catch (error) {
    await rm(partial, { force: true }).catch(() => undefined) // the folder may not be writable
    throw unwritable(file, `cannot be written: ${systemErrorCode(error) ?? 'no reason given'}`, error)
  }
}

/** A file with other content is not overwritten. */
async function readExisting(file: string, target: string): Promise<JsonObject> {
  let bytes: Buffer
  try {
    bytes = await readRegularFile(target, longest)
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return {}
    throw unwritable(file, whyUnreadable(error), error)
  }
  const text = bytes.toString('utf8')
  const content = text.trim() === '' ? {} : jsonOrNone(text)
  if (!isObject(content)) throw unwritable(file, 'is not a JSON object, and was left unchanged')
  return content
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
