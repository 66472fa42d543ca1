/**
 * Maps a verified token to the identity that IAM evaluates, and evaluates the attribute condition.
 * https://cloud.google.com/iam/docs/workload-identity-federation#mapping
 */
import type { JWTPayload } from 'jose'
import type { Refusal } from '../api-errors.ts'
import { compileExpression, ExpressionError, type Scope } from '../cel.ts'
import type { Provider } from '../iam/workload-identity.ts'

export interface MappedIdentity {
  readonly subject: string
  readonly groups: readonly string[]
  /** By name without `attribute.`; attributes without a value are omitted. */
  readonly attributes: Readonly<Record<string, string | readonly string[]>>
}

const maxSubjectBytes = 127

export function mapAttributes(
  assertion: JWTPayload,
  { attributeMapping, attributeCondition }: Pick<Provider, 'attributeMapping' | 'attributeCondition'>,
): { readonly identity: MappedIdentity } | { readonly refusal: Refusal } {
  const values = Object.entries(attributeMapping).map(([key, text]) => [key, evaluate(text, { assertion })] as const)
  const mapped = Object.fromEntries(values.filter(([, value]) => value !== undefined && value !== null))
  const subject = mapped['google.subject']
  if (subject === undefined) return refuse('Could not obtain a value for google.subject from the given credential.')
  if (typeof subject !== 'string') return refuse("The mapped attribute 'google.subject' must be of type STRING.")
  if (Buffer.byteLength(subject) > maxSubjectBytes) return { refusal: subjectTooLong }

  const groups = stringsOf(mapped['google.groups'])
  const attributes = attributesOf(mapped)
  const scope = { assertion, google: { subject, groups }, attribute: attributes }
  if (attributeCondition && evaluate(attributeCondition, scope) !== true)
    return refuse('The given credential is rejected by the attribute condition.')
  return { identity: { subject, groups, attributes } }
}

/** Undefined if a required claim is absent. */
function evaluate(text: string, scope: Scope): unknown {
  try {
    return compileExpression(text, Object.keys(scope))(scope)
  } catch (error) {
    if (error instanceof ExpressionError) return undefined
    throw error
  }
}

function attributesOf(mapped: Readonly<Record<string, unknown>>): MappedIdentity['attributes'] {
  const entries = Object.entries(mapped)
    .filter(([key]) => key.startsWith('attribute.'))
    .map(([key, value]) => [key.slice('attribute.'.length), Array.isArray(value) ? stringsOf(value) : String(value)])
  return Object.fromEntries(entries)
}

const stringsOf = (value: unknown): string[] => (Array.isArray(value) ? value : []).map(String)

const refuse = (description: string) => ({
  refusal: { error: 'unauthorized_client', error_description: description },
})

const subjectTooLong: Refusal = {
  error: 'invalid_request',
  error_description:
    'The size of mapped attribute google.subject exceeds the 127 bytes limit. Either modify your attribute mapping ' +
    'or the incoming assertion to produce a mapped attribute that is less than 127 bytes.',
}

// The principal sets that include a federated identity. https://cloud.google.com/iam/docs/principal-identifiers

/** `pool`: its full name. */
export function memberSets(pool: string, { groups, attributes }: MappedIdentity): readonly string[] {
  const set = (rest: string) => `principalSet://iam.googleapis.com/${pool}/${rest}`
  const byAttribute = Object.entries(attributes).flatMap(([name, value]) =>
    [value].flat().map((one) => set(`attribute.${name}/${one}`)),
  )
  return [set('*'), ...groups.map((group) => set(`group/${group}`)), ...byAttribute]
}
