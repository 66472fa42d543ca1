/** Applies one change at Google, and waits for its operation. https://cloud.google.com/iam/docs/reference/rest/v1/projects.locations.workloadIdentityPools */
import { asFault, PullpassError } from '../../../errors/pullpass-error.ts'
import { asObject, asText } from '../../../text/json-fields.ts'
import type { Operation } from '../../operation.ts'
import { trustRefused } from '../../trust/contract.ts'
import { followOperation, readOperation } from '../iam.ts'
import { accountParts, poolOf } from '../names.ts'
import type { AccountHistory } from './account-history.ts'
import type { CreatedResource, GcpChange, ProviderFields, UpdatedFields } from './finding.ts'
import { readFoundAccount } from './observed-state.ts'
import { findGrant, withGrant, writePolicy } from './policy.ts'
import { accountPath, type GcpConnection, identityPath, readResource, sendTrustRequest } from './requests.ts'

/** @throws PullpassError at the hop trust: nothing was changed, or the operation is named */
export async function applyChange(
  google: GcpConnection,
  change: GcpChange,
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
        findGrant(policy, change.grant) === 'unconditional' ? policy : withGrant(policy, change.grant),
      )
    default:
      return change satisfies never
  }
}

/** An operation that is done confirms the change: the resource need not be read. */
async function follow(
  google: GcpConnection,
  request: { readonly method: 'POST' | 'PATCH' | 'DELETE'; readonly path: string; readonly json?: unknown },
): Promise<void> {
  const operation: Operation = await sendTrustRequest(google, { ...request, read: readOperation })
  await followOperation(google, operation)
}

async function create(google: GcpConnection, resource: Exclude<CreatedResource, { kind: 'account' }>): Promise<void> {
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

async function update(google: GcpConnection, name: string, fields: UpdatedFields): Promise<void> {
  const mask = Object.keys(fields)
    .flatMap((field) => masks[field] ?? [])
    .join(',')
  const path = `${identityPath(name)}?updateMask=${encodeURIComponent(mask)}`
  await follow(google, { method: 'PATCH', path, json: providerBody(fields) })
}

/** Field by field, so that concurrent changes of other fields are kept. */
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

/** The fields of a new provider that differ from Google's defaults. */
export const setFields = ({
  issuer,
  mapping,
  audiences,
  condition,
  jwks,
}: ProviderFields): Partial<ProviderFields> => ({
  issuer,
  mapping,
  ...(audiences.length > 0 && { audiences }),
  ...(condition !== '' && { condition }),
  ...(jwks !== '' && { jwks }),
})

/** Creates a service account. https://cloud.google.com/iam/docs/reference/rest/v1/projects.serviceAccounts */
async function createAccount(
  google: GcpConnection,
  { email, description }: Extract<CreatedResource, { kind: 'account' }>,
  history: Pick<AccountHistory, 'saw'>,
): Promise<void> {
  const { id = '', project = '' } = accountParts(email) ?? {}
  const { uniqueId } = await sendTrustRequest(google, {
    method: 'POST',
    path: `v1/projects/${encodeURIComponent(project)}/serviceAccounts`,
    json: { accountId: id, serviceAccount: { displayName: 'pullpass', description } },
    read: ({ body }) => readFoundAccount(body),
  })
  history.saw(email, uniqueId)
}

type Undelete = Extract<GcpChange, { resource: 'account' }>

/**
 * The record can be written by every writer of that ConfigMap: the restored account is compared, and deleted again if it is another.
 * Google's response can be lost, and a repeated request does not reveal the result: then the account itself is read.
 * @throws TRUST_NOT_FOUND if Google retains no account with that id: the next observation shows it
 */
async function undeleteAccount(
  google: GcpConnection,
  change: Undelete,
  history: Pick<AccountHistory, 'saw' | 'lost'>,
): Promise<void> {
  const { email, uniqueId } = change
  const present = await readEmail(google, change)
  if (present !== undefined && present !== email) throw anothers(change, present, 'exists, and was not changed')
  if (present === undefined) await restoreAccount(google, change, history)
  history.saw(email, uniqueId)
}

/** No account with the unique ID exists. */
async function restoreAccount(
  google: GcpConnection,
  change: Undelete,
  history: Pick<AccountHistory, 'lost'>,
): Promise<void> {
  const { email, uniqueId } = change
  const result = await sendTrustRequest(google, {
    method: 'POST',
    path: `${pathOf(change)}:undelete`,
    json: {},
    read: ({ body }) => asText(asObject(asObject(body)?.['restoredAccount'])?.['email']),
  }).catch(asFault)
  const restored = typeof result === 'string' ? result : await readEmail(google, change).catch(asFault)
  if (restored === email) return
  if (typeof restored === 'string') throw await deleteAgain(google, change, restored)
  if (restored !== undefined || !(result instanceof PullpassError)) throw unseen(change, restored)
  if (result.code === 'TRUST_NOT_FOUND') history.lost(uniqueId)
  throw result
}

async function deleteAgain(google: GcpConnection, change: Undelete, restored: string): Promise<PullpassError> {
  const undone = await sendTrustRequest(google, {
    method: 'DELETE',
    path: pathOf(change),
    read: () => 'was deleted again',
  }).catch((fault: unknown) => `exists now, and could not be deleted again: ${asFault(fault).seen}`)
  return anothers(change, restored, undone)
}

const pathOf = ({ email, uniqueId }: Undelete) => accountPath(uniqueId, email)

/** The address of the account with the unique ID; undefined if none exists. */
const readEmail = async (google: GcpConnection, change: Undelete): Promise<string | undefined> =>
  await readResource(
    google,
    pathOf(change),
    (body) => asText(asObject(body)?.['email']) ?? 'an account without an address',
  )

const anothers = ({ email, uniqueId }: Undelete, other: string, became: string) =>
  trustRefused(`unique ID ${uniqueId} is recorded for ${email}, and belongs to ${other}`, {
    expected: `the unique ID of ${email}; the other account ${became}`,
    hint: 'check which accounts can write the ConfigMap pullpass-trust, and remove the entry from it',
  })

/** `fault`: of the observation; undefined: the resource is not visible yet. */
const unseen = ({ email, uniqueId }: Undelete, fault: PullpassError | undefined) =>
  new PullpassError({
    code: fault?.code ?? 'TRUST_NOT_FOUND',
    hop: 'trust',
    seen: `it is unknown whether unique ID ${uniqueId} was undeleted: ${fault?.seen ?? 'Google reports success, and returns no account'}`,
    expected: `the account ${email} with this unique ID`,
    hint: 'run it again: it reads the account first',
    retryable: fault?.retryable ?? false,
  })
