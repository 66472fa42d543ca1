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
  return z
    .array(item, { error: 'a list' })
    .check(
      z.minLength(1, { error: 'at least one item, or omit the field' }),
      z.maxLength(most, { error: `at most ${most} items` }),
    )
    .register(z.globalRegistry, { description })
}

/** One of the given words. */
export function word<const T extends readonly string[]>(
  words: T,
  description: string,
): z.ZodMiniEnum<{ [W in T[number]]: W }> {
  return z.enum(words, { error: `one of: ${words.join(', ')}` }).register(z.globalRegistry, { description })
}

/** An object with these fields only. */
export function fields<T extends z.core.$ZodLooseShape>(
  shape: T,
  description: string,
): z.ZodMiniObject<T, z.core.$strict> {
  return z.strictObject(shape, { error: 'an object' }).register(z.globalRegistry, { description })
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
