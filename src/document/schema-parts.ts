/**
 * The parts of the schemas. The message of an issue states what was expected. No locale of the library is needed.
 */
import * as z from 'zod/mini'
import { brokenRule, type TextRule } from './field-rules.ts'

/** A text that matches `rule`; editors (VS Code shows patternErrorMessage) and the reference page show `description`. */
export function text(rule: TextRule, description: string): z.ZodMiniString {
  const check = z.check<string>((context) => {
    const expected = brokenRule(rule, context.value)
    if (expected === undefined) return
    context.issues.push({ code: 'custom', input: context.value, message: expected, continue: true })
  })
  const rules = {
    pattern: rule.pattern.source,
    maxLength: rule.maxLength,
    patternErrorMessage: `expected ${rule.expected}`,
  }
  const schema = z
    .string({ error: rule.expected })
    .check(check)
    .register(z.globalRegistry, { description, ...rules })
  return rule.names === 'file' ? schema.register(fileFields, {}) : schema
}

/** The fields that name files, which a custom resource does not have. */
export const fileFields: z.core.$ZodRegistry<object> = z.registry<object>()

/** A list of one to `most` items. */
export function list<T extends z.ZodMiniType>(item: T, most: number, description: string): z.ZodMiniArray<T> {
  const expected = () => `a list, each item ${item.safeParse(undefined).error?.issues[0]?.message}`
  return z
    .array(item, { error: expected })
    .check(z.minLength(1, { error: 'at least one item' }), z.maxLength(most, { error: `at most ${most} items` }))
    .register(z.globalRegistry, { description })
}

/** One of the given words. */
export function word<const T extends readonly string[]>(
  words: T,
  description: string,
): z.ZodMiniEnum<{ [W in T[number]]: W }> {
  return z.enum(words, { error: `one of: ${words.join(', ')}` }).register(z.globalRegistry, { description })
}

/** An object with these fields only. `expected`: its form, where the names of its required fields do not describe it. */
export function fields<T extends z.core.$ZodLooseShape>(
  shape: T,
  description: string,
  expected?: string,
): z.ZodMiniObject<T, z.core.$strict> {
  const error = () => expected ?? objectWith(shape)
  return z.strictObject(shape, { error }).register(z.globalRegistry, { description })
}

/** Schemas describe themselves in `_zod.def`. */
function objectWith(shape: z.core.$ZodLooseShape): string {
  const names = Object.keys(shape)
  const required = names.filter((name) => shape[name]._zod.def.type !== 'optional')
  return `an object with ${required.length > 0 ? required.join(', ') : `some of: ${names.join(', ')}`}`
}

/** Labels, annotations, headers: up to `most` entries. */
export function textMap(
  key: TextRule,
  value: TextRule,
  most: number,
  description: string,
): z.ZodMiniType<Record<string, string>> {
  const check = z.check<Record<string, string>>((context) => {
    if (Object.keys(context.value).length <= most) return
    context.issues.push({ code: 'custom', input: context.value, message: `at most ${most} entries`, continue: true })
  })
  return z
    .record(text(key, 'Key'), text(value, 'Value'), { error: () => 'an object' })
    .check(check)
    .register(z.globalRegistry, { description, maxProperties: most })
}
