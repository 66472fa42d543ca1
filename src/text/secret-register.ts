/**
 * The secrets that a run has sent or received, and the search for them in external text. One host can have two roles (token
 * service and IAM, registry and issuer), so text is compared with every secret of the run. Searched encodings: raw, base64,
 * base64url and URL-encoded, also where other characters are encoded too, each also with spaces and invisible characters in
 * between; others are not found.
 */
import { quote } from './plain-text.ts'
import type { Redacted } from './redacted.ts'

/** Part of the run's context, never global. */
export class SecretRegister implements Iterable<Redacted> {
  readonly #secrets = new Map<string, Redacted>()
  /** The number of secrets that contain a piece (tokens of one issuer share some). Created on first use. */
  #counts: Map<string, number> | undefined

  /** Called before a secret is sent, and when one is received. */
  add(...secrets: readonly (Redacted | undefined)[]): void {
    for (const secret of secrets) {
      if (secret === undefined) continue
      const value = secret.reveal()
      const isKnown = this.#secrets.delete(value)
      this.#secrets.set(value, secret) // the latest last
      if (isKnown) continue
      if (this.#counts !== undefined) countPieces(this.#counts, value, 1)
      const [oldest] = this.#secrets.keys()
      if (this.#secrets.size > most && oldest !== undefined) {
        this.#secrets.delete(oldest)
        if (this.#counts !== undefined) countPieces(this.#counts, oldest, -1)
      }
    }
  }

  [Symbol.iterator](): Iterator<Redacted> {
    return this.#secrets.values()
  }

  get pieces(): Pieces {
    if (this.#counts === undefined) {
      this.#counts = new Map()
      for (const value of this.#secrets.keys()) countPieces(this.#counts, value, 1)
    }
    return this.#counts
  }
}

type Pieces = Pick<ReadonlySet<string>, 'has' | 'size'>

function countPieces(counts: Map<string, number>, secret: string, change: 1 | -1): void {
  for (const piece of piecesOf(secret)) {
    const count = (counts.get(piece) ?? 0) + change
    if (count > 0) counts.set(piece, count)
    else counts.delete(piece)
  }
}

/** Daemons renew credentials for weeks: the oldest have expired. */
const most = 300
/** Any 23 consecutive characters of a secret contain one piece; no vendor's message matches 12 by chance. */
const pieceLength = 12

const withheld = '(its words are withheld: they repeat a secret)'

/** `text` in double quotes, one line of bounded length; a note instead if it contains a secret. */
export function quoteSafely(text: string, secrets: Iterable<Redacted>): string {
  const shown = quote(text)
  return repeatsSecret(shown, secrets) ? withheld : shown
}

/**
 * Whether `text` contains 23 consecutive characters of a secret (of a shorter one: 12 at its beginning or end), with or without
 * spaces and invisible characters in between.
 */
export function repeatsSecret(text: string, secrets: Iterable<Redacted>): boolean {
  const pieces =
    secrets instanceof SecretRegister
      ? secrets.pieces
      : new Set([...secrets].flatMap((secret) => [...piecesOf(secret.reveal())]))
  if (pieces.size === 0) return false
  const compacted = compact(text)
  if (holdsPiece(text, pieces) || (compacted !== text && holdsPiece(compacted, pieces))) return true
  return encodedCharacter.test(compacted) && holdsPiece(compact(decoded(compacted)), pieces)
}

/** Applied to printed text and to each string of structured output: each word that contains a secret is replaced. */
export function withholdSecrets(text: string, secrets: SecretRegister): string {
  if (!repeatsSecret(text, secrets)) return text
  let shown = ''
  let from = 0
  for (const { start, end } of mergeRanges(text, rangesOf(text, secrets.pieces))) {
    shown += `${text.slice(from, start)}(withheld, it repeats a secret)`
    from = end
  }
  return shown + text.slice(from)
}

/** In the text; `end` is exclusive. */
interface Range {
  readonly start: number
  readonly end: number
}

/** The text in another spelling, with the place in the text of each of its characters. */
interface Spelling {
  readonly text: string
  readonly places: readonly Range[]
}

/** Every piece in the text, in the text without ignored characters, and in that one decoded. */
function rangesOf(text: string, pieces: Pieces): Range[] {
  const raw: Spelling = { text, places: Array.from({ length: text.length }, (_, at) => ({ start: at, end: at + 1 })) }
  const compacted = compactSpelling(raw)
  const others = encodedCharacter.test(compacted.text) ? [compactSpelling(decodedSpelling(compacted))] : []
  return [raw, compacted, ...others]
    .flatMap((spelling) => rangesIn(spelling, pieces))
    .toSorted((one, other) => one.start - other.start)
}

function rangesIn({ text, places }: Spelling, pieces: Pieces): Range[] {
  const ranges: Range[] = []
  for (let at = 0; at + pieceLength <= text.length; at++) {
    const [first, last] = [places[at], places[at + pieceLength - 1]]
    if (first === undefined || last === undefined || !pieces.has(text.slice(at, at + pieceLength))) continue
    ranges.push({ start: first.start, end: last.end })
  }
  return ranges
}

function compactSpelling({ text, places }: Spelling): Spelling {
  const kept = positionsOf(text)
  return { text: compact(text), places: kept.flatMap((at) => places[at] ?? []) }
}

function decodedSpelling({ text, places }: Spelling): Spelling {
  const encodedAt = new Set(Array.from(text.matchAll(encodedCharacters), ({ index }) => index))
  const ofDecoded: Range[] = []
  for (let at = 0; at < text.length; at++) {
    const [first, last] = [places[at], places[encodedAt.has(at) ? at + 2 : at]]
    if (first !== undefined && last !== undefined) ofDecoded.push({ start: first.start, end: last.end })
    if (encodedAt.has(at)) at += 2
  }
  return { text: decoded(text), places: ofDecoded }
}

/** Extends ranges to words; ranges separated only by ignored characters are merged. */
function mergeRanges(text: string, ranges: readonly Range[]): Range[] {
  const merged: Range[] = []
  for (const { start, end } of ranges) {
    const last = merged.at(-1)
    if (last !== undefined && compact(text.slice(last.end, start)) === '') {
      merged[merged.length - 1] = { start: last.start, end: endOfWord(text, Math.max(end, last.end)) }
    } else merged.push({ start: startOfWord(text, start, last?.end ?? 0), end: endOfWord(text, end) })
  }
  return merged
}

const endsWord = (character: string) => /[\s"'`]/.test(character)

function startOfWord(text: string, at: number, least: number): number {
  let start = at
  while (start > least && !endsWord(text.charAt(start - 1))) start -= 1
  return start
}

function endOfWord(text: string, at: number): number {
  let end = at
  while (end < text.length && !endsWord(text.charAt(end))) end += 1
  return end
}

/** White space and invisible characters: raw, JSON-escaped, and the replacement of `plainLine`. */
const ignored = /\\u[\da-f]{4}|\\[bfnrt]|[\s\p{Cc}\p{Cf}\p{DI}\uFFFD]/giu

/** RFC 3986 §2.1. A server can encode any character, and a secret as sent has only those that need it. */
const encodedCharacter = /%[\dA-Fa-f]{2}/
const encodedCharacters = /%([\dA-Fa-f]{2})/g

/** Each byte is one character: secrets are ASCII. */
const decoded = (text: string): string =>
  text.replaceAll(encodedCharacters, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)))

const compact = (text: string): string => text.replaceAll(ignored, '')

/** The position in the text of each character of the compact text. */
function positionsOf(text: string): number[] {
  const positions: number[] = []
  let at = 0
  const keepUntil = (end: number) => {
    for (; at < end; at++) positions.push(at)
  }
  for (const { index, 0: found } of text.matchAll(ignored)) {
    keepUntil(index)
    at = index + found.length
  }
  keepUntil(text.length)
  return positions
}

function holdsPiece(text: string, pieces: Pieces): boolean {
  for (let at = 0; at + pieceLength <= text.length; at++) {
    if (pieces.has(text.slice(at, at + pieceLength))) return true
  }
  return false
}

function piecesOf(secret: string): Set<string> {
  const pieces = new Set<string>()
  for (const spelling of spellingsOf(secret)) {
    for (let at = 0; at + pieceLength <= spelling.length; at += pieceLength) {
      pieces.add(spelling.slice(at, at + pieceLength))
    }
    if (spelling.length >= pieceLength) pieces.add(spelling.slice(-pieceLength))
  }
  return pieces
}

/** Base64 depends on the number of preceding bytes: three variants, without the ends, which neighbours change. */
function spellingsOf(secret: string): string[] {
  const form = formEncoded(secret)
  const base64 = [...base64Spellings(secret), ...(form === secret ? [] : base64Spellings(form))]
  return [
    secret,
    compact(secret),
    encoded(secret),
    form,
    ...base64,
    ...base64.map((one) => one.replaceAll('+', '-').replaceAll('/', '_')),
  ]
}

/** At each offset of three bytes: of a text that contains it, such as `user:secret`. */
const base64Spellings = (text: string): string[] =>
  [0, 1, 2].map((before) =>
    Buffer.from('\0'.repeat(before) + text)
      .toString('base64')
      .slice(before * 2)
      .replaceAll('=', ''),
  )

/** As forms are sent, and client secrets in Basic authentication. RFC 6749 §2.3.1, appendix B */
const formEncoded = (text: string) => new URLSearchParams([['', text]]).toString().slice(1)

/** A lone surrogate cannot be encoded. */
const encoded = (text: string) => (text.isWellFormed() ? encodeURIComponent(text) : text)
