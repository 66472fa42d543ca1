/**
 * The CustomResourceDefinitions of documents, generated from their schemas and from that of the status.
 * What an API server can check is refused when an object is applied; the controller checks the rest and reports it in the status.
 *
 * A structural schema has a part of JSON Schema's keywords, and its patterns are those of Go (RE2): without lookarounds.
 * https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#specifying-a-structural-schema
 */
import { type ResourceType, resourceStatus, resourceTypes } from '../document/custom-resource.ts'
import { type JsonSchema, jsonSchemaOf, resourceJsonSchema } from '../document/json-schema.ts'
import type { Vendors } from '../vendors/vendor.ts'
import type { Manifest } from './manifest.ts'

/** https://kubernetes.io/docs/reference/kubernetes-api/extend-resources/custom-resource-definition-v1/#JSONSchemaProps */
interface StructuralSchema {
  readonly type?: string
  readonly description?: string
  readonly properties?: Readonly<Record<string, StructuralSchema>>
  readonly required?: readonly string[]
  readonly additionalProperties?: StructuralSchema
  readonly maxProperties?: number
  readonly items?: StructuralSchema
  readonly minItems?: number
  readonly maxItems?: number
  readonly enum?: readonly string[]
  readonly pattern?: string
  readonly maxLength?: number
  readonly minimum?: number
  readonly anyOf?: readonly { readonly type: string }[]
  readonly 'x-kubernetes-int-or-string'?: true
  readonly 'x-kubernetes-preserve-unknown-fields'?: true
  readonly 'x-kubernetes-list-type'?: 'map'
  readonly 'x-kubernetes-list-map-keys'?: readonly string[]
  readonly 'x-kubernetes-validations'?: readonly CelRule[]
}

/** https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#validation-rules */
interface CelRule {
  readonly rule: string
  readonly message: string
  readonly fieldPath?: string
}

export const customResourceDefinitions = async (vendors: Vendors): Promise<Manifest[]> =>
  await Promise.all(resourceTypes.map(async (type) => await definitionOf(type, vendors)))

async function definitionOf(type: ResourceType, vendors: Vendors): Promise<Manifest> {
  const { group, version, kind, resource, scope, shortName } = type
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${resource}.${group}`, labels: { 'app.kubernetes.io/name': 'pullpass' } },
    spec: {
      group,
      scope,
      names: {
        kind,
        listKind: `${kind}List`,
        plural: resource,
        singular: kind.toLowerCase(),
        shortNames: [shortName],
        categories: ['pullpass'],
      },
      versions: [
        {
          name: version,
          served: true,
          storage: true,
          subresources: { status: {} },
          additionalPrinterColumns:
            scope === 'Cluster' ? [...columns, ...namespaceColumns, reason] : [...columns, reason],
          schema: { openAPIV3Schema: await openApiSchema(type, vendors) },
        },
      ],
    },
  }
}

/** Times are texts: a column of type date shows a time in the future as `<invalid>`. */
const columns = [
  { name: 'Secret', type: 'string', jsonPath: '.status.secretName' },
  { name: 'Registries', type: 'string', jsonPath: '.status.registries' },
  { name: 'Ready', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].status' },
  { name: 'Expires', type: 'string', jsonPath: '.status.expiresAt' },
  { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
]
const namespaceColumns = [
  { name: 'Selected', type: 'integer', jsonPath: '.status.namespaces.selected', priority: 1 },
  { name: 'Fresh', type: 'integer', jsonPath: '.status.namespaces.fresh', priority: 1 },
]
const reason = {
  name: 'Reason',
  type: 'string',
  jsonPath: '.status.conditions[?(@.type=="Ready")].reason',
  priority: 1,
}

async function openApiSchema({ kind }: ResourceType, vendors: Vendors): Promise<StructuralSchema> {
  const { description = '', properties } = await resourceJsonSchema(kind, vendors)
  const { spec } = properties ?? {}
  if (spec === undefined) throw new TypeError(`the schema of a ${kind} has no spec`)
  return {
    type: 'object',
    description: `${description}, kept fresh by pullpass controller`,
    required: ['spec'],
    properties: {
      apiVersion: { type: 'string' },
      kind: { type: 'string' },
      metadata: { type: 'object' },
      spec: structural(spec, 'spec', kind === 'PullSecret' ? tenantRules(spec) : rulesOf(vendors)),
      status: structural(jsonSchemaOf(resourceStatus), 'status', new Map()),
    },
    'x-kubernetes-validations': [immutableSecretName],
  }
}

const secretNameOf = (object: string) =>
  `(has(${object}.spec.secretName) ? ${object}.spec.secretName : ${object}.metadata.name)`

const immutableSecretName: CelRule = {
  rule: `${secretNameOf('self')} == ${secretNameOf('oldSelf')}`,
  message: 'the name of the Secret is immutable: delete this object and create another one',
  fieldPath: '.spec.secretName',
}

/** Rules between fields, by the path of the object or item. The same rules apply to documents in files (src/document). */
function rulesOf(vendors: Vendors): ReadonlyMap<string, CelRule> {
  const names = Object.keys(vendors).filter((name) => vendors[name]?.settings !== undefined)
  const withoutToken = names.filter((name) => vendors[name]?.lookup !== undefined).map((name) => `has(r.${name})`)
  return new Map([
    [
      'spec',
      {
        rule: `has(self.serviceAccountRef) || self.registries.all(r, ${withoutToken.join(' || ') || 'false'})`,
        message: 'serviceAccountRef is required: the token of this ServiceAccount is requested for each registry',
      },
    ],
    ['spec.registries[]', exactlyOne(names)],
    [
      'spec.namespaces',
      {
        rule: 'has(self.include) || has(self.selector)',
        message: 'include, selector or both are required; for every namespace: include: ["*"]',
      },
    ],
    [
      'spec.namespaces.include[]',
      {
        rule: "!self.startsWith('kube-') || !(self.contains('*') || self.contains('?'))",
        message: 'namespaces kube-* are selected only by their exact name',
      },
    ],
    [
      'spec.namespaces.selector',
      {
        rule: '(has(self.matchLabels) && self.matchLabels.size() > 0) || has(self.matchExpressions)',
        message: 'matchLabels or matchExpressions are required; for every namespace: include: ["*"]',
      },
    ],
    [
      'spec.namespaces.selector.matchExpressions[]',
      {
        rule: "(self.operator in ['In', 'NotIn']) == has(self.values)",
        message: 'In and NotIn require values; Exists and DoesNotExist have none',
      },
    ],
  ])
}

const exactlyOne = (names: readonly string[]): CelRule => ({
  rule: `[${names.map((name) => `has(self.${name})`).join(', ')}].filter(given, given).size() == 1`,
  message: `exactly one of: ${names.join(', ')}`,
})

/** Tenants have a part of the vendors: those are the fields of a registry that are objects. */
function tenantRules({ properties }: JsonSchema): ReadonlyMap<string, CelRule> {
  const fields = Object.entries(properties?.['registries']?.items?.properties ?? {})
  const names = fields.filter(([, { type }]) => type === 'object').map(([name]) => name)
  return new Map([['spec.registries[]', exactlyOne(names)]])
}

/** Lists whose items have a key, so that several clients can apply items of their own. */
const listKeys: Readonly<Record<string, string>> = { 'spec.registries': 'name', 'status.conditions': 'type' }

function structural(schema: JsonSchema, path: string, rules: ReadonlyMap<string, CelRule>): StructuralSchema {
  const rule = rules.get(path)
  return {
    ...(schema.description !== undefined && { description: schema.description }),
    ...(schema.anyOf === undefined ? typed(schema, path, rules) : intOrString(schema.anyOf)),
    ...(rule && { 'x-kubernetes-validations': [rule] }),
  }
}

function typed(schema: JsonSchema, path: string, rules: ReadonlyMap<string, CelRule>): StructuralSchema {
  switch (schema.type ?? 'none') {
    case 'object':
      return { type: 'object', ...contentOf(schema, path, rules) }
    case 'array':
      return { type: 'array', ...itemsOf(schema, path, rules) }
    case 'string':
      return { type: 'string', ...textOf(schema) }
    case 'integer':
      return { type: 'integer', minimum: 0 }
    default:
      throw new TypeError(`${path} has no type that a structural schema can express`)
  }
}

/** An object with fixed fields, a map of texts, or any JSON object. */
function contentOf(schema: JsonSchema, path: string, rules: ReadonlyMap<string, CelRule>): StructuralSchema {
  const { properties, required = [], additionalProperties, maxProperties } = schema
  if (properties !== undefined) {
    const inner = Object.entries(properties).map(
      ([name, field]) => [name, structural(field, `${path}.${name}`, rules)] as const,
    )
    return { ...(required.length > 0 && { required }), properties: Object.fromEntries(inner) }
  }
  if (typeof additionalProperties !== 'object') throw new TypeError(`${path} has no fields`)
  if (Object.keys(additionalProperties).length === 0) return { 'x-kubernetes-preserve-unknown-fields': true }
  return {
    additionalProperties: structural(additionalProperties, `${path}{}`, rules),
    ...(maxProperties !== undefined && { maxProperties }),
  }
}

function itemsOf(
  { items, minItems, maxItems }: JsonSchema,
  path: string,
  rules: ReadonlyMap<string, CelRule>,
): StructuralSchema {
  if (items === undefined || maxItems === undefined) throw new TypeError(`${path} is a list without items or limit`)
  const key = listKeys[path]
  return {
    ...(minItems !== undefined && { minItems }),
    maxItems,
    ...(key !== undefined && { 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': [key] }),
    items: structural(items, `${path}[]`, rules),
  }
}

/** Any text needs no pattern. */
const textOf = ({ enum: words, pattern, maxLength }: JsonSchema): StructuralSchema => ({
  ...(words !== undefined && { enum: words }),
  ...(pattern !== undefined && pattern !== '^[\\s\\S]*$' && { pattern }),
  ...(maxLength !== undefined && { maxLength }),
})

/** A text or a positive integer: the only union that a structural schema has. */
function intOrString(choices: readonly JsonSchema[]): StructuralSchema {
  const texts = choices.find(({ type }) => type === 'string')
  const integers = choices.find(({ type }) => type === 'integer')
  if (texts === undefined || integers === undefined || choices.length !== 2) {
    throw new TypeError('a structural schema can express no other union than that of a text and an integer')
  }
  return {
    ...textOf(texts),
    minimum: (integers.exclusiveMinimum ?? -1) + 1,
    anyOf: [{ type: 'integer' }, { type: 'string' }],
    'x-kubernetes-int-or-string': true,
  }
}
