/**
 * JSON Schemas of the results of `-o json`, from the types in src/commands/output/. Supported are interfaces, `extends`,
 * arrays, references and unions of literals; anything else is an error.
 */
import { globSync, readFileSync } from 'node:fs'
import { parseAst } from 'rolldown/parseAst'

/** The keywords in use. https://json-schema.org/draft/2020-12 */
export interface OutputSchema {
  $schema?: string
  $ref?: string
  title?: string
  type?: 'object' | 'array' | 'string' | 'number' | 'boolean'
  description?: string
  const?: string
  enum?: readonly string[]
  pattern?: string
  items?: OutputSchema
  properties?: Readonly<Record<string, OutputSchema>>
  required?: readonly string[]
  additionalProperties?: false
  $defs?: Readonly<Record<string, OutputSchema>>
}

const apiVersion = 'pullpass.dev/v1alpha1'

/** By kind, in the order of the files; no additional members. */
export function outputSchemas(): ReadonlyMap<string, OutputSchema> {
  const types = readTypes()
  const kinds = [...types.values()].flatMap((type): [string, OutputSchema][] => {
    const schema = schemaOf(type, types)
    const kind = schema.properties?.['kind']?.const
    if (kind === undefined) return []
    const { kind: own, ...properties } = schema.properties ?? {}
    const body: OutputSchema = {
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      title: kind,
      ...schema,
      properties: { apiVersion: { const: apiVersion }, ...(own && { kind: own }), ...properties },
      required: ['apiVersion', ...(schema.required ?? [])],
    }
    const used = definitionsOf(body, types)
    return [[kind, used.size === 0 ? body : { ...body, $defs: Object.fromEntries(used) }]]
  })
  return new Map(kinds)
}

/** The ESTree fields in use: https://github.com/estree/estree */
interface Node {
  readonly type: string
  readonly start: number
  readonly name?: string
  readonly optional?: boolean
  readonly body?: readonly Node[] & Node
  readonly declaration?: Node
  readonly id?: Node
  readonly extends?: readonly Node[]
  readonly expression?: Node
  readonly key?: Node
  readonly typeAnnotation?: Node
  readonly typeName?: Node
  readonly elementType?: Node
  readonly types?: readonly Node[]
  readonly literal?: { readonly value: unknown }
}

interface TypeSource {
  readonly node: Node
  readonly text: string
}

type Types = ReadonlyMap<string, TypeSource>

function readTypes(): Types {
  const types = new Map<string, TypeSource>()
  for (const file of globSync('src/commands/output/*.ts').toSorted(byEnvelope)) {
    const text = readFileSync(file, 'utf8')
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the parser's types do not cover TypeScript's nodes
    const program = parseAst(text, { lang: 'ts' }) as unknown as Node
    for (const statement of program.body ?? []) {
      const { declaration = statement, start } = statement
      if (declaration.id?.name !== undefined) types.set(declaration.id.name, { node: { ...declaration, start }, text })
    }
  }
  return types
}

/** The envelope is last: errors and version after the commands. */
const byEnvelope = (one: string, other: string) => rank(one) - rank(other) || (one < other ? -1 : 1)
const rank = (file: string) => (file.endsWith('envelope.ts') ? 1 : 0)

function schemaOf({ node, text }: TypeSource, types: Types): OutputSchema {
  const { description, pattern } = commentBefore(node, text)
  const documentation = description === '' ? {} : { description }
  if (node.type === 'TSTypeAliasDeclaration') {
    return { ...typeOf(need(node.typeAnnotation, node)), ...documentation, ...(pattern && { pattern }) }
  }
  if (node.type !== 'TSInterfaceDeclaration') throw new Error(`${node.type} has no schema`)
  const parents = (node.extends ?? []).map(({ expression }) => schemaOf(find(expression?.name, types), types))
  const own = (node.body?.body ?? []).map((member) => memberOf(member, text))
  const properties = Object.assign({}, ...parents.map((parent) => parent.properties))
  for (const { name, schema } of own) properties[name] = schema
  const required = [
    ...parents.flatMap((parent) => parent.required ?? []),
    ...own.filter(({ optional }) => !optional).map(({ name }) => name),
  ].toSorted((one, other) => Number(other === 'kind') - Number(one === 'kind'))
  return { ...documentation, type: 'object', properties, required, additionalProperties: false }
}

function memberOf(member: Node, text: string): { name: string; optional: boolean; schema: OutputSchema } {
  const name = member.key?.name
  if (member.type !== 'TSPropertySignature' || name === undefined) throw new Error(`${member.type} has no schema`)
  const { description } = commentBefore(member, text)
  const schema = typeOf(need(member.typeAnnotation?.typeAnnotation, member))
  return { name, optional: member.optional === true, schema: { ...schema, ...(description && { description }) } }
}

function typeOf(node: Node): OutputSchema {
  switch (node.type) {
    case 'TSStringKeyword':
      return { type: 'string' }
    case 'TSNumberKeyword':
      return { type: 'number' }
    case 'TSBooleanKeyword':
      return { type: 'boolean' }
    case 'TSTypeOperator':
      return typeOf(need(node.typeAnnotation, node))
    case 'TSArrayType':
      return { type: 'array', items: typeOf(need(node.elementType, node)) }
    case 'TSTypeReference':
      return { $ref: `#/$defs/${node.typeName?.name}` }
    case 'TSLiteralType':
      return { const: literalOf(node) }
    case 'TSUnionType':
      return { enum: (node.types ?? []).map(literalOf) }
    default:
      throw new Error(`${node.type} has no schema`)
  }
}

function literalOf({ type, literal }: Node): string {
  if (typeof literal?.value === 'string') return literal.value
  throw new Error(`${type} is not a string literal`)
}

function need(node: Node | undefined, of: Node): Node {
  if (node === undefined) throw new Error(`${of.type} is incomplete`)
  return node
}

function find(name: string | undefined, types: Types): TypeSource {
  const found = types.get(name ?? '')
  if (found === undefined) throw new Error(`type ${name} is not in src/commands/output/`)
  return found
}

/** The documentation comment that ends right before the node. */
function commentBefore({ start }: Node, text: string): { readonly description: string; readonly pattern?: string } {
  const before = text.slice(0, start).trimEnd()
  if (!before.endsWith('*/')) return { description: '' }
  const comment = before.slice(before.lastIndexOf('/**') + 3, -2)
  const words = comment
    .replaceAll(/\n\s*\* ?/g, ' ')
    .replaceAll(/\s+/g, ' ')
    .trim()
  const [description = '', pattern] = words.split(' @pattern ')
  return pattern === undefined ? { description } : { description, pattern }
}

/** Types that a schema references, by name, in order of first use. */
function definitionsOf(schema: OutputSchema, types: Types, found: Map<string, OutputSchema> = new Map()) {
  for (const name of JSON.stringify(schema).matchAll(/"#\/\$defs\/(\w+)"/g)) {
    const [, type = ''] = name
    if (found.has(type)) continue
    const definition = schemaOf(find(type, types), types)
    found.set(type, definition)
    definitionsOf(definition, types, found)
  }
  return found
}
