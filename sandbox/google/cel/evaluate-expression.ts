/** The value of a CEL expression for one token; a claim that is not there, or of another type, is an error as in CEL. */
import { ExpressionFlaw } from './expression-flaw.ts'
import type { Expression } from './parse-expression.ts'

/** What the names `assertion`, `google` and `attribute` stand for. */
export type Scope = Readonly<Record<string, unknown>>

type Binary = Extract<Expression, { kind: 'binary' }>

/** @throws ExpressionFlaw */
export function evaluateExpression(expression: Expression, scope: Scope): unknown {
  const evaluate = (one: Expression) => evaluateExpression(one, scope)
  switch (expression.kind) {
    case 'literal':
      return expression.value
    case 'list':
      return expression.items.map(evaluate)
    case 'name':
      return scope[expression.name] ?? {}
    case 'index':
      return valueAt(evaluate(expression.of), evaluate(expression.at))
    case 'has':
      return isThere(expression.what, scope)
    case 'call':
      return callMethod(expression.method, evaluate(expression.on), evaluate(expression.argument))
    case 'not':
      return !truth(evaluate(expression.what))
    case 'binary':
      return ['&&', '||'].includes(expression.operator) ? logic(expression, scope) : compare(expression, evaluate)
    default:
      return expression satisfies never
  }
}

function valueAt(of: unknown, at: unknown): unknown {
  if (Array.isArray(of) && typeof at === 'number' && at < of.length) return of[at]
  const isMap = typeof of === 'object' && of !== null && !Array.isArray(of)
  if (!isMap || typeof at !== 'string' || !Object.hasOwn(of, at))
    throw new ExpressionFlaw(`no such key: ${JSON.stringify(at)}`)
  return Object(of)[at]
}

function isThere(what: Expression, scope: Scope): boolean {
  if (what.kind !== 'index') return true
  const of = evaluateExpression(what.of, scope)
  return Object.hasOwn(Object(of), String(evaluateExpression(what.at, scope)))
}

function callMethod(method: string, on: unknown, argument: unknown): boolean {
  if (typeof on !== 'string' || typeof argument !== 'string') throw new ExpressionFlaw('no such overload')
  if (method === 'startsWith') return on.startsWith(argument)
  return method === 'endsWith' ? on.endsWith(argument) : on.includes(argument)
}

/** An error on one side does not count where the other side decides alone. */
function logic({ operator, left, right }: Binary, scope: Scope): boolean {
  const decides = operator === '||'
  const results = [left, right].map((side) => {
    try {
      return truth(evaluateExpression(side, scope))
    } catch (error) {
      return error // thrown below, unless the other side decides
    }
  })
  if (results.includes(decides)) return decides
  const error = results.find((result) => typeof result !== 'boolean')
  if (error !== undefined) throw error
  return !decides
}

function compare({ operator, left, right }: Binary, evaluate: (one: Expression) => unknown): unknown {
  const [a, b] = [evaluate(left), evaluate(right)]
  if (operator === '==') return isEqual(a, b)
  if (operator === '!=') return !isEqual(a, b)
  if (operator === 'in') {
    if (Array.isArray(b)) return b.some((item) => isEqual(item, a))
    if (typeof b === 'object' && b !== null) return Object.hasOwn(b, String(a))
    throw new ExpressionFlaw('no such overload')
  }
  if (operator === '+' && Array.isArray(a) && Array.isArray(b)) return [...a, ...b]
  if (typeof a === 'string' && typeof b === 'string') return order(operator, a, b)
  if (typeof a === 'number' && typeof b === 'number') return order(operator, a, b)
  throw new ExpressionFlaw('no such overload')
}

function order<Value extends string | number>(operator: string, a: Value, b: Value): unknown {
  if (operator === '+') return typeof a === 'number' ? a + Number(b) : `${a}${b}`
  if (operator === '<') return a < b
  if (operator === '<=') return a <= b
  return operator === '>' ? a > b : a >= b
}

const isEqual = (a: unknown, b: unknown): boolean =>
  a === b || (typeof a === 'object' && a !== null && JSON.stringify(a) === JSON.stringify(b))

function truth(value: unknown): boolean {
  if (typeof value !== 'boolean') throw new ExpressionFlaw('no such overload')
  return value
}
