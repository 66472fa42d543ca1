/** The command that publishes an issuer's documents: exact where its URL tells the store. */
import type { Remedy } from './finding.ts'
import type { MendingCommands } from './mending-commands.ts'

const stores: readonly (readonly [RegExp, string])[] = [
  [/^https:\/\/storage\.googleapis\.com\/([^/]+)\/(.+)$/, 'gs://$1/$2'],
  [/^https:\/\/([a-z0-9.-]+)\.s3\.[a-z0-9-]+\.amazonaws\.com\/(.+)$/, 's3://$1/$2'],
  [/^https:\/\/([a-z0-9]+)\.blob\.core\.windows\.net\/([^/]+)\/(.+)$/, 'azblob://$1/$2/$3'],
]

export function publishRemedy(issuer: string, commands: MendingCommands): Remedy {
  const store = stores.find(([pattern]) => pattern.test(issuer))
  if (store !== undefined) return { command: commands.cluster('issuer publish', '--to', issuer.replace(...store)) }
  return {
    command: commands.cluster('issuer publish', '--to', './public', '--issuer-url', issuer),
    words:
      'then copy ./public to where that URL is served from; if it is a bucket, name it instead: --to gs://BUCKET/PATH',
  }
}
