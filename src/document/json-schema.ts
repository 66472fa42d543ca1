/** JSON Schema of each kind of document, for editors and the reference page. https://json-schema.org/draft-07 */
import * as z from 'zod/mini'
import type { DocumentVendors } from './document-vendor.ts'
import { composeSchemas, loadForms } from './schema.ts'

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
  /** The message of VS Code for a text that does not match `pattern`. */
  patternErrorMessage?: string
  maximum?: number
}

export type DocumentKind = 'ClusterPullSecret' | 'PullSecret'

/** With the fields of every vendor. JSON Schema cannot express the rules between fields. */
export async function documentJsonSchemas(
  vendors: DocumentVendors,
): Promise<Readonly<Record<DocumentKind, JsonSchema>>> {
  const { ClusterPullSecret, PullSecret } = composeSchemas(vendors, await loadForms(vendors))
  return { ClusterPullSecret: jsonSchemaOf(ClusterPullSecret), PullSecret: jsonSchemaOf(PullSecret) }
}

function jsonSchemaOf(schema: z.ZodMiniType): JsonSchema {
  const made = z.toJSONSchema(schema, {
    target: 'draft-7',
    io: 'input',
    reused: 'inline',
    override: ({ jsonSchema }) => {
      // JavaScript's largest integer is not a limit that users need.
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum
    },
  })
  const plain: JsonSchema = JSON.parse(JSON.stringify(made))
  return plain
}
