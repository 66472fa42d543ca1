/**
 * Parses the part of CEL that people write into attribute mappings and conditions; all else is a flaw, never ignored.
 *
 *   or = and { "||" and } · and = relation { "&&" relation } · relation = sum [ ( == != < <= > >= in ) sum ]
 *   sum = unary { "+" unary } · unary = "!" unary | member · member = primary { "." name [ "(" … ")" ] | "[" or "]" }
 *   primary = literal | name | "has(" member ")" | "(" or ")" | "[" … "]"
 *
 * https://github.com/google/cel-spec/blob/master/doc/langdef.md
 */
import { ExpressionFlaw } from './expression-flaw.ts'
import { type Token, tokenize } from './tokenize.ts'

export type Expression =
  | { readonly kind: 'literal'; readonly value: string | number | boolean | null }
  | { readonly kind: 'list'; readonly items: readonly Expression[] }
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'index'; readonly of: Expression; readonly at: Expression }
  | { readonly kind: 'call'; readonly method: string; readonly on: Expression; readonly argument: Expression }
  | { readonly kind: 'has'; readonly what: Expression }
  | { readonly kind: 'not'; readonly what: Expression }
  | { readonly kind: 'binary'; readonly operator: string; readonly left: Expression; readonly right: Expression }

const methods = ['startsWith', 'endsWith', 'contains']
const constants: Readonly<Record<string, boolean | null>> = { true: true, false: false, null: null }
const relations = ['==', '!=', '<', '<=', '>', '>=', 'in']
const maxDepth = 50

/** `roots`: the names that it may begin with. @throws ExpressionFlaw */
export function parseExpression(text: string, roots: readonly string[]): Expression {
  const parser = new Parser(tokenize(text), roots)
  const expression = parser.or()
  parser.expectEnd()
  return expression
}

/** One method for each rule of the grammar above. */
class Parser {
  #position = 0
  #depth = 0
  readonly #tokens: readonly Token[]
  readonly #roots: readonly string[]

  constructor(tokens: readonly Token[], roots: readonly string[]) {
    this.#tokens = tokens
    this.#roots = roots
  }

  or(): Expression {
    return this.#chain(['||'], () => this.#chain(['&&'], () => this.#chain(relations, () => this.#sum())))
  }

  expectEnd(): void {
    const token = this.#tokens[this.#position]
    if (token) throw unexpected(token)
  }

  #sum(): Expression {
    return this.#chain(['+'], () => this.#unary())
  }

  #chain(operators: readonly string[], operand: () => Expression): Expression {
    let left = operand()
    while (this.#at(operators)) {
      const operator = this.#next().text
      left = { kind: 'binary', operator, left, right: operand() }
    }
    return left
  }

  #unary(): Expression {
    if (++this.#depth > maxDepth) throw new ExpressionFlaw('max recursion depth exceeded')
    const negated = this.#at(['!']) && this.#next()
    const what = negated ? this.#unary() : this.#member()
    this.#depth -= 1
    return negated ? { kind: 'not', what } : what
  }

  #member(): Expression {
    let of = this.#primary()
    while (this.#at(['.', '['])) {
      if (this.#next().text === '[') {
        of = { kind: 'index', of, at: this.or() }
        this.#expect(']')
        continue
      }
      const name = this.#next()
      if (name.kind !== 'name') throw unexpected(name)
      const field = { kind: 'literal', value: name.text } as const
      of = this.#at(['(']) ? this.#call(name.text, of) : { kind: 'index', of, at: field }
    }
    return of
  }

  #call(method: string, on: Expression): Expression {
    if (!methods.includes(method)) throw new ExpressionFlaw(`undeclared reference to '${method}'`)
    this.#expect('(')
    const [argument, ...more] = this.#list(')')
    if (!argument || more.length > 0) throw new ExpressionFlaw(`found no matching overload for '${method}'`)
    return { kind: 'call', method, on, argument }
  }

  #primary(): Expression {
    const token = this.#next()
    if (token.kind === 'literal') return { kind: 'literal', value: token.value }
    if (token.kind === 'symbol' && token.text === '[') return { kind: 'list', items: this.#list(']') }
    if (token.kind === 'symbol' && token.text === '(') {
      const inner = this.or()
      this.#expect(')')
      return inner
    }
    if (token.kind !== 'name') throw unexpected(token)
    if (Object.hasOwn(constants, token.text)) return { kind: 'literal', value: constants[token.text] ?? null }
    if (token.text === 'has' && this.#at(['('])) return this.#has()
    if (!this.#roots.includes(token.text)) throw new ExpressionFlaw(`undeclared reference to '${token.text}'`)
    return { kind: 'name', name: token.text }
  }

  #has(): Expression {
    this.#expect('(')
    const what = this.#member()
    this.#expect(')')
    if (what.kind !== 'index') throw new ExpressionFlaw('invalid argument to has() macro')
    return { kind: 'has', what }
  }

  #list(end: string): Expression[] {
    const items: Expression[] = []
    while (!this.#at([end])) {
      items.push(this.or())
      if (!this.#at([end])) this.#expect(',')
    }
    this.#expect(end)
    return items
  }

  #at(texts: readonly string[]): boolean {
    const token = this.#tokens[this.#position]
    return token?.kind === 'symbol' && texts.includes(token.text)
  }

  #next(): Token {
    const token = this.#tokens[this.#position]
    if (!token) throw new ExpressionFlaw('Syntax error: unexpected end of the expression')
    this.#position += 1
    return token
  }

  #expect(text: string): void {
    const token = this.#next()
    if (token.kind !== 'symbol' || token.text !== text) throw unexpected(token)
  }
}

const unexpected = ({ text }: Token) => new ExpressionFlaw(`Syntax error: mismatched input '${text}'`)
