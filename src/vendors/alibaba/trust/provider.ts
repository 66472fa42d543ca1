/** The OIDC provider of a cluster's issuer in an account. https://www.alibabacloud.com/help/en/ram/developer-reference/api-ims-2019-08-15-createoidcprovider */
import { asObject, asText, type JsonObject } from '../../../text/json-fields.ts'
import { type Accepted, type RemovalPlan, type RemovalScope, trustRefused } from '../../trust/contract.ts'
import { clientIdRefusal, firstOf } from '../../trust/findings.ts'
import type { VendorChange, VendorFinding } from '../../trust/marked-resource.ts'
import { describeOwner, isMarked } from '../../trust/marks.ts'
import { parseArn } from '../names.ts'
import type { DesiredProvider, DesiredRole } from './desired.ts'
import { readRole } from './found-role.ts'
import { isStatementOf, providersIn } from './policies.ts'
import { changeByCall, listAll, type RamCall, type RamConnection, readEntity } from './requests.ts'
import { providerBlock } from './terraform.ts'

const ims = (action: string, fields: Readonly<Record<string, string>>): RamCall => ({ service: 'ims', action, fields })

const named = (arn: string) => ({ OIDCProviderName: parseArn(arn).name })

interface FoundProvider {
  readonly issuer: string
  readonly clientIds: readonly string[]
  /** As they are written there: in upper or lower case. */
  readonly fingerprints: readonly string[]
  readonly description: string
}

async function readProvider(arn: string, ram: RamConnection): Promise<FoundProvider | undefined> {
  const body = await readEntity(ram, ims('GetOIDCProvider', named(arn)))
  return body === undefined ? undefined : providerIn(asObject(body['OIDCProvider']) ?? {})
}

const providerIn = (provider: JsonObject): FoundProvider => ({
  issuer: asText(provider['IssuerUrl']) ?? '',
  clientIds: splitList(provider['ClientIds']),
  fingerprints: splitList(provider['Fingerprints']),
  description: asText(provider['Description']) ?? '',
})

/** Lists are texts with commas. */
const splitList = (value: unknown): string[] => (asText(value) ?? '').split(',').filter((one) => one !== '')

export async function observeProvider(
  desired: DesiredProvider,
  { replace }: Accepted,
  ram: RamConnection,
): Promise<VendorFinding> {
  const { arn, issuer } = desired
  const found = await readProvider(arn, ram)
  if (found === undefined) return await observeAbsent(desired, ram)
  if (found.issuer !== issuer) return { presence: 'present', verdict: 'refused', fault: otherIssuer(desired, found) }
  const added = desired.clientIds.filter((id) => !found.clientIds.includes(id))
  const isOwn = isMarked(found.description, [desired.mark])
  if (added.length > 0 && !isOwn && !replace.includes('clientIds'))
    return { presence: 'present', verdict: 'refused', ...clientIdRefusal(arn, found.clientIds, added) }
  const differ = desired.fingerprints.join() !== lowerCase(found.fingerprints).toSorted().join()
  const replaced = differ && replace.includes('fingerprints')
  const changes = [
    ...added.map((id) => clientIdAddition(desired, id, ram)),
    ...(replaced ? fingerprintChanges(desired, found, ram) : []),
  ]
  const after = {
    ...desired,
    clientIds: [...found.clientIds, ...added],
    fingerprints: replaced ? desired.fingerprints : found.fingerprints,
    description: found.description,
  }
  return {
    presence: 'present',
    verdict: changes.length === 0 ? 'ok' : 'update',
    hcl: providerBlock(after)('present'),
    changes,
    notes: differ && !replaced ? [`its fingerprints are unchanged: ${found.fingerprints.join(', ') || 'none'}`] : [],
    ...(differ && !replaced && { kept: ['fingerprints'], keptAuthority: 'fingerprints' }),
  }
}

/** The URL of an issuer is unique in an account: with another provider for it, none can be created. */
async function observeAbsent(desired: DesiredProvider, ram: RamConnection): Promise<VendorFinding> {
  const all = await listAll(ram, ims('ListOIDCProviders', { MaxItems: '100' }), listedIn)
  const other = all?.find((one) => providerIn(one).issuer === desired.issuer)
  if (other === undefined) return { presence: 'absent', verdict: 'create', changes: [creation(desired, ram)] }
  const arn = asText(other['Arn']) ?? ''
  return {
    presence: 'absent',
    verdict: 'refused',
    instead: arn,
    fault: trustRefused(
      `provider ${arn} exists for issuer ${desired.issuer}, which can have one provider in an account`,
      {
        expected: `alibaba.oidcProviderArn: ${arn}`,
        hint: 'set it in the document',
      },
    ),
  }
}

const listedIn = (body: JsonObject) => asObject(body['OIDCProviders'])?.['OIDCProvider']

/** IMS has no action that changes the issuer. */
const otherIssuer = ({ arn, issuer }: DesiredProvider, found: FoundProvider) =>
  trustRefused(`provider ${arn} exists, for issuer ${found.issuer}`, {
    expected: `a provider for issuer ${issuer}, or an unused name`,
    hint: 'set another name in alibaba.oidcProviderArn; Alibaba Cloud does not change the issuer of a provider',
  })

function creation(desired: DesiredProvider, ram: RamConnection): VendorChange {
  const { arn, issuer, clientIds, fingerprints, description } = desired
  const call = ims('CreateOIDCProvider', {
    ...named(arn),
    IssuerUrl: issuer,
    ClientIds: clientIds.join(','),
    Fingerprints: fingerprints.join(','),
    Description: description,
  })
  return changeByCall(
    { action: 'create', description: `create provider ${arn}: issuer ${issuer}, client id ${clientIds.join(', ')}` },
    call,
    ram,
  )
}

const clientIdAddition = ({ arn }: DesiredProvider, id: string, ram: RamConnection): VendorChange =>
  changeByCall(
    { action: 'update', fields: ['clientIds'], description: `update provider ${arn}: add client id ${id}` },
    ims('AddClientIdToOIDCProvider', { ...named(arn), ClientId: id }),
    ram,
  )

const lowerCase = (texts: readonly string[]) => texts.map((one) => one.toLowerCase())

const mostFingerprints = 5

/** Those of the document are added first, so that tokens are accepted throughout, unless the provider has no space for them. */
function fingerprintChanges(
  { arn, fingerprints }: DesiredProvider,
  found: FoundProvider,
  ram: RamConnection,
): VendorChange[] {
  const change = (verb: 'add' | 'remove', one: string) =>
    changeByCall(
      { action: 'update', fields: ['fingerprints'], description: `update provider ${arn}: ${verb} fingerprint ${one}` },
      ims(verb === 'add' ? 'AddFingerprintToOIDCProvider' : 'RemoveFingerprintFromOIDCProvider', {
        ...named(arn),
        Fingerprint: one,
      }),
      ram,
    )
  const present = lowerCase(found.fingerprints)
  const added = fingerprints.filter((one) => !present.includes(one)).map((one) => change('add', one))
  const obsolete = found.fingerprints.filter((one) => !fingerprints.includes(one.toLowerCase()))
  const removed = obsolete.map((one) => change('remove', one))
  return found.fingerprints.length + added.length <= mostFingerprints ? [...added, ...removed] : [...removed, ...added]
}

/** Removable if pullpass created it for these clusters, and no role trusts it any more. `removed`: ARNs of roles. */
export async function planProviderRemoval(
  { arn }: DesiredProvider,
  { marks, removed }: RemovalScope,
  roles: readonly DesiredRole[],
  ram: RamConnection,
): Promise<RemovalPlan> {
  const found = await readProvider(arn, ram)
  if (found === undefined) return { state: 'absent' }
  if (!isMarked(found.description, marks)) return { state: 'kept', note: describeOwner(found.description) }
  const using = await rolesTrusting(arn, { removed, roles }, ram)
  if (using === 'too many roles')
    return { state: 'kept', note: 'the account has too many roles to read those that trust it' }
  if (using.length > 0) return { state: 'kept', note: `roles trust it: ${firstOf(using).join(', ')}` }
  return { state: 'removable', remove: async () => void (await ram.call(ims('DeleteOIDCProvider', named(arn)))) }
}

/** A list of roles does not contain their trust policies: each is read. */
const mostRoles = 300

/**
 * ARNs of the roles of the account whose trust policies name the provider, apart from statements of these documents in roles that are
 * removed: such a role may have lost only these, and still trust the provider by statements of others.
 */
async function rolesTrusting(
  arn: string,
  { removed, roles }: Pick<RemovalScope, 'removed'> & { readonly roles: readonly DesiredRole[] },
  ram: RamConnection,
): Promise<string[] | 'too many roles'> {
  const call: RamCall = { service: 'ram', action: 'ListRoles', fields: { MaxItems: '1000' } }
  const listed = await listAll(ram, call, (body) => asObject(body['Roles'])?.['Role'])
  if (listed === undefined || listed.length > mostRoles) return 'too many roles'
  const using: string[] = []
  for (const role of listed.map(({ Arn }) => asText(Arn) ?? '')) {
    const { policy = '', statements } = (await readRole(ram, role)) ?? {}
    const own = removed.includes(role) ? (roles.find((one) => one.arn === role)?.statements ?? []) : []
    const left = statements?.filter((one) => !isStatementOf(one, own))
    // A policy that cannot be read is searched as a text.
    if (left === undefined ? policy.includes(arn) : providersIn(left).includes(arn)) using.push(role)
  }
  return using
}
