/** Policy documents of clouds in JSON, compared: which tokens a condition accepts, and whether two documents are equivalent. */
import { asObject, asText, isDeeperThan, type JsonObject, jsonOrNone } from '../../text/json-fields.ts'

/** A single value and a list of one are equivalent. */
export const listOf = (value: unknown): readonly unknown[] =>
  Array.isArray(value) ? value : value === undefined ? [] : [value]

/** Levels of a document that is compared, since a comparison calls itself. */
const deepest = 20

/** Undefined if the text is not JSON, or is nested more deeply than a policy. */
export function parsePolicy(text: string): unknown {
  const policy = jsonOrNone(text)
  return isDeeperThan(policy, deepest) ? undefined : policy
}

/** Whether two documents are equivalent: the order of members, and lists of single values, make no difference. */
export const samePolicy = (one: string, other: string): boolean =>
  normalized(parsePolicy(one)) === normalized(parsePolicy(other))

/** A text that is equal for equivalent values; without the ids of statements. */
export function normalized(value: unknown): string {
  if (Array.isArray(value)) {
    const items = value.map(normalized).toSorted()
    return items.length === 1 ? (items[0] ?? '') : `[${items.join()}]`
  }
  const object = asObject(value)
  if (object === undefined) return JSON.stringify(value) ?? ''
  const members = Object.keys(object)
    .filter((name) => name !== 'Sid')
    .toSorted()
    .map((name) => `${JSON.stringify(name)}:${normalized(object[name])}`)
  return `{${members.join()}}`
}

/** The names of the operators that compare a key with texts, and with patterns. */
export interface ConditionOperators {
  readonly equals: string
  readonly like: string
}

/** `exactly`: only these values; `broadly`: also others, such as any audience without a condition on it. */
export type Acceptance = 'exactly' | 'broadly' | 'not'

/**
 * Whether a condition accepts a token with these values, by condition key. Every operator and every key of an operator has to match,
 * and a key that a request does not have does not: a condition with others is not evaluated, and is `not`.
 */
export function conditionAcceptance(
  condition: unknown,
  values: Readonly<Record<string, string>>,
  { equals, like }: ConditionOperators,
): Acceptance {
  const operators = asObject(condition) ?? {}
  const others = Object.entries(operators).flatMap(([operator, keys]) =>
    operator === equals || operator === like
      ? Object.keys(asObject(keys) ?? {}).filter((name) => !Object.hasOwn(values, name))
      : [operator],
  )
  if (others.length > 0) return 'not'
  const results = Object.entries(values).map(([name, value]) => {
    const equal = listOf(asObject(operators[equals])?.[name])
    const patterns = listOf(asObject(operators[like])?.[name])
    if (equal.length + patterns.length === 0) return 'any'
    if (equal.length > 0 && !equal.includes(value)) return 'no'
    if (patterns.length > 0 && !patterns.some((pattern) => matchesPattern(asText(pattern) ?? '', value))) return 'no'
    return equal.length + patterns.length === 1 && !Object.hasOwn(operators, like) ? 'only' : 'any'
  })
  if (results.includes('no')) return 'not'
  return results.every((result) => result === 'only') ? 'exactly' : 'broadly'
}

/** Of the statements that name a provider: the broadest of what they accept. */
export const broadest = (found: readonly Acceptance[]): Acceptance => {
  if (found.includes('broadly')) return 'broadly'
  return found.includes('exactly') ? 'exactly' : 'not'
}

/** `KIND NAME` of the members of a principal, except those of its federated providers. */
export const otherMembers = (principal: JsonObject, federated: string): string[] =>
  Object.entries(principal)
    .filter(([kind]) => kind !== federated)
    .flatMap(([kind, names]) => listOf(names).map((one) => `${kind} ${asText(one) ?? JSON.stringify(one)}`))

/** The conditions in addition to equality of `own` keys, for messages; empty if there are none. */
export const furtherConditions = (condition: unknown, equals: string, own: readonly string[]): string =>
  Object.entries(asObject(condition) ?? {})
    .flatMap(([operator, keys]) =>
      Object.entries(asObject(keys) ?? {})
        .filter(([name]) => operator !== equals || !own.includes(name))
        .map(([name, value]) => `${operator} ${name} ${JSON.stringify(value)}`),
    )
    .join(' and ')
    .slice(0, longestConditions)

const longestConditions = 300

/** `*` matches any text, `?` any character. In linear time: no part is matched twice. */
export function matchesPattern(pattern: string, text: string): boolean {
  const [first = '', ...rest] = pattern.split('*')
  const equal = (part: string, at: number) =>
    at >= 0 &&
    at + part.length <= text.length &&
    Array.from(part).every((sign, index) => sign === '?' || sign === text[at + index])
  if (rest.length === 0) return pattern.length === text.length && equal(pattern, 0)
  if (!equal(first, 0)) return false
  const last = rest.pop() ?? ''
  let at = first.length
  for (const part of rest) {
    while (at + part.length <= text.length && !equal(part, at)) at += 1
    if (!equal(part, at)) return false
    at += part.length
  }
  return text.length - last.length >= at && equal(last, text.length - last.length)
}
