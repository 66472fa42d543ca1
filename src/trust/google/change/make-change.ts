/** Makes one change at Google, and follows it to its end. https://cloud.google.com/iam/docs/reference/rest/v1/projects.locations.workloadIdentityPools */

import { poolOf } from '../../../document/gcp-names.ts'
import { followOperation, type Operation, readOperation } from '../../../providers/gcp-iam/follow-operation.ts'
import { askGoogle, type GoogleConnection } from '../ask-google.ts'
import type { AccountHistory } from '../look/account-history.ts'
import type { CreatedResource, GoogleChange, UpdatedFields } from '../look/google-finding.ts'
import { holds, withGrant } from '../policy/policy.ts'
import { writePolicy } from '../policy/write-policy.ts'
import { identityPath } from '../resource-path.ts'
import { createAccount, undeleteAccount } from './make-account.ts'
import { setFields } from './set-fields.ts'

/** @throws PullpassError at the hop trust: nothing was changed, or the operation is named */
export async function makeChange(
  google: GoogleConnection,
  change: GoogleChange,
  history: Pick<AccountHistory, 'saw' | 'lost'>,
): Promise<void> {
  switch (change.kind) {
    case 'create':
      return change.resource.kind === 'account'
        ? await createAccount(google, change.resource, history)
        : await create(google, change.resource)
    case 'undelete':
      return change.resource === 'account'
        ? await undeleteAccount(google, change, history)
        : await follow(google, { method: 'POST', path: `${identityPath(change.name)}:undelete`, json: {} })
    case 'update':
      return await update(google, change.name, change.fields)
    case 'grant':
      return await writePolicy(google, change.grant, (policy) =>
        holds(policy, change.grant) === 'plainly' ? policy : withGrant(policy, change.grant),
      )
    default:
      return change satisfies never
  }
}

/** An operation that is done is Google's word: no look at the resource is needed. */
async function follow(
  google: GoogleConnection,
  ask: { readonly method: 'POST' | 'PATCH' | 'DELETE'; readonly path: string; readonly json?: unknown },
): Promise<void> {
  const operation: Operation = await askGoogle(google, { ...ask, read: readOperation })
  await followOperation(google, operation)
}

async function create(
  google: GoogleConnection,
  resource: Exclude<CreatedResource, { kind: 'account' }>,
): Promise<void> {
  const { name, description } = resource
  const id = name.slice(name.lastIndexOf('/') + 1)
  if (resource.kind === 'pool') {
    const parent = name.slice(0, name.lastIndexOf('/'))
    const path = `${identityPath(parent)}?workloadIdentityPoolId=${id}`
    return await follow(google, { method: 'POST', path, json: { description } })
  }
  const path = `${identityPath(poolOf(name))}/providers?workloadIdentityPoolProviderId=${id}`
  await follow(google, { method: 'POST', path, json: { description, ...providerBody(setFields(resource)) } })
}

async function update(google: GoogleConnection, name: string, fields: UpdatedFields): Promise<void> {
  const mask = Object.keys(fields)
    .flatMap((field) => masks[field] ?? [])
    .join(',')
  const path = `${identityPath(name)}?updateMask=${encodeURIComponent(mask)}`
  await follow(google, { method: 'PATCH', path, json: providerBody(fields) })
}

/** Field by field, so that what somebody else changes meanwhile stays. */
const masks: Readonly<Record<string, string>> = {
  issuer: 'oidc.issuerUri',
  audiences: 'oidc.allowedAudiences',
  jwks: 'oidc.jwksJson',
  mapping: 'attributeMapping',
  condition: 'attributeCondition',
  description: 'description',
}

function providerBody({ issuer, audiences, mapping, condition, jwks, description }: UpdatedFields): object {
  const oidc = {
    ...(issuer !== undefined && { issuerUri: issuer }),
    ...(audiences !== undefined && { allowedAudiences: audiences }),
    ...(jwks !== undefined && { jwksJson: jwks }),
  }
  return {
    ...(description !== undefined && { description }),
    ...(mapping !== undefined && { attributeMapping: mapping }),
    ...(condition !== undefined && { attributeCondition: condition }),
    ...(Object.keys(oidc).length > 0 && { oidc }),
  }
}
