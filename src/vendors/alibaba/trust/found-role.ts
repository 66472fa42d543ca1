/** A role as RAM has it. https://www.alibabacloud.com/help/en/ram/developer-reference/api-ram-2015-05-01-getrole */
import { asList, asObject, asText, type JsonObject } from '../../../text/json-fields.ts'
import { parseArn } from '../names.ts'
import { statementsIn } from './policies.ts'
import { type RamCall, type RamConnection, readEntity } from './requests.ts'

export const onRole = (action: string, arn: string, fields: Readonly<Record<string, string>> = {}): RamCall => ({
  service: 'ram',
  action,
  fields: { RoleName: parseArn(arn).name, ...fields },
})

export interface FoundRole {
  readonly description: string
  /** Its trust policy, as text. */
  readonly policy: string
  /** Undefined: they could not be read. */
  readonly statements: readonly JsonObject[] | undefined
  readonly maxSessionSeconds: number
}

export async function readRole(ram: RamConnection, arn: string): Promise<FoundRole | undefined> {
  const body = await readEntity(ram, onRole('GetRole', arn))
  if (body === undefined) return undefined
  const role = asObject(body['Role']) ?? {}
  const policy = asText(role['AssumeRolePolicyDocument']) ?? ''
  return {
    description: asText(role['Description']) ?? '',
    policy,
    statements: statementsIn(policy),
    maxSessionSeconds: Number(role['MaxSessionDuration'] ?? 3600),
  }
}

/** Names of the policies that are attached to a role. An absent role has none. */
export async function attachedPolicies(ram: RamConnection, arn: string): Promise<string[]> {
  const body = await readEntity(ram, onRole('ListPoliciesForRole', arn))
  const policies = asList(asObject(body?.['Policies'])?.['Policy'])
  return policies.flatMap((one) => asText(asObject(one)?.['PolicyName']) ?? [])
}
