/** JSON Schema of each kind of document, for editors and the reference page. https://json-schema.org/draft-07 */
import * as z from 'zod/mini'
import type { DocumentVendors } from './document-vendor.ts'
import { composeSchemas, loadForms } from './schema.ts'
import { fileFields } from './schema-parts.ts'

/** The subset that a document uses. */
export interface JsonSchema {
  type?: string
  description?: string
  properties?: Readonly<Record<string, JsonSchema>>
  additionalProperties?: boolean | JsonSchema
  required?: readonly string[]
  items?: JsonSchema
  enum?: readonly string[]
  anyOf?: readonly JsonSchema[]
  pattern?: string
  maxLength?: number
  minItems?: number
  maxItems?: number
  maxProperties?: number
  /** The message of VS Code for a text that does not match `pattern`. */
  patternErrorMessage?: string
  maximum?: number
  exclusiveMinimum?: number
}

export type DocumentKind = 'ClusterPullSecret' | 'PullSecret'

/** With the fields of every vendor. JSON Schema cannot express the rules between fields. */
export async function documentJsonSchemas(
  vendors: DocumentVendors,
): Promise<Readonly<Record<DocumentKind, JsonSchema>>> {
  const { ClusterPullSecret, PullSecret } = composeSchemas(vendors, await loadForms(vendors))
  return { ClusterPullSecret: jsonSchemaOf(ClusterPullSecret), PullSecret: jsonSchemaOf(PullSecret) }
}

/** Of a custom resource: without the fields that name files, which only a document in a file has. */
export async function resourceJsonSchema(kind: DocumentKind, vendors: DocumentVendors): Promise<JsonSchema> {
  const schemas = composeSchemas(vendors, await loadForms(vendors))
  return jsonSchemaOf(schemas[kind], 'without files')
}

export function jsonSchemaOf(
  schema: z.ZodMiniType,
  content: 'all fields' | 'without files' = 'all fields',
): JsonSchema {
  const made = z.toJSONSchema(schema, {
    target: 'draft-7',
    io: 'input',
    reused: 'inline',
    override: ({ zodSchema, jsonSchema }) => {
      // JavaScript's largest integer is not a limit that users need.
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum
      if (content === 'without files') removeFiles(zodSchema, jsonSchema)
    },
  })
  const plain: JsonSchema = JSON.parse(JSON.stringify(made))
  return plain
}

/** From an object: all its fields that name files. */
function removeFiles(zodSchema: z.core.$ZodType, jsonSchema: z.core.JSONSchema.BaseSchema): void {
  if (!isObjectSchema(zodSchema)) return
  for (const [name, field] of Object.entries(zodSchema._zod.def.shape)) {
    if (namesFile(field)) delete jsonSchema.properties?.[name]
  }
}

const isObjectSchema = (schema: z.core.$ZodType): schema is z.core.$ZodObject => schema._zod.def.type === 'object'

const isOptional = (schema: z.core.$ZodType): schema is z.core.$ZodOptional => schema._zod.def.type === 'optional'

const isList = (schema: z.core.$ZodType): schema is z.core.$ZodArray => schema._zod.def.type === 'array'

function namesFile(field: z.core.$ZodType): boolean {
  if (isOptional(field)) return namesFile(field._zod.def.innerType)
  return fileFields.has(field) || (isList(field) && namesFile(field._zod.def.element))
}
