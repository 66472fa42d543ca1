/** A text in HCL, whatever it holds. https://developer.hashicorp.com/terraform/language/expressions/strings#escape-sequences */

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

function escaped(character: string): string {
  const code = character.codePointAt(0) ?? 0
  if (known[character] !== undefined) return known[character]
  return code < 0x20 || code === 0x7f ? `\\u${code.toString(16).padStart(4, '0')}` : character
}
