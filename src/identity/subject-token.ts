/** The claims of a Kubernetes service account token, decoded without verification. RFC 7519 (JWT), RFC 7515 §7.1. */

import { isApiServerAudience } from '../credential/api-server-audience.ts'
import { PullpassError } from '../errors/pullpass-error.ts'
import { asObject, isObject } from '../text/json-fields.ts'
import { plainLine } from '../text/plain-text.ts'
import type { Redacted } from '../text/redacted.ts'

export interface SubjectToken {
  readonly value: Redacted
  readonly issuer: string
  /** `system:serviceaccount:NAMESPACE:NAME` for Kubernetes' own tokens. */
  readonly subject: string
  readonly audiences: readonly string[]
  readonly issuedAt: Date | undefined
  readonly expiresAt: Date
  readonly keyId: string | undefined
  readonly algorithm: string | undefined
  /** The uid of the service account: another one if it was deleted and created again. */
  readonly accountUid: string | undefined
  readonly pod: string | undefined
  readonly node: string | undefined
  /** Where it was read; absent: requested, or from a variable. */
  readonly file?: string
}

type ClaimName = 'iss' | 'sub' | 'aud' | 'exp' | 'iat'
type FieldName = ClaimName | 'alg' | 'kid' | 'kubernetes.io' | 'serviceaccount' | 'pod' | 'node' | 'name' | 'uid'
type Fields = { readonly [name in FieldName]?: unknown }

/** Bytes; Kubernetes' own tokens have 1 to 2 KiB. */
const longest = 16 * 1024
/** Characters of a kid or an algorithm. */
const longestWord = 256
/** Seconds since 1970 that a Date can hold. */
const latest = 8.64e12

/**
 * The claims of a subject token. `where`: its source, for messages; no part of the token is ever shown.
 * @throws TOKEN_MALFORMED
 */
export function decodeSubjectToken(value: Redacted, where: string): SubjectToken {
  const refuse = (seen: string) => malformed(where, seen)
  const [header, payload] = splitParts(value.reveal(), refuse)
  const { alg, kid } = decodeObject(header, 'header', refuse)
  const claims = decodeObject(payload, 'payload', refuse)
  const workload = objectOrEmpty(claims['kubernetes.io'])
  return {
    value,
    issuer: stringClaim(claims, 'iss', refuse),
    subject: stringClaim(claims, 'sub', refuse),
    audiences: audienceClaim(claims.aud, refuse),
    issuedAt: claims.iat === undefined ? undefined : dateClaim(claims, 'iat', refuse),
    expiresAt: dateClaim(claims, 'exp', refuse),
    keyId: wordOrNone(kid),
    algorithm: wordOrNone(alg),
    accountUid: stringOrNone(objectOrEmpty(workload.serviceaccount).uid),
    pod: stringOrNone(objectOrEmpty(workload.pod).name),
    node: stringOrNone(objectOrEmpty(workload.node).name),
  }
}

type Refuse = (seen: string) => PullpassError

function malformed(where: string, seen: string): PullpassError {
  return new PullpassError({
    code: 'TOKEN_MALFORMED',
    hop: 'subject-token',
    seen: `${where} contains no service account token: ${seen}`,
    expected: 'a JWT: header, payload and signature in base64url, joined by "."',
    hint: 'use a projected token (volumes[].projected.sources[].serviceAccountToken), or a document (-f) with spec.serviceAccountRef, so that pullpass requests one',
  })
}

function splitParts(token: string, refuse: Refuse): [header: string, payload: string] {
  if (Buffer.byteLength(token) > longest) {
    throw refuse(`it has ${Buffer.byteLength(token)} bytes, more than ${longest}`)
  }
  const parts = token.split('.')
  const [header, payload, signature] = parts
  if (parts.length !== 3 || header === undefined || payload === undefined || signature === undefined) {
    throw refuse(`it has ${parts.length} ${parts.length === 1 ? 'part' : 'parts'}`)
  }
  for (const [name, part] of Object.entries({ header, payload, signature })) {
    if (part === '') throw refuse(`its ${name} is empty`)
    // Buffer accepts any text as base64url and drops unknown characters.
    if (!/^[A-Za-z0-9_-]+$/.test(part) || part.length % 4 === 1) throw refuse(`its ${name} is not base64url`)
  }
  return [header, payload]
}

function decodeObject(part: string, name: string, refuse: Refuse): Fields {
  let value: unknown
  let steers = false
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(part, 'base64url'))
    value = JSON.parse(text, (_key, inner: unknown) => {
      steers ||= typeof inner === 'string' && inner !== plainLine(inner)
      return inner
    })
  } catch {
    // The parser's message quotes the text, and is dropped.
    throw refuse(`its ${name} is not JSON`)
  }
  if (steers) throw refuse(`its ${name} contains control characters`) // claims are printed on terminals
  if (!isObject(value)) throw refuse(`its ${name} is not a JSON object`)
  return value
}

function stringClaim(claims: Fields, name: ClaimName, refuse: Refuse): string {
  const value = claims[name]
  if (value === undefined) throw refuse(`it has no claim ${name}`)
  if (typeof value !== 'string' || value === '') throw refuse(`its claim ${name} is not a string, or empty`)
  return value
}

/** RFC 7519 §4.1.3: a string or a list of strings; a token without it has no audience. */
function audienceClaim(value: unknown, refuse: Refuse): readonly string[] {
  const audiences: unknown = value === undefined ? [] : typeof value === 'string' ? [value] : value
  if (!Array.isArray(audiences) || !audiences.every((audience) => typeof audience === 'string')) {
    throw refuse('its claim aud is neither a string nor a list of strings')
  }
  return audiences
}

function dateClaim(claims: Fields, name: ClaimName, refuse: Refuse): Date {
  const seconds = claims[name]
  if (seconds === undefined) throw refuse(`it has no claim ${name}, as tokens in Secrets of earlier Kubernetes`)
  if (typeof seconds !== 'number' || seconds < 0 || seconds > latest) {
    throw refuse(`its claim ${name} is not a number of seconds since 1970`)
  }
  return new Date(seconds * 1000)
}

const stringOrNone = (value: unknown) => (typeof value === 'string' && value !== '' ? value : undefined)
/** Printed in tables, and compared with those of a JWKS, which have the same bound. */
const wordOrNone = (value: unknown) => {
  const word = stringOrNone(value)
  return word !== undefined && word.length > longestWord ? undefined : word
}
const objectOrEmpty = (value: unknown): Fields => asObject(value) ?? {}

/**
 * Whether an API server may accept the token, by its audiences: such a token is never sent elsewhere. API servers accept their
 * issuer as audience, unless --api-audiences is set, and tokens of Secrets, which have no audience.
 * https://kubernetes.io/docs/reference/command-line-tools-reference/kube-apiserver/
 */
export const isAcceptedByApiServer = ({ audiences, issuer }: Pick<SubjectToken, 'audiences' | 'issuer'>): boolean =>
  audiences.length === 0 || audiences.some((audience) => audience === issuer || isApiServerAudience(audience))
