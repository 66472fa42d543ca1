/** Typed access to the fields of untrusted JSON: a value of another type counts as absent. */

export type JsonObject = { readonly [name: string]: unknown }

/** Undefined if the text is not JSON. The parser's message quotes the text, and is dropped. */
export function jsonOrNone(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

export function asObject(value: unknown): JsonObject | undefined {
  return isObject(value) ? value : undefined
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function asText(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

/** As `asText`; a text that is longer than any field of an API of a vendor, such as the condition of a role, counts as absent. */
export function shortText(value: unknown): string | undefined {
  const text = asText(value)
  return text !== undefined && text.length > 8192 ? undefined : text
}

/** An absent list is an empty one. */
export function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

/** The string fields of an object whose names pass: labels, annotations. */
export function asTexts(value: unknown, passes: (name: string) => boolean = () => true): Record<string, string> {
  const object = asObject(value) ?? {}
  const texts: Record<string, string> = {}
  for (const name in object) {
    const text = object[name]
    if (typeof text === 'string' && passes(name)) texts[name] = text
  }
  return texts
}

/** RFC 6901. */
export const isPointer = (text: string): boolean => /^(?:\/(?:[^~/]|~[01])*)*$/.test(text)

/** The value at a JSON pointer (RFC 6901); undefined if there is none. Inherited properties do not count. */
export function atPointer(value: unknown, pointer: string): unknown {
  const steps = pointer.split('/').slice(1)
  return steps.reduce<unknown>((inner, step) => {
    const name = step.replaceAll('~1', '/').replaceAll('~0', '~')
    if (Array.isArray(inner)) return /^(?:0|[1-9][0-9]{0,5})$/.test(name) ? inner[Number(name)] : undefined
    return isObject(inner) && Object.hasOwn(inner, name) ? inner[name] : undefined
  }, value)
}

/** Whether objects and lists are nested in more than this number of levels. Does not call itself, so that it can be used on any input. */
export function isDeeperThan(value: unknown, levels: number): boolean {
  let level = [value]
  for (let depth = 0; level.length > 0; depth++) {
    level = level.flatMap((one) => (typeof one === 'object' && one !== null ? Object.values(one) : []))
    if (depth >= levels && level.length > 0) return true
  }
  return false
}
