/** The sandbox's operator, as at Google's own names: pullpass sends his token to no other host because a file says so. */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Operator } from '../../sandbox/start/sign-in-operator.ts'

/** What leads Google's libraries, and pullpass, to his credentials. */
export async function signInAtGoogle(folder: string, { environment }: Operator): Promise<Record<string, string>> {
  const written: object = JSON.parse(await readFile(environment['GOOGLE_APPLICATION_CREDENTIALS'] ?? '', 'utf8'))
  const file = join(folder, 'operator-credentials.json')
  const credentials = { ...written, token_url: 'https://sts.googleapis.com/v1/token' }
  await writeFile(file, JSON.stringify(credentials), { mode: 0o600 })
  return { ...environment, GOOGLE_APPLICATION_CREDENTIALS: file }
}
