/** Whether anonymous clients read what was published, and can verify a token of the cluster with it. */
import type { Context } from '../http/context.ts'
import type { SubjectToken } from '../identity/subject-token.ts'
import { type DocumentName, documentUrl, type PublishTarget } from '../oidc/issuer-documents.ts'
import { type IssuerKey, verifySignature } from '../oidc/keys.ts'
import { type PublicContext, whyUntrusted } from '../oidc/public/public-facts.ts'
import { cacheSecondsOf, type FoundDocument, foundKeys, readPublicIssuer } from '../oidc/public/public-issuer.ts'
import { shellOperand } from '../text/shell.ts'
import type { Publication, PublishOutcome } from './publish-documents.ts'
import { isSameJson } from './published-documents.ts'

/** `pending`: not yet, for a reason that passes, or that an operator has to remove. */
export interface Confirmation {
  readonly check: DocumentName | 'token'
  readonly state: 'ok' | 'pending' | 'failed'
  readonly seen: string
  /** Of a document that is as it should: where it was read. */
  readonly url?: string
  /** Of the JWKS: the max-age with which it is served. */
  readonly cacheSeconds?: number
  /** The reason why it could not be read. */
  readonly because?: DocumentName
  /** What to do about it: a sentence, and the command, ready to paste. */
  readonly hint?: string | undefined
  readonly command?: string | undefined
}

/** Where it was published, and under which issuer. */
export interface IssuerTarget {
  readonly issuer: string
  readonly target: Pick<PublishTarget, 'publicUrl' | 'facts'>
}

/** `token`: fresh from the cluster, or why there is none. */
export async function confirmPublication(
  context: Pick<Context, 'transport' | 'signal'>,
  issuerTarget: IssuerTarget,
  outcome: PublishOutcome,
  token: SubjectToken | string,
): Promise<Confirmation[]> {
  const { issuer } = issuerTarget
  const found = await readPublicIssuer(context, issuer)
  const discovery = confirmDocument('discovery', found.discovery, issuerTarget, outcome)
  if (found.jwks === undefined) {
    const jwks = discovery.state === 'ok' ? noJwksUri : skipped('jwks', 'discovery', discovery)
    return [discovery, jwks, skipped('token', discovery.state === 'ok' ? 'jwks' : 'discovery', jwks)]
  }
  const jwks = confirmDocument('jwks', found.jwks, issuerTarget, outcome)
  const keys = foundKeys(found.jwks)
  if (keys === undefined) return [discovery, jwks, skipped('token', 'jwks', jwks)]
  return [discovery, jwks, await confirmToken(issuer, token, keys)]
}

const noJwksUri: Confirmation = {
  check: 'jwks',
  state: 'failed',
  seen: 'the discovery document has no usable jwks_uri',
}

const skipped = (check: Confirmation['check'], because: DocumentName, { state }: Confirmation): Confirmation => ({
  check,
  state,
  because,
  seen: `not checked because of ${because}`,
})

function confirmDocument(
  name: DocumentName,
  found: FoundDocument,
  issuerTarget: IssuerTarget,
  { documents, before }: PublishOutcome,
): Confirmation {
  if (found.kind === 'unavailable') return notServed(name, found.fault.seen, issuerTarget)
  const { url, status, text, location, cacheControl } = found
  if (status !== 200) return notServed(name, whyNotServed(url, status, location), issuerTarget)
  if (isSameJson(text, documents[name].text)) {
    const cacheSeconds = cacheSecondsOf(cacheControl)
    const seen = `readable by anonymous clients at ${url}`
    return { check: name, state: 'ok', url, seen, ...(cacheSeconds !== undefined && { cacheSeconds }) }
  }
  if (text === before[name]?.text) {
    const lifetime = cacheControl === undefined ? '' : ` (${cacheControl})`
    return { check: name, state: 'pending', seen: `a cache still serves the previous version${lifetime} at ${url}` }
  }
  return { check: name, state: 'failed', seen: `another document is served at ${url}` }
}

/** A folder is served by another program: if it is not served yet, publishing has not failed. */
function notServed(check: DocumentName, seen: string, { issuer, target }: IssuerTarget): Confirmation {
  return target.publicUrl === undefined
    ? {
        check,
        state: 'pending',
        seen,
        hint: `serve the folder at ${issuer}, then check it`,
        command: `pullpass issuer check ${shellOperand(issuer, 'ISSUER')}`,
      }
    : { check, state: 'failed', seen, command: target.facts.makePublic }
}

function whyNotServed(url: string, status: number, location: string | undefined): string {
  if (status >= 300 && status < 400)
    return `${url} responds with ${status}, a redirect to ${location ?? 'no location'}: clouds follow none`
  const why = { 401: 'it is not public', 403: 'it is not public', 404: 'it does not exist' }[status]
  return `${url} returns ${status} to anonymous clients${why === undefined ? '' : `: ${why}`}`
}

async function confirmToken(
  issuer: string,
  token: SubjectToken | string,
  keys: readonly IssuerKey[],
): Promise<Confirmation> {
  if (typeof token === 'string') return { check: 'token', state: 'pending', seen: token }
  if (token.issuer !== issuer) {
    return {
      check: 'token',
      state: 'pending',
      seen: `the cluster's tokens have issuer ${token.issuer}`,
      hint: 'configure the new issuer in the cluster, in two roll-outs; for the steps',
      command: `pullpass issuer show --to-issuer ${shellOperand(issuer, 'ISSUER')}`,
    }
  }
  const verdict = await verifySignature(token, keys)
  const seen = {
    verified: `a new token of the cluster verifies with the keys at ${documentUrl(issuer, 'jwks')}`,
    wrong: `the published key ${token.keyId} is not the one that signed a new token of the cluster`,
    'unknown-key': `a new token of the cluster is signed by key ${token.keyId ?? '(no kid)'}, which is not published`,
    unsupported: `a new token of the cluster is signed with ${token.algorithm ?? 'an algorithm that it does not name'}, which no cloud verifies`,
  }[verdict]
  return { check: 'token', state: verdict === 'verified' ? 'ok' : 'failed', seen }
}

// Reads what was published as an anonymous client: a certificate of this run's own authorities is not trusted by others.

/** Empty if nothing was published for anonymous clients. `token`: a new one of the cluster, or why there is none. */
export async function readBack(
  context: PublicContext,
  issuerTarget: IssuerTarget & Pick<Publication, 'mode'>,
  outcome: PublishOutcome,
  token: () => Promise<SubjectToken | string>,
): Promise<Confirmation[]> {
  if (issuerTarget.mode === 'dry-run' || issuerTarget.target.facts.publishes === 'keys') return []
  const confirmations = await confirmPublication(context, issuerTarget, outcome, await token())
  return await Promise.all(
    confirmations.map(async (confirmation) => {
      const { url } = confirmation
      const why = url === undefined ? undefined : await whyUntrusted(context, url)
      return why === undefined ? confirmation : onlyHere(confirmation, why, issuerTarget.issuer)
    }),
  )
}

const onlyHere = (confirmation: Confirmation, why: string, issuer: string): Confirmation => ({
  ...confirmation,
  seen: `read at ${confirmation.url} with the certificate authorities of this run: its certificate is not issued by a public authority (${why})`,
  hint: 'check which clouds refuse that certificate',
  command: `pullpass issuer check ${shellOperand(issuer, 'ISSUER')}`,
})
