/** The identity that a document names. pullpass does not create identities, since Azure chooses the client id. https://learn.microsoft.com/graph/api/resources/application */

import { asObject, shortText } from '../../../text/json-fields.ts'
import { type Accepted, type TrustFinding, trustRefused } from '../../trust/contract.ts'
import { type OtherToken, sharingOf } from '../../trust/findings.ts'
import { orAbsent } from '../../trust/responses.ts'
import { createIdentity } from './commands.ts'
import type { DesiredIdentity } from './desired.ts'
import { type AzureConnection, sendArm, sendGraph } from './requests.ts'
import { identityHcl } from './terraform.ts'

export interface FoundIdentity {
  /** Object id of the application; the resource id of a managed identity. */
  readonly id: string
  readonly clientId: string
  /** Of its service principal, to which roles are assigned; undefined: the application has none. */
  readonly principalId: string | undefined
}

const version = 'api-version=2024-11-30'

/** undefined if it does not exist. @throws TRUST_DENIED, TRUST_UNAVAILABLE */
export async function readIdentity(
  azure: AzureConnection,
  { kind, name, clientId }: DesiredIdentity,
): Promise<FoundIdentity | undefined> {
  if (kind === 'managed identity') {
    return await orAbsent(
      sendArm(azure, {
        method: 'GET',
        path: `${name}?${version}`,
        read(body) {
          const properties = asObject(asObject(body)?.['properties'])
          const found = shortText(properties?.['clientId']) ?? ''
          return { id: name, clientId: found.toLowerCase(), principalId: shortText(properties?.['principalId']) }
        },
      }),
    )
  }
  const byClient = (type: string) =>
    orAbsent(
      sendGraph(azure, {
        method: 'GET',
        path: `/${type}(appId='${clientId}')?$select=id`,
        read: (body) => shortText(asObject(body)?.['id']),
      }),
    )
  const [id, principalId] = await Promise.all([byClient('applications'), byClient('servicePrincipals')])
  return id === undefined ? undefined : { id, clientId, principalId }
}

type Evaluated = Pick<TrustFinding, 'presence' | 'verdict' | 'notes'> & Partial<TrustFinding>

/** Pure. */
export function evaluateIdentity(
  desired: DesiredIdentity,
  found: FoundIdentity | undefined,
  others: readonly OtherToken[],
  sharing: Accepted['sharing'],
): Evaluated & { readonly hcl: TrustFinding['hcl'] } {
  const hcl = identityHcl(desired)
  const { kind, name, clientId, tenantId } = desired
  if (found === undefined) {
    const fault = trustRefused(`${kind} ${kind === 'application' ? clientId : name} does not exist`, {
      expected: `one that exists in tenant ${tenantId}: Azure chooses its client id, which the document names`,
      hint: 'correct azure.clientId, or create it and name its client id',
      command: createIdentity(desired),
    })
    return { presence: 'absent', verdict: 'refused', notes: [], fault, hcl }
  }
  const present = { presence: 'present', notes: [], hcl } as const
  if (found.clientId !== clientId) {
    const fault = trustRefused(`managed identity ${name} has the client id ${found.clientId}`, {
      expected: `${clientId}, the client id in the document`,
      hint: 'set azure.clientId to that of the managed identity: otherwise roles are assigned to another identity than the one that signs in',
    })
    return { ...present, verdict: 'refused', fault }
  }
  if (found.principalId === undefined) {
    const fault = trustRefused(`application ${clientId} has no service principal in the tenant`, {
      expected: 'a service principal, to which the role is assigned',
      hint: 'create it',
      command: `az ad sp create --id ${clientId}`,
    })
    return { ...present, verdict: 'refused', fault }
  }
  return { ...present, verdict: 'ok', ...sharingOf(desired, others, sharing) }
}
