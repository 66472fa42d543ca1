/** A role as CAM has it. https://www.tencentcloud.com/document/product/598/32208 */
import { asObject, asText, type JsonObject } from '../../../text/json-fields.ts'
import { parseRole } from '../names.ts'
import { statementsIn } from './policies.ts'
import { type CamConnection, listAll, readEntity } from './requests.ts'

export interface FoundRole {
  readonly description: string
  /** Undefined: they could not be read. */
  readonly statements: readonly JsonObject[] | undefined
}

export async function readRole(cam: CamConnection, arn: string): Promise<FoundRole | undefined> {
  const body = await readEntity(cam, { action: 'GetRole', fields: { RoleName: parseRole(arn).name } })
  if (body === undefined) return undefined
  const role = asObject(body['RoleInfo']) ?? {}
  return {
    description: asText(role['Description']) ?? '',
    statements: statementsIn(asText(role['PolicyDocument']) ?? ''),
  }
}

/** Names of its policies; undefined if the list is incomplete. */
export async function policiesOf(arn: string, cam: CamConnection): Promise<string[] | undefined> {
  const found = await listAll(cam, { action: 'ListAttachedRolePolicies', fields: { RoleName: parseRole(arn).name } })
  return found?.flatMap((one) => asText(asObject(one)?.['PolicyName']) ?? [])
}
