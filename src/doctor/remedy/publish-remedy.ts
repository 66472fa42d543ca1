/** What publishes an issuer's documents as they are to be: exact where its URL tells the store. */
import { vendorOfIssuer } from '../../issuer/documents/vendor-of-issuer.ts'
import type { FindingCode, Remedy } from '../finding.ts'
import type { MendingCommands } from './mending-commands.ts'

/** Something else lies there, which is overwritten only when it is said. */
const foreign: readonly FindingCode[] = [
  'ISSUER_NOT_JSON',
  'ISSUER_DIFFERS',
  'ISSUER_KEYS_NOT_HTTPS',
  'KEYS_NOT_JWKS',
  'KEY_OF_ANOTHER',
]
/** Not what lies there is wrong, but how it is served. */
const ofTheServer: readonly FindingCode[] = [
  'ISSUER_REDIRECTS',
  'ISSUER_CERTIFICATE_UNTRUSTED',
  'ISSUER_ANSWERS_OTHERWISE',
  'DISCOVERY_UNAVAILABLE',
  'ANSWER_TOO_LARGE',
]

export function publishRemedy(code: FindingCode, issuer: string, commands: MendingCommands): Remedy {
  const vendor = vendorOfIssuer(issuer)
  const check = commands.check(issuer)
  if (vendor !== undefined) {
    return { words: `${vendor} publishes these documents: ${check}, from outside of its network` }
  }
  if (ofTheServer.includes(code)) {
    return {
      words: `set right what serves that address, so that it answers itself, with a certificate of a public authority; then ${check}`,
    }
  }
  const target = targetOf(issuer, commands.storage)
  if (code === 'ISSUER_NOT_PUBLIC') return publicRemedy(target, check)
  const adopt = foreign.includes(code) ? ['--adopt'] : []
  const words = adopt.length > 0 ? 'it takes over what lies there: see first whose it is' : undefined
  if (target !== undefined) return { command: commands.cluster('issuer publish', '--to', target, ...adopt), words }
  return {
    command: commands.cluster('issuer publish', '--to', './public', '--issuer-url', issuer, ...adopt),
    words:
      'then copy ./public to where that URL is served from; if that is a bucket, name it instead: --to gs://BUCKET/PATH',
  }
}

function publicRemedy(target: string | undefined, check: string): Remedy {
  const bucket = /^gs:\/\/[^/]+/.exec(target ?? '')?.[0]
  if (bucket === undefined) return { words: `let anybody read these two documents, and nothing else; then ${check}` }
  return {
    command: `gcloud storage buckets add-iam-policy-binding ${bucket} --member=allUsers --role=roles/storage.objectViewer`,
    words: 'anybody may read the whole bucket then: keep nothing else in it',
  }
}

/** `storage`: the origin of Google's. */
function targetOf(issuer: string, storage: string): string | undefined {
  if (issuer.startsWith(`${storage}/`)) return `gs://${issuer.slice(storage.length + 1)}`
  const stores: readonly (readonly [RegExp, string])[] = [
    [/^https:\/\/([a-z0-9.-]+)\.s3\.[a-z0-9-]+\.amazonaws\.com\/(.+)$/, 's3://$1/$2'],
    [/^https:\/\/([a-z0-9]+)\.blob\.core\.windows\.net\/([^/]+)\/(.+)$/, 'azblob://$1/$2/$3'],
  ]
  const store = stores.find(([pattern]) => pattern.test(issuer))
  return store && issuer.replace(...store)
}
