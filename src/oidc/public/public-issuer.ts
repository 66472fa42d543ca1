/**
 * What an anonymous client reads at an issuer's URL, requested as clouds do: no credential, no redirect followed, bounded.
 * https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfigurationRequest
 */

import type { PullpassError } from '../../errors/pullpass-error.ts'
import type { Context } from '../../http/context.ts'
import { transportError } from '../../http/request-errors.ts'
import { asObject, asText, jsonOrNone } from '../../text/json-fields.ts'
import { documentUrl } from '../issuer-documents.ts'
import { type IssuerKey, parseJwks } from '../keys.ts'

export type FoundDocument = DocumentResponse | DocumentUnavailable

export interface DocumentResponse {
  readonly kind: 'response'
  readonly url: string
  readonly status: number
  readonly contentType: string | undefined
  readonly cacheControl: string | undefined
  /** Undefined where the server does not state it, or not as RFC 9110 §8.8.2 writes a date. */
  readonly lastModifiedAt: Date | undefined
  /** The target of a redirect, which is not followed. */
  readonly location: string | undefined
  /** At most 1 MiB. */
  readonly text: string
}

export interface DocumentUnavailable {
  readonly kind: 'unavailable'
  readonly url: string
  /** Of the name, the connection, the certificate, the time, or the size. */
  readonly fault: PullpassError
}

export interface PublicIssuer {
  readonly issuer: string
  readonly discovery: FoundDocument
  /** Undefined where the discovery document leads to none: absent, unread, or a jwks_uri that is not https. */
  readonly jwks: FoundDocument | undefined
}

const maxBytes = 1024 * 1024
const timeoutMs = 20_000

export async function readPublicIssuer(
  context: Pick<Context, 'transport' | 'signal'>,
  issuer: string,
): Promise<PublicIssuer> {
  const discovery = await findDocument(context, documentUrl(issuer, 'discovery'))
  const jwksUri = discovery.kind === 'response' && discovery.status === 200 ? jwksUriOf(discovery.text) : undefined
  return { issuer, discovery, jwks: jwksUri === undefined ? undefined : await findDocument(context, jwksUri) }
}

/** Undefined for a URL that no cloud requests. */
export function jwksUriOf(discovery: string): string | undefined {
  const uri = asText(asObject(jsonOrNone(discovery))?.['jwks_uri'])
  const url = uri === undefined || uri.length > 2048 ? null : URL.parse(uri)
  return url?.protocol === 'https:' && url.username === '' && url.password === '' ? uri : undefined
}

async function findDocument(context: Pick<Context, 'transport' | 'signal'>, url: string): Promise<FoundDocument> {
  const timeout = AbortSignal.timeout(timeoutMs)
  const purpose = { hop: 'discovery', service: new URL(url).host } as const
  try {
    const { status, headers, body } = await context.transport({
      method: 'GET',
      url,
      headers: { accept: '*/*', 'user-agent': 'pullpass' },
      maxBytes,
      signal: AbortSignal.any([timeout, context.signal]),
      purpose,
    })
    const { 'content-type': contentType, 'cache-control': cacheControl, 'last-modified': modified, location } = headers
    const lastModifiedAt = dateOf(modified)
    return { kind: 'response', url, status, contentType, cacheControl, lastModifiedAt, location, text: body }
  } catch (error) {
    context.signal.throwIfAborted()
    const timedOut = timeout.aborted ? `did not respond within ${timeoutMs / 1000} s` : undefined
    return { kind: 'unavailable', url, fault: transportError({ ...purpose, url }, timedOut, error) }
  }
}

function dateOf(text: string | undefined): Date | undefined {
  const at = new Date(text === undefined || text.length > 64 ? Number.NaN : text)
  return Number.isNaN(at.getTime()) ? undefined : at
}

/** The value of `max-age`; 0 if it must not be cached, undefined without a header. */
export function cacheSecondsOf(cacheControl = ''): number | undefined {
  if (/\bno-(cache|store)\b/i.test(cacheControl)) return 0
  const seconds = /\bmax-age="?(\d{1,10})\b/i.exec(cacheControl)?.[1]
  return seconds === undefined ? undefined : Number(seconds)
}

// The keys of a JWKS that an anonymous client received.

/** Undefined where there was no response, another status than 200, or no JWKS. */
export const foundKeys = (jwks: FoundDocument | undefined): readonly IssuerKey[] | undefined =>
  jwks?.kind === 'response' && jwks.status === 200 ? parseJwks(jwks.text) : undefined
