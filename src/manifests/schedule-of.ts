/** When the CronJob runs: every quarter of an hour, at minutes of its own, so that installations do not meet at the cloud. */
import { createHash } from 'node:crypto'
import type { Document } from '../document/document.ts'
import type { Place } from './manifest.ts'

const everyMinutes = 15

/** The same for the same documents, wherever their files lie: to print the manifests again moves no run. */
export function scheduleOf(documents: readonly Document[], { namespace }: Place): string {
  const wanted = documents.map((document) => ({ ...document, source: undefined }))
  const hash = createHash('sha256')
    .update(JSON.stringify([namespace, wanted]))
    .digest()
  return `${hash.readUInt32BE() % everyMinutes}-59/${everyMinutes} * * * *`
}
