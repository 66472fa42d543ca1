/** One field of a vendor's answer that must be text. */
import { asObject } from '../text/json-fields.ts'
import { AnswerUnread } from './send.ts'

/** Longer than any vendor's token. Characters. */
const longest = 65_536

/** Printable ASCII, since it goes into a header or a password. @throws AnswerUnread */
export function textField(body: unknown, name: string): string {
  const value = asObject(body)?.[name]
  if (value === undefined) throw new AnswerUnread(`it holds no ${name}`)
  if (typeof value !== 'string') throw new AnswerUnread(`its ${name} is no text`)
  if (value === '') throw new AnswerUnread(`its ${name} is empty`)
  if (value.length > longest) throw new AnswerUnread(`its ${name} is longer than ${longest} characters`)
  if (!/^[\x21-\x7e]+$/.test(value)) throw new AnswerUnread(`its ${name} holds characters that no token has`)
  return value
}
