/** What a run that ends on each error code prints: the examples in docs/errors.md, and error-messages.txt for the other codes. */
import { readFileSync } from 'node:fs'
import { explanations } from '../../src/errors/explanations.ts'

const others = readFileSync('test/docs/error-messages.txt', 'utf8')
  .trimEnd()
  .split('\n\n')
  .map((message) => [message.split(' ')[0] ?? '', message] as const)

const examples = Object.entries(explanations).flatMap(([code, { example }]) =>
  example ? [[code, example] as const] : [],
)

/** In pairs: a code has one message. */
export const errorMessages: readonly (readonly [code: string, message: string])[] = [...examples, ...others]
