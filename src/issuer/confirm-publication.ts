/** Whether strangers read what was published, and could verify a token of the cluster with it. */
import type { SubjectToken } from '../identity/subject-token.ts'
import type { Outside } from '../outside/outside.ts'
import { documentUrl } from './build-documents.ts'
import { parseJwks } from './parse-jwks.ts'
import type { PublishOutcome } from './publish-documents.ts'
import type { DocumentName } from './publish-target.ts'
import { type FoundDocument, readPublicIssuer } from './read-public-issuer.ts'
import { verifySignature } from './verify-signature.ts'

/** `pending`: not so yet, for a reason that passes or that somebody has to end. */
export interface Confirmation {
  readonly check: DocumentName | 'token'
  readonly state: 'ok' | 'pending' | 'failed'
  readonly says: string
}

/** `token`: fresh from the cluster, or why there is none. */
export async function confirmPublication(
  outside: Pick<Outside, 'transport' | 'signal'>,
  issuer: string,
  outcome: PublishOutcome,
  token: SubjectToken | string,
): Promise<Confirmation[]> {
  const found = await readPublicIssuer(outside, issuer)
  const discovery = confirmDocument('discovery', found.discovery, outcome)
  if (found.jwks === undefined || discovery.state === 'failed') {
    return [discovery, skipped('jwks', discovery), skipped('token', discovery)]
  }
  const jwks = confirmDocument('jwks', found.jwks, outcome)
  const keys = found.jwks.kind === 'answered' && found.jwks.status === 200 ? parseJwks(found.jwks.text) : undefined
  if (keys === undefined) return [discovery, jwks, skipped('token', jwks)]
  return [discovery, jwks, await confirmToken(issuer, token, keys)]
}

const skipped = (check: Confirmation['check'], cause: Confirmation): Confirmation => ({
  check,
  state: cause.state === 'ok' ? 'failed' : cause.state,
  says: cause.state === 'ok' ? 'the discovery document leads to no keys' : `not looked at: see ${cause.check}`,
})

function confirmDocument(
  name: DocumentName,
  found: FoundDocument,
  { documents, before }: PublishOutcome,
): Confirmation {
  if (found.kind === 'unanswered') return { check: name, state: 'failed', says: found.fault.seen }
  const { url, status, text, location, cacheControl } = found
  if (status !== 200) return { check: name, state: 'failed', says: whyNotServed(url, status, location) }
  if (text === documents[name].text) return { check: name, state: 'ok', says: `read by anybody at ${url}` }
  if (text === before[name]?.text) {
    const lifetime = cacheControl === undefined ? '' : ` (${cacheControl})`
    return { check: name, state: 'pending', says: `a cache still serves the one before${lifetime} at ${url}` }
  }
  return { check: name, state: 'failed', says: `something else is served at ${url}` }
}

function whyNotServed(url: string, status: number, location: string | undefined): string {
  if (status >= 300 && status < 400)
    return `${url} answers ${status}, a redirect to ${location ?? 'nowhere'}: clouds follow none`
  const why = { 401: 'it is not public', 403: 'it is not public', 404: 'nothing is there' }[status]
  return `${url} answers a stranger ${status}${why === undefined ? '' : `: ${why}`}`
}

async function confirmToken(
  issuer: string,
  token: SubjectToken | string,
  keys: NonNullable<ReturnType<typeof parseJwks>>,
): Promise<Confirmation> {
  if (typeof token === 'string') return { check: 'token', state: 'pending', says: token }
  if (token.issuer !== issuer) {
    return {
      check: 'token',
      state: 'pending',
      says: `the cluster's tokens carry issuer ${token.issuer}: set --service-account-issuer=${issuer} before it, and keep the old one second`,
    }
  }
  const verdict = await verifySignature(token, keys)
  const says = {
    verified: `a token fresh from the cluster verifies with the keys at ${documentUrl(issuer, 'jwks')}`,
    wrong: `the published key ${token.keyId} is not the one that signed a token fresh from the cluster`,
    'unknown-key': `a token fresh from the cluster is signed by key ${token.keyId ?? '(it names none)'}, which is not published`,
    unsupported: `a token fresh from the cluster is signed with ${token.algorithm ?? 'an algorithm that it does not name'}, which no cloud verifies`,
  }[verdict]
  return { check: 'token', state: verdict === 'verified' ? 'ok' : 'failed', says }
}
