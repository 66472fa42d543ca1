/**
 * The secrets that a run has sent or obtained, and the search for them in words from outside. One host may play two roles
 * (token service and IAM, registry and issuer), so words are compared with every secret of the run, not only with what this
 * request sent. Looked for as it is, in base64, in base64url and URL-encoded; who ciphers it otherwise is not found out.
 */
import { quote } from './quote.ts'
import type { Redacted } from './redacted.ts'

/** Part of the run's context, never global. */
export class SecretRegister implements Iterable<Redacted> {
  readonly #secrets = new Map<string, Redacted>()
  #pieces: Set<string> | undefined

  /** Called before a secret is sent, and where one is obtained. */
  add(...secrets: readonly (Redacted | undefined)[]): void {
    for (const secret of secrets) {
      if (secret === undefined) continue
      const value = secret.reveal()
      if (this.#secrets.delete(value)) {
        this.#secrets.set(value, secret) // the latest last
        continue
      }
      this.#secrets.set(value, secret)
      if (this.#pieces !== undefined) addPieces(value, this.#pieces)
      const [oldest] = this.#secrets.keys()
      if (this.#secrets.size > most && oldest !== undefined) {
        this.#secrets.delete(oldest)
        this.#pieces = undefined // made anew where it is asked for
      }
    }
  }

  [Symbol.iterator](): Iterator<Redacted> {
    return this.#secrets.values()
  }

  get pieces(): ReadonlySet<string> {
    this.#pieces ??= piecesOf(this)
    return this.#pieces
  }
}

/** A daemon renews its credentials for weeks: those that it dropped have expired. */
const most = 300
/** Any 23 characters of a secret in a row hold one piece; no vendor's sentence matches 12 by chance. */
const pieceLength = 12

const withheld = '(its words are withheld: they repeat a secret)'

/** `text` in double quotes, one line of bounded length, or a note in its place where it repeats a secret. */
export function quoteSafely(text: string, secrets: Iterable<Redacted>): string {
  const shown = quote(text)
  return repeatsSecret(shown, secrets) ? withheld : shown
}

/** Whether 23 characters of a secret in a row (of a shorter one: 12 at its beginning or end) are in `text`. */
export function repeatsSecret(text: string, secrets: Iterable<Redacted>): boolean {
  const pieces = secrets instanceof SecretRegister ? secrets.pieces : piecesOf(secrets)
  return nextPiece(text, 0, pieces) !== undefined
}

/** The last defence before text is printed: each word that repeats a secret is replaced. */
export function withholdSecrets(text: string, secrets: SecretRegister): string {
  const { pieces } = secrets
  let shown = ''
  let from = 0
  for (let at = nextPiece(text, 0, pieces); at !== undefined; at = nextPiece(text, from, pieces)) {
    let start = at
    while (start > from && !endsWord(text.charAt(start - 1))) start -= 1
    shown += `${text.slice(from, start)}(withheld: it repeats a secret)`
    from = at + pieceLength
    while (from < text.length && !endsWord(text.charAt(from))) from += 1
  }
  return shown + text.slice(from)
}

const endsWord = (character: string) => /[\s"'`]/.test(character)

function nextPiece(text: string, from: number, pieces: ReadonlySet<string>): number | undefined {
  if (pieces.size === 0) return undefined
  for (let at = from; at + pieceLength <= text.length; at++) {
    if (pieces.has(text.slice(at, at + pieceLength))) return at
  }
  return undefined
}

function piecesOf(secrets: Iterable<Redacted>): Set<string> {
  const pieces = new Set<string>()
  for (const secret of secrets) addPieces(secret.reveal(), pieces)
  return pieces
}

function addPieces(secret: string, pieces: Set<string>): void {
  for (const spelling of spellingsOf(secret)) {
    for (let at = 0; at + pieceLength <= spelling.length; at += pieceLength) {
      pieces.add(spelling.slice(at, at + pieceLength))
    }
    if (spelling.length >= pieceLength) pieces.add(spelling.slice(-pieceLength))
  }
}

/** Base64 depends on how many bytes came before: three ways, without the ends, which the neighbours change. */
function spellingsOf(secret: string): string[] {
  const base64 = [0, 1, 2].map((before) =>
    Buffer.from('\0'.repeat(before) + secret)
      .toString('base64')
      .slice(before * 2)
      .replaceAll('=', ''),
  )
  return [secret, encoded(secret), ...base64, ...base64.map((one) => one.replaceAll('+', '-').replaceAll('/', '_'))]
}

/** Half a surrogate pair cannot be encoded. */
const encoded = (text: string) => (text.isWellFormed() ? encodeURIComponent(text) : text)
