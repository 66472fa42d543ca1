/** A role as IAM has it. https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetRole.html */
import { asObject, asText, type JsonObject } from '../../../text/json-fields.ts'
import { parseRole } from '../names.ts'
import { namesIn, statementsIn } from './policies.ts'
import { decodeDocument, tagsIn } from './provider.ts'
import { type IamConnection, listAll, readEntity } from './requests.ts'

export const named = (arn: string): Readonly<Record<'RoleName', string>> => ({ RoleName: parseRole(arn).name })

export interface FoundRole {
  readonly arn: string
  readonly description: string
  /** Undefined: they could not be read. */
  readonly statements: readonly JsonObject[] | undefined
  readonly maxSessionSeconds: number
  readonly tags: Readonly<Record<string, string>>
}

export async function readRole(iam: IamConnection, arn: string): Promise<FoundRole | undefined> {
  const body = await readEntity(iam, 'GetRole', named(arn))
  if (body === undefined) return undefined
  const role = asObject(body['Role']) ?? {}
  return {
    arn: asText(role['Arn']) ?? '',
    description: asText(role['Description']) ?? '',
    statements: statementsIn(decodeDocument(asText(role['AssumeRolePolicyDocument']) ?? '')),
    maxSessionSeconds: Number(role['MaxSessionDuration'] ?? 3600),
    tags: tagsIn(role),
  }
}

/** Names of inline policies, and of managed ones; undefined if the lists are incomplete. */
export async function policiesOf(arn: string, iam: IamConnection): Promise<string[] | undefined> {
  const inline = await listAll(iam, 'ListRolePolicies', named(arn), 'PolicyNames')
  const attached = await listAll(iam, 'ListAttachedRolePolicies', named(arn), 'AttachedPolicies')
  if (inline === undefined || attached === undefined) return undefined
  return [...namesIn(inline), ...attached.flatMap((one) => asText(asObject(one)?.['PolicyName']) ?? [])]
}
