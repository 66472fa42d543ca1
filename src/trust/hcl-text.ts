/** A text in HCL, whatever it holds. https://developer.hashicorp.com/terraform/language/expressions/strings#escape-sequences */
import { plainLine } from '../outside/plain-text.ts'

/** A quoted template in which nothing is a template: `${` and `%{` are doubled, as HCL has it. */
export function hclText(text: string): string {
  const plain = Array.from(text, escaped).join('')
  return `"${plain.replaceAll(/[$%](?=\{)/g, (sign) => sign + sign)}"`
}

const known: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
}

/** Also what steers a terminal or a reader's eye, on which the text is looked at before it is applied. */
function escaped(character: string): string {
  if (known[character] !== undefined) return known[character]
  if (plainLine(character) === character) return character
  const code = (character.codePointAt(0) ?? 0).toString(16)
  return code.length > 4 ? `\\U${code.padStart(8, '0')}` : `\\u${code.padStart(4, '0')}`
}
