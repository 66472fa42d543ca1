/** A file that a variable names: vendors' libraries say of one that is not there neither which it is, nor who named it. */
import type { Environment } from '../../../outside/outside.ts'
import { readRegularFile, whyUnreadable } from '../../../outside/read-regular-file.ts'
import { showPath } from '../../../outside/show-path.ts'
import { credentialsMissing } from './credentials-missing.ts'

const longest = 64 * 1024

/** Nothing of it is kept. @throws PUBLISH_CREDENTIALS_MISSING */
export async function checkNamedFile(environment: Environment, variable: string): Promise<void> {
  const path = environment[variable]
  if (!path) return
  await readRegularFile(path, longest).catch((error: unknown) => {
    throw credentialsMissing(
      `${variable} names ${showPath(path)}, which ${whyUnreadable(error)}`,
      'a file that can be read; no other identity is tried in its place',
      `mount what ${variable} names, or unset it`,
    )
  })
}
