/**
 * What a registry asks for in a 401: `WWW-Authenticate`, RFC 9110 §11.6.1.
 * https://distribution.github.io/distribution/spec/auth/token/#how-to-authenticate
 */

export type Challenge =
  | { readonly scheme: 'basic' }
  /** `service` is absent at Artifact Registry. */
  | { readonly scheme: 'bearer'; readonly realm: string; readonly service: string | undefined }

/** Bytes: a challenge is a line. */
const longest = 8192

/** The strongest of the schemes that a pulling client knows; undefined where there is none, or it names no realm. */
export function parseChallenge(header: string | undefined): Challenge | undefined {
  if (header === undefined || header.length > longest) return undefined
  const bearer = /(?:^|,\s*)bearer\s+(.*)$/is.exec(header)?.[1]
  if (bearer !== undefined) {
    const { realm, service } = parametersOf(bearer)
    if (realm !== undefined) return { scheme: 'bearer', realm, service }
  }
  return /(?:^|,\s*)basic(?:\s|$)/i.test(header) ? { scheme: 'basic' } : undefined
}

/** `realm="https://…",service="…"`, quoted or not; the first of two of one name counts. */
function parametersOf(text: string): { realm?: string; service?: string } {
  const found = new Map<string, string>()
  for (const [, name = '', quoted, plain = ''] of text.matchAll(
    /([a-z]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))/gi,
  )) {
    const key = name.toLowerCase()
    if (!found.has(key)) found.set(key, quoted?.replaceAll(/\\(.)/gs, '$1') ?? plain)
  }
  const [realm, service] = [found.get('realm'), found.get('service')]
  return { ...(realm !== undefined && { realm }), ...(service !== undefined && { service }) }
}
