/**
 * The OIDC provider of a cluster. CAM stores its keys, and does not read the issuer unless `AutoRotateKey` is on: an account of the
 * international site does not have that, and where it reads keys from, and when, is not documented. pullpass therefore leaves it off,
 * and keeps it where it is on. https://www.tencentcloud.com/document/product/598/47115
 */
import { type IssuerKey, parseJwks, renderJwk } from '../../../oidc/keys.ts'
import { compareStoredKeys, type KeysComparison, kidsOf } from '../../../oidc/stored-keys.ts'
import { asList, asText, type JsonObject } from '../../../text/json-fields.ts'
import { type Accepted, type RemovalPlan, type RemovalScope, trustRefused } from '../../trust/contract.ts'
import { clientIdRefusal, firstOf } from '../../trust/findings.ts'
import type { VendorChange, VendorFinding } from '../../trust/marked-resource.ts'
import { describeOwner, isMarked } from '../../trust/marks.ts'
import type { DesiredProvider } from './desired.ts'
import { isStatementOf, providersIn, statementsIn } from './policies.ts'
import { type CamConnection, type CamRequest, commandOf, listAll, readEntity, requestChange } from './requests.ts'
import { type ProviderFields, providerBlock } from './terraform.ts'

interface FoundProvider extends ProviderFields {
  /** Undefined: they cannot be read. */
  readonly keys: readonly IssuerKey[] | undefined
  readonly isDisabled: boolean
}

/** The JWKS in base64. */
const encodeKeys = (keys: readonly IssuerKey[]): string =>
  Buffer.from(JSON.stringify({ keys: keys.map(renderJwk) })).toString('base64')

const createdFields = ({ issuer, clientIds, description, keys }: DesiredProvider): ProviderFields => ({
  issuer,
  clientIds,
  description,
  encodedKeys: encodeKeys(keys),
  autoRotateKey: undefined,
})

/** Of a provider that is created. */
export const desiredBlock = (desired: DesiredProvider): ReturnType<typeof providerBlock> =>
  providerBlock(desired, createdFields(desired))

async function readProvider(cam: CamConnection, { name }: DesiredProvider): Promise<FoundProvider | undefined> {
  const body = await readEntity(cam, { action: 'DescribeOIDCConfig', fields: { Name: name } })
  return body && foundProvider(body)
}

const disabled = 2

function foundProvider(body: JsonObject): FoundProvider {
  const encodedKeys = asText(body['IdentityKey']) ?? ''
  const { AutoRotateKey } = body
  return {
    issuer: asText(body['IdentityUrl']) ?? '',
    clientIds: asList(body['ClientId']).flatMap((id) => asText(id) ?? []),
    description: asText(body['Description']) ?? '',
    encodedKeys,
    autoRotateKey: typeof AutoRotateKey === 'number' ? AutoRotateKey : undefined,
    keys: parseJwks(Buffer.from(encodedKeys, 'base64').toString()),
    isDisabled: body['Status'] === disabled,
  }
}

export async function observeProvider(
  desired: DesiredProvider,
  accepted: Accepted,
  cam: CamConnection,
): Promise<VendorFinding> {
  const found = await readProvider(cam, desired)
  if (found === undefined) return { presence: 'absent', verdict: 'create', changes: [creation(desired, cam)] }
  const keys = keysView(desired, found, accepted)
  const refused = refusal(desired, found, accepted, { keys, cam })
  const block = providerBlock(desired, found)('present')
  if (refused !== undefined) return { presence: 'present', verdict: 'refused', hcl: block, ...refused }
  const after = updatedFields(desired, found, keys)
  const summary = [
    ...addedIds(desired, found).map((id) => `client id ${id} is added`),
    ...(keys.update === undefined ? [] : [keys.update.summary]),
  ]
  return {
    presence: 'present',
    verdict: summary.length === 0 ? 'ok' : 'update',
    changes: summary.length === 0 ? [] : [update(desired, found, { accepted, summary: summary.join(', ') }, cam)],
    notes: keys.note === undefined ? [] : [keys.note],
    ...(keys.note !== undefined && { kept: ['keys'] }),
    hcl: providerBlock(desired, after)('present'),
  }
}

const keysView = (desired: DesiredProvider, { keys }: FoundProvider, { replace }: Accepted): KeysComparison =>
  keys === undefined && !replace.includes('keys')
    ? { against: 'its keys are not a JWKS' }
    : compareStoredKeys(desired, keys ?? [], replace.includes('keys') ? 'replace' : 'add')

const addedIds = ({ clientIds }: DesiredProvider, found: FoundProvider) =>
  clientIds.filter((id) => !found.clientIds.includes(id))

function refusal(
  desired: DesiredProvider,
  found: FoundProvider,
  { replace }: Accepted,
  { keys, cam }: { readonly keys: KeysComparison; readonly cam: CamConnection },
): Pick<VendorFinding, 'fault' | 'override'> | undefined {
  const { arn, issuer, mark } = desired
  if (found.issuer !== issuer) {
    return {
      fault: trustRefused(`provider ${arn} exists, and its issuer is ${found.issuer}, not ${issuer}`, {
        expected: 'the provider of this cluster, or an unused name',
        hint: 'it was not changed: set another providerId in the document; or, if no cluster uses it any more, delete it',
        command: commandOf(cam, { action: 'DescribeOIDCConfig', fields: { Name: desired.name } }),
      }),
    }
  }
  if (found.isDisabled) {
    return {
      fault: trustRefused(`provider ${arn} exists, but it is disabled`, {
        expected: 'an enabled provider, or an unused name',
        hint: 'check why it was disabled, then enable it in the console',
      }),
    }
  }
  if (keys.against !== undefined) {
    return {
      fault: trustRefused(`provider ${arn} exists, but ${keys.against}`, {
        expected: 'the keys of the cluster',
        hint: 'it was not changed; to replace its keys: --replace keys',
      }),
      ...(!replace.includes('keys') && { override: { replace: ['keys'] } }),
    }
  }
  if (isMarked(found.description, [mark])) return undefined
  // With the private key of one, another client signs tokens of every account.
  if (keys.note !== undefined) {
    return {
      fault: trustRefused(`provider ${arn} exists, pullpass did not create it, and ${keys.note}`, {
        expected: 'only keys that the cluster serves',
        hint: 'it was not changed: set another providerId in the document; or, to remove these keys: --replace keys',
      }),
      override: { replace: ['keys'] },
    }
  }
  const added = addedIds(desired, found)
  return added.length === 0 || replace.includes('clientIds') ? undefined : clientIdRefusal(arn, found.clientIds, added)
}

const updatedFields = (desired: DesiredProvider, found: FoundProvider, keys: KeysComparison): ProviderFields => ({
  ...found,
  clientIds: [...found.clientIds, ...addedIds(desired, found)],
  ...(keys.update !== undefined && { encodedKeys: encodeKeys(keys.update.keys) }),
})

/** An update sets every field. */
const requestOf = (action: string, name: string, fields: ProviderFields): CamRequest => ({
  action,
  fields: {
    Name: name,
    IdentityUrl: fields.issuer,
    ClientId: fields.clientIds,
    IdentityKey: fields.encodedKeys,
    Description: fields.description,
    ...(fields.autoRotateKey !== undefined && { AutoRotateKey: fields.autoRotateKey }),
  },
})

function creation(desired: DesiredProvider, cam: CamConnection): VendorChange {
  const { arn, name, issuer, clientIds, keys } = desired
  return requestChange(
    {
      action: 'create',
      description: `create provider ${arn}: issuer ${issuer}, client id ${clientIds.join(', ')}, keys ${kidsOf(keys)}`,
    },
    requestOf('CreateOIDCConfig', name, createdFields(desired)),
    cam,
  )
}

/** CAM has no precondition: the provider is read again immediately before it is written. */
function update(
  desired: DesiredProvider,
  found: FoundProvider,
  { accepted, summary }: { readonly accepted: Accepted; readonly summary: string },
  cam: CamConnection,
): VendorChange {
  const { arn, name } = desired
  const after = (one: FoundProvider) =>
    requestOf('UpdateOIDCConfig', name, updatedFields(desired, one, keysView(desired, one, accepted)))
  const fields = [
    ...(addedIds(desired, found).length === 0 ? [] : ['clientIds']),
    ...(keysView(desired, found, accepted).update === undefined ? [] : ['keys']),
  ]
  return {
    ...requestChange(
      { action: 'update', fields, description: `update provider ${arn}: ${summary}` },
      after(found),
      cam,
    ),
    apply: async () => {
      const current = (await readProvider(cam, desired)) ?? found
      const refused = refusal(desired, current, accepted, { keys: keysView(desired, current, accepted), cam })?.fault
      if (refused !== undefined) throw refused
      await cam.call(after(current))
    },
  }
}

/** Removable if pullpass created it for these clusters, and no role trusts it any more. `removed`: ARNs of roles. */
export async function planProviderRemoval(
  desired: DesiredProvider,
  { marks, removed }: RemovalScope,
  cam: CamConnection,
): Promise<RemovalPlan> {
  const found = await readProvider(cam, desired)
  if (found === undefined) return { state: 'absent' }
  if (!isMarked(found.description, marks)) return { state: 'kept', note: describeOwner(found.description) }
  const using = await rolesTrusting(desired, removed, cam)
  if (using === 'too many roles')
    return { state: 'kept', note: 'the account has too many roles to list those that trust it' }
  if (using.length > 0) return { state: 'kept', note: `roles trust it: ${firstOf(using).join(', ')}` }
  return {
    state: 'removable',
    async remove() {
      await cam.call({ action: 'DeleteOIDCConfig', fields: { Name: desired.name } })
      return undefined
    },
  }
}

/**
 * Names of the roles of the account whose trust policies name the provider, apart from statements of pullpass in roles that are
 * removed: such a role may have lost only these.
 */
async function rolesTrusting(
  { arn, issuer }: DesiredProvider,
  removed: readonly string[],
  cam: CamConnection,
): Promise<string[] | 'too many roles'> {
  const roles = await listAll(cam, { action: 'DescribeRoleList', fields: {} })
  if (roles === undefined) return 'too many roles'
  return roles
    .map((one): JsonObject => Object(one))
    .filter((role) => {
      const text = asText(role['PolicyDocument']) ?? ''
      const isRemoved = removed.some((one) => one.endsWith(`:roleName/${asText(role['RoleName'])}`))
      const left = statementsIn(text)?.filter((one) => !(isRemoved && isStatementOf(one, [{ provider: arn, issuer }])))
      // A policy that cannot be read is searched as a text.
      return left === undefined ? text.includes(arn) : providersIn(left).includes(arn)
    })
    .map((role) => asText(role['RoleName']) ?? '')
}
