/** Required text fields of a vendor's response. */
import { asObject } from '../text/json-fields.ts'
import { UnexpectedResponse } from './send.ts'

/** Longer than any vendor's token. Characters. */
const longest = 65_536

/** Printable ASCII, because it becomes a header or a password. @throws UnexpectedResponse */
export function textField(body: unknown, name: string): string {
  const value = asObject(body)?.[name]
  if (value === undefined) throw new UnexpectedResponse(`it contains no ${name}`)
  if (typeof value !== 'string') throw new UnexpectedResponse(`its ${name} is not a string`)
  if (value === '') throw new UnexpectedResponse(`its ${name} is empty`)
  if (value.length > longest) throw new UnexpectedResponse(`its ${name} is longer than ${longest} characters`)
  if (!/^[\x21-\x7e]+$/.test(value)) throw new UnexpectedResponse(`its ${name} contains characters that no token has`)
  return value
}
