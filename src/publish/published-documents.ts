/**
 * Who wrote the documents that a target contains: those of another cluster or tool are never overwritten without --adopt.
 * kOps, ccoctl and azwi are recognized by members that pullpass never writes.
 */
import { isDeepStrictEqual } from 'node:util'
import { type DocumentName, documentUrl, type StoredDocument } from '../oidc/issuer-documents.ts'
import { checkIssuerUrl } from '../oidc/issuer-url.ts'
import { type IssuerKey, parseJwks, sameKey } from '../oidc/keys.ts'
import type { PublicFacts } from '../oidc/public/public-facts.ts'
import type { FoundDocument, PublicIssuer } from '../oidc/public/public-issuer.ts'
import { asObject, asText, type JsonObject, jsonOrNone } from '../text/json-fields.ts'
import { quote } from '../text/plain-text.ts'

export type Stored = Readonly<Partial<Record<DocumentName, StoredDocument | undefined>>>

/** The stored documents; an anonymous client reads no version. */
type StoredTexts = Readonly<Partial<Record<DocumentName, Pick<StoredDocument, 'text'> | undefined>>>

export interface Published {
  /** Of the stored JWKS; empty if there is none, or if it is not trusted. */
  readonly keys: readonly IssuerKey[]
  /** A noun phrase; undefined if the documents are this cluster's, or there are none. */
  readonly foreign: string | undefined
  /** The other issuer under which this cluster's own keys are stored. */
  readonly otherIssuer?: string
}

/** `own`: every key that this cluster is known to have, now or before. */
export function classifyPublished(stored: StoredTexts, issuer: string, own: readonly IssuerKey[]): Published {
  const keys = stored.jwks && parseJwks(stored.jwks.text)
  const shared = keys?.some((key) => own.some((one) => sameKey(one, key)))
  const foreign = whyForeignDiscovery(stored.discovery, issuer)
  if (foreign !== undefined) {
    const named = issuerOf(stored.discovery)
    return { keys: [], foreign, ...(shared && named && named !== issuer && { otherIssuer: named }) }
  }
  if (stored.jwks === undefined) return { keys: [], foreign: undefined }
  if (keys === undefined) return { keys: [], foreign: 'a file in place of the JWKS that is not a JWKS' }
  return shared || keys.length === 0
    ? { keys, foreign: undefined }
    : { keys: [], foreign: `a JWKS of another cluster: none of its ${keys.length} keys is this cluster's` }
}

const issuerOf = (stored: StoredTexts['discovery']) => asText(asObject(jsonOrNone(stored?.text ?? ''))?.['issuer'])

function whyForeignDiscovery(stored: StoredTexts['discovery'], issuer: string): string | undefined {
  if (stored === undefined) return undefined
  const document = asObject(jsonOrNone(stored.text))
  if (document === undefined) return 'a file in place of the discovery document that is not a JSON object'
  const named = asText(document['issuer'])
  if (named !== issuer) return `the discovery document of issuer ${named === undefined ? 'null' : quote(named)}`
  const tool = otherTool(document)
  if (tool !== undefined) return `a discovery document that ${tool} wrote, and that it writes again`
  const keysAt = asText(document['jwks_uri'])
  return keysAt === documentUrl(issuer, 'jwks')
    ? undefined
    : `a discovery document that leads to ${keysAt === undefined ? 'no keys' : quote(keysAt)}`
}

/** https://github.com/openshift/cloud-credential-operator, https://kops.sigs.k8s.io, https://azure.github.io/azure-workload-identity */
function otherTool(document: JsonObject): string | undefined {
  if (asText(document['jwks_uri'])?.endsWith('/keys.json')) return 'ccoctl'
  if (document['authorization_endpoint'] !== undefined)
    return 'a tool of the family of azwi and the AWS pod identity webhook'
  return document['claims_supported'] === undefined ? undefined : 'another tool (it lists claims_supported)'
}

// Whether two JSON texts are equal, independent of white space and the order of members.

/** False where one of them is not JSON. */
export function isSameJson(one: string, other: string): boolean {
  const [first, second] = [jsonOrNone(one), jsonOrNone(other)]
  return first !== undefined && isDeepStrictEqual(first, second)
}

// Which component publishes the documents of a cluster: pullpass, a managed service, or another tool. Pure.

/** `external`: the documents are another cluster's or tool's, and are not overwritten without --adopt. */
export interface IssuerMode {
  readonly mode: 'publish' | 'verify only' | 'external'
  /** Follows "mode: why". */
  readonly why: string
}

/** `own`: the keys that the cluster serves. */
export function findMode(
  { issuer, managedService: service, found }: Pick<PublicFacts, 'issuer' | 'managedService' | 'found'>,
  own: readonly IssuerKey[],
): IssuerMode {
  if (service !== undefined) {
    return { mode: 'verify only', why: `${service} publishes the documents of this issuer, and updates them` }
  }
  if (found === undefined || checkIssuerUrl(issuer, 'it') !== undefined) {
    return { mode: 'publish', why: 'no cloud can read this issuer: another one has to be set first' }
  }
  const [discovery, jwks] = [publicOf(found.discovery), publicOf(found.jwks)]
  if (discovery === undefined) return { mode: 'publish', why: whyNone(found) }
  const { foreign, keys } = classifyPublished({ discovery, jwks }, issuer, own)
  if (foreign !== undefined) return { mode: 'external', why: `published is ${foreign}` }
  const missing = own.filter(({ keyId }) => !keys.some((key) => key.keyId === keyId)).length
  const state =
    missing === 0
      ? 'with every key that the cluster serves'
      : `but ${missing} of ${own.length} keys of the cluster are missing`
  return { mode: 'publish', why: `its documents are public, ${state}` }
}

const publicOf = (document: FoundDocument | undefined) =>
  document?.kind === 'response' && document.status === 200 ? document : undefined

function whyNone({ discovery }: PublicIssuer): string {
  return discovery.kind === 'response'
    ? `its documents are not published yet: an anonymous client gets ${discovery.status}`
    : `whether its documents are published is unknown: ${discovery.fault.seen}`
}
