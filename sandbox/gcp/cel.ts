/**
 * Google's CEL expressions: attribute mappings, attribute conditions and IAM conditions, evaluated by a CEL library.
 * https://github.com/google/cel-spec/blob/master/doc/langdef.md
 */
import { type CelInput, type CelValue, celEnv, isCelError, isCelList, isCelMap, parse, plan } from '@bufbuild/cel'

/** The values of `assertion`, `google`, `attribute` and `resource`, as JSON. */
export type Scope = Readonly<Record<string, unknown>>

export type CompiledExpression = (scope: Scope) => unknown

/** The expression does not compile, or cannot be evaluated for a scope: a claim is absent or has another type. */
export class ExpressionError extends Error {}

type Expr = NonNullable<ReturnType<typeof parse>['expr']>

const environment = celEnv()
/** Not expanded in a call: its argument is invalid. */
const macros = ['has', 'all', 'exists', 'exists_one', 'map', 'filter']

/** `roots`: the names that the expression may reference. @throws ExpressionError, also when the result is called */
export function compileExpression(text: string, roots: readonly string[]): CompiledExpression {
  const parsed = orExpressionError(() => parse(text), 'Syntax error: ')
  if (parsed.expr) checkReferences(parsed.expr, roots)
  const evaluate = orExpressionError(() => plan(environment, parsed))
  return (scope) => {
    const variables = Object.fromEntries(roots.map((root) => [root, toCel(scope[root] ?? {})]))
    const value = orExpressionError(() => evaluate(variables))
    if (isCelError(value)) throw new ExpressionError(value.message)
    return fromCel(value)
  }
}

/** Errors of the library, and stack overflow: its parser is recursive. */
function orExpressionError<Result>(action: () => Result, prefix = ''): Result {
  try {
    return action()
  } catch (error) {
    throw new ExpressionError(`${prefix}${error instanceof Error ? error.message : String(error)}`, { cause: error })
  }
}

/** The library reports an unknown name only on evaluation; Google's compiler refuses the expression. */
function checkReferences({ exprKind: { case: kind, value } }: Expr, names: readonly string[]): void {
  const check = (...expressions: readonly (Expr | undefined)[]) => {
    for (const expression of expressions) if (expression) checkReferences(expression, names)
  }
  if (kind === 'identExpr' && !names.includes(value.name)) throw undeclared(value.name)
  if (kind === 'selectExpr') check(value.operand)
  if (kind === 'listExpr') check(...value.elements)
  if (kind === 'structExpr') {
    for (const { keyKind, value: entry } of value.entries)
      check(keyKind.case === 'mapKey' ? keyKind.value : undefined, entry)
  }
  if (kind === 'callExpr') {
    if (macros.includes(value.function)) throw new ExpressionError(`invalid argument to ${value.function}() macro`)
    const isOperator = /^[_!@-]/.test(value.function)
    if (!isOperator && environment.funcs.find(value.function) === undefined) throw undeclared(value.function)
    check(value.target, ...value.args)
  }
  if (kind === 'comprehensionExpr') {
    check(value.iterRange, value.accuInit)
    const inner = [...names, value.iterVar, value.iterVar2, value.accuVar]
    for (const one of [value.loopCondition, value.loopStep, value.result]) if (one) checkReferences(one, inner)
  }
}

const undeclared = (name: string) => new ExpressionError(`undeclared reference to '${name}'`)

/** JSON to CEL: whole numbers are integers, as in a token's claims. */
function toCel(value: unknown): CelInput {
  if (Array.isArray(value)) return value.map(toCel)
  if (typeof value === 'object' && value !== null)
    return new Map(Object.entries(value).map(([name, member]) => [name, toCel(member)]))
  if (typeof value === 'number') return Number.isInteger(value) ? BigInt(value) : value
  return typeof value === 'string' || typeof value === 'boolean' ? value : null
}

function fromCel(value: CelValue): unknown {
  if (isCelList(value)) return [...value].map(fromCel)
  if (isCelMap(value))
    return Object.fromEntries(
      [...value].map(([name, member]) => [`${typeof name === 'object' ? name.value : name}`, fromCel(member)]),
    )
  return typeof value === 'bigint' ? Number(value) : value
}
