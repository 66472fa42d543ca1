/** The sandbox's operator, with Google's own host names: pullpass accepts no other hosts from a credential file. */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Operator } from '../../sandbox/gcp/operator.ts'

/** Variables with which Google's libraries and pullpass find the operator's credentials. */
export async function writeOperatorCredentials(
  folder: string,
  { environment }: Operator,
): Promise<Record<string, string>> {
  const written: object = JSON.parse(await readFile(environment['GOOGLE_APPLICATION_CREDENTIALS'] ?? '', 'utf8'))
  const file = join(folder, 'operator-credentials.json')
  const credentials = { ...written, token_url: 'https://sts.googleapis.com/v1/token' }
  await writeFile(file, JSON.stringify(credentials), { mode: 0o600 })
  return { ...environment, GOOGLE_APPLICATION_CREDENTIALS: file }
}
