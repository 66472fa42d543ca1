/** HCL: texts, blocks, and resources of Terraform providers. https://developer.hashicorp.com/terraform/language/expressions/strings#escape-sequences */
import { createHash } from 'node:crypto'
import { plainLine } from '../../text/plain-text.ts'
import type { HclResource, TrustFinding } from './contract.ts'

/** A quoted template without template sequences: `${` and `%{` are escaped by doubling. */
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

/** Also control and direction characters, since the text is reviewed in a terminal before it is applied. */
function escaped(character: string): string {
  if (known[character] !== undefined) return known[character]
  if (plainLine(character) === character) return character
  const code = (character.codePointAt(0) ?? 0).toString(16)
  return code.length > 4 ? `\\U${code.padStart(8, '0')}` : `\\u${code.padStart(4, '0')}`
}

/** A list of texts. */
export const hclList = (values: readonly string[]): string => `[${values.map(hclText).join(', ')}]`

// A block of HCL in the format of `terraform fmt`. https://developer.hashicorp.com/terraform/language/style

/** The name, and the value in HCL. */
export type HclAttribute = readonly [name: string, value: string]

export const hclTexts = (fields: Readonly<Record<string, string>>): HclAttribute[] =>
  Object.entries(fields).map(([name, text]) => [name, hclText(text)])

/** `body`: attributes, aligned if they are adjacent, and nested blocks. */
export function hclBlock(opening: string, body: readonly (HclAttribute | string)[]): string {
  const lines = body.map((part, at) => (typeof part === 'string' ? part : `${pad(part[0], body, at)} = ${part[1]}`))
  return `${opening} {\n${lines.map((line) => line.replaceAll(/^/gm, '  ')).join('\n')}\n}`
}

/** Names of adjacent attributes are padded to the longest. */
function pad(name: string, body: readonly (HclAttribute | string)[], at: number): string {
  const before = body.slice(0, at).findLastIndex((part) => typeof part === 'string')
  const after = body.findIndex((part, index) => index > at && typeof part === 'string')
  const together = body.slice(before + 1, after < 0 ? undefined : after)
  return name.padEnd(Math.max(...together.map(([one]) => one?.length ?? 0)))
}

/** Text as a comment of sh and HCL: each line is commented. */
export const hashComment = (text: string): string => text.replaceAll(/^/gm, '# ')

// A resource of a Terraform provider, and the block that imports it. https://developer.hashicorp.com/terraform/language/import

export interface TerraformBlock {
  readonly type: string
  readonly label: string
  readonly attributes: readonly (HclAttribute | string)[]
  /** The import id. */
  readonly id: string
}

export const terraformResource =
  (requires: HclResource['requires'], { type, label, attributes, id }: TerraformBlock) =>
  (presence: TrustFinding['presence']): HclResource => ({
    requires,
    block: hclBlock(`resource "${type}" "${label}"`, attributes),
    importBlock: presence === 'absent' ? undefined : hclImport(`${type}.${label}`, id),
  })

export const hclImport = (to: string, id: string): string =>
  hclBlock('import', [
    ['to', to],
    ['id', hclText(id)],
  ])

/** Of a resource with this name: letters, digits and "_", with six digits of a hash, so that labels are unique. */
export function labelOf(name: string): string {
  const plain = (name.split('/').at(-1) ?? '').replaceAll(/[^A-Za-z0-9]+/g, '_')
  return `${/^[a-z]/i.test(plain) ? plain : `r_${plain}`}_${createHash('sha256').update(name).digest('hex').slice(0, 6)}`
}
