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
  const challenges = challengesIn(header)
  for (const { scheme, parameters } of challenges) {
    const realm = parameters.get('realm')
    if (scheme === 'bearer' && realm !== undefined) {
      return { scheme, realm, service: parameters.get('service') }
    }
  }
  return challenges.some(({ scheme }) => scheme === 'basic') ? { scheme: 'basic' } : undefined
}

interface WrittenChallenge {
  /** In lower case. */
  readonly scheme: string
  /** By their names in lower case; the first of two of one name counts. */
  readonly parameters: Map<string, string>
}

/** A word begins a challenge, unless `=` follows: then it is a parameter of the one before. Each character is read once. */
function challengesIn(header: string): WrittenChallenge[] {
  const challenges: WrittenChallenge[] = []
  let at = 0
  const skip = (pattern: RegExp): string => {
    pattern.lastIndex = at
    const [found = ''] = pattern.exec(header) ?? []
    at += found.length
    return found
  }
  while (at < header.length) {
    skip(separators)
    const word = skip(token)
    if (word === '') {
      at += 1 // what no challenge holds is passed over
      continue
    }
    const isParameter = skip(equals) !== ''
    if (!isParameter) {
      challenges.push({ scheme: word.toLowerCase(), parameters: new Map() })
      continue
    }
    const quoted = skip(quotedText)
    const value = quoted === '' ? skip(plainText) : quoted.slice(1, -1).replaceAll(/\\(.)/gs, '$1')
    const { parameters } = challenges.at(-1) ?? {}
    const name = word.toLowerCase()
    if (parameters !== undefined && !parameters.has(name)) parameters.set(name, value)
  }
  return challenges
}

const separators = /[\s,]*/y
/** RFC 9110 §5.6.2, and what token68 adds. */
const token = /[\w!#$%&'*+.^`|~/-]+/y
const equals = /[ \t]*=[ \t]*/y
const quotedText = /"(?:[^"\\]|\\.)*"/sy
const plainText = /[^\s,"]*/y
