/** Cuts a CEL expression into names, literals and symbols. */
import { ExpressionFlaw } from './expression-flaw.ts'

export type Token =
  | { readonly kind: 'name' | 'symbol'; readonly text: string }
  | { readonly kind: 'literal'; readonly text: string; readonly value: string | number }

const pattern =
  /\s*(?:(?<name>[A-Za-z_]\w*)|(?<number>\d+(?:\.\d+)?)|(?<string>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")|(?<symbol>&&|\|\||[=!<>]=|[<>!()[\].,+]))/y
const escapes: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r' }

/** @throws ExpressionFlaw */
export function tokenize(text: string): readonly Token[] {
  const tokens: Token[] = []
  const end = text.trimEnd().length
  pattern.lastIndex = 0
  while (pattern.lastIndex < end) {
    const from = pattern.lastIndex
    const groups = pattern.exec(text)?.groups
    if (!groups) throw new ExpressionFlaw(`Syntax error: token recognition error at: '${text.slice(from).trim()[0]}'`)
    tokens.push(tokenOf(groups))
  }
  return tokens
}

function tokenOf({ name, number, string, symbol = '' }: Record<string, string | undefined>): Token {
  if (name === 'in') return { kind: 'symbol', text: name }
  if (name !== undefined) return { kind: 'name', text: name }
  if (number !== undefined) return { kind: 'literal', text: number, value: Number(number) }
  if (string === undefined) return { kind: 'symbol', text: symbol }
  const value = string.slice(1, -1).replace(/\\(.)/gs, (_, letter: string) => escapes[letter] ?? letter)
  return { kind: 'literal', text: string, value }
}
