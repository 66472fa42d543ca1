/** The OIDC provider of a cluster's issuer in an account. https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_oidc.html */
import { asList, asObject, asText, type JsonObject } from '../../../text/json-fields.ts'
import type { Accepted, RemovalPlan, RemovalScope } from '../../trust/contract.ts'
import { clientIdRefusal, firstOf } from '../../trust/findings.ts'
import type { VendorChange, VendorFinding } from '../../trust/marked-resource.ts'
import { describeOwner, isMarked } from '../../trust/marks.ts'
import type { DesiredProvider } from './desired.ts'
import { isStatementOf, namesIn, providersIn, statementsIn } from './policies.ts'
import { type IamConnection, listAll, listFields, readEntity } from './requests.ts'
import { providerBlock } from './terraform.ts'

const argument = (arn: string) => ['--open-id-connect-provider-arn', arn]
const named = (arn: string) => ({ OpenIDConnectProviderArn: arn })
/** The key of the tag that contains the mark of the cluster: a provider has no description. */
const tag = 'pullpass'

export async function observeProvider(
  desired: DesiredProvider,
  { replace }: Accepted,
  iam: IamConnection,
): Promise<VendorFinding> {
  const found = await readEntity(iam, 'GetOpenIDConnectProvider', named(desired.arn))
  if (found === undefined) return { presence: 'absent', verdict: 'create', changes: [creation(desired, iam)] }
  const clientIds = namesIn(found['ClientIDList'])
  const added = desired.clientIds.filter((id) => !clientIds.includes(id))
  const isOwn = isMarked(tagsIn(found)[tag] ?? '', [desired.mark])
  if (added.length > 0 && !isOwn && !replace.includes('clientIds')) {
    return { presence: 'present', verdict: 'refused', ...clientIdRefusal(desired.arn, clientIds, added) }
  }
  const thumbprints = namesIn(found['ThumbprintList']).map((one) => one.toLowerCase())
  const differ = desired.thumbprints !== undefined && desired.thumbprints.join() !== thumbprints.join()
  const replaced = differ && replace.includes('thumbprints')
  const changes = [
    ...added.map((id) => clientIdAddition(desired, id, iam)),
    ...(replaced ? [thumbprintUpdate(desired, thumbprints, iam)] : []),
  ]
  const after = {
    ...desired,
    clientIds: [...clientIds, ...added],
    thumbprints: replaced ? desired.thumbprints : thumbprints,
    tags: tagsIn(found),
  }
  return {
    presence: 'present',
    verdict: changes.length === 0 ? 'ok' : 'update',
    hcl: providerBlock(after)('present'),
    changes,
    notes: differ && !replaced ? [`its thumbprints are unchanged: ${thumbprints.join(', ') || 'none'}`] : [],
    ...(differ && !replaced && { kept: ['thumbprints'], keptAuthority: 'thumbprints' }),
  }
}

function creation(desired: DesiredProvider, { call }: IamConnection): VendorChange {
  const { arn, issuer, clientIds, thumbprints = [], mark } = desired
  return {
    action: 'create',
    description: `create provider ${arn}: issuer ${issuer}, client id ${clientIds.join(', ')}`,
    words: [
      'iam',
      'create-open-id-connect-provider',
      '--url',
      issuer,
      '--client-id-list',
      ...clientIds,
      ...(thumbprints.length === 0 ? [] : ['--thumbprint-list', ...thumbprints]),
      '--tags',
      `Key=${tag},Value=${mark}`,
    ],
    apply: async () =>
      await call('CreateOpenIDConnectProvider', {
        Url: issuer,
        ...listFields('ClientIDList', clientIds),
        ...listFields('ThumbprintList', thumbprints),
        'Tags.member.1.Key': tag,
        'Tags.member.1.Value': mark,
      }),
  }
}

/** Idempotent at AWS. */
const clientIdAddition = ({ arn }: DesiredProvider, id: string, { call }: IamConnection): VendorChange => ({
  action: 'update',
  fields: ['clientIds'],
  description: `update provider ${arn}: add client id ${id}`,
  words: ['iam', 'add-client-id-to-open-id-connect-provider', ...argument(arn), '--client-id', id],
  apply: async () => await call('AddClientIDToOpenIDConnectProvider', { ...named(arn), ClientID: id }),
})

function thumbprintUpdate(
  { arn, thumbprints = [] }: DesiredProvider,
  before: readonly string[],
  { call }: IamConnection,
): VendorChange {
  return {
    action: 'update',
    fields: ['thumbprints'],
    description: `update provider ${arn}: thumbprints ${before.join(', ') || 'none'} become ${thumbprints.join(', ')}`,
    words: ['iam', 'update-open-id-connect-provider-thumbprint', ...argument(arn), '--thumbprint-list', ...thumbprints],
    apply: async () =>
      await call('UpdateOpenIDConnectProviderThumbprint', {
        ...named(arn),
        ...listFields('ThumbprintList', thumbprints),
      }),
  }
}

/** Removable if pullpass created it for these clusters, and no role trusts it any more. `removed`: ARNs of roles. */
export async function planProviderRemoval(
  { arn }: DesiredProvider,
  { marks, removed }: RemovalScope,
  iam: IamConnection,
): Promise<RemovalPlan> {
  const found = await readEntity(iam, 'GetOpenIDConnectProvider', named(arn))
  if (found === undefined) return { state: 'absent' }
  const mark = tagsIn(found)[tag] ?? ''
  if (!isMarked(mark, marks)) return { state: 'kept', note: describeOwner(mark) }
  const using = await rolesTrusting(arn, { marks, removed }, iam)
  if (using === 'too many roles')
    return { state: 'kept', note: 'the account has too many roles to list those that trust it' }
  if (using.length > 0) return { state: 'kept', note: `roles trust it: ${firstOf(using).join(', ')}` }
  return {
    state: 'removable',
    async remove() {
      await iam.call('DeleteOpenIDConnectProvider', named(arn))
      return undefined
    },
  }
}

/** Also of a role. */
export function tagsIn({ Tags }: JsonObject): Record<string, string> {
  const tags = asList(Tags).map((one) => asObject(one) ?? {})
  return Object.fromEntries(tags.map(({ Key, Value }) => [asText(Key) ?? '', asText(Value) ?? '']))
}

/**
 * ARNs of the roles of the account whose trust policies name the provider, apart from statements of these clusters in roles that are
 * removed: such a role may have lost only these, and still trust the provider by statements of others.
 */
async function rolesTrusting(
  arn: string,
  { marks, removed }: RemovalScope,
  iam: IamConnection,
): Promise<string[] | 'too many roles'> {
  const roles = await listAll(iam, 'ListRoles', { MaxItems: '1000' }, 'Roles')
  if (roles === undefined) return 'too many roles'
  return roles
    .map((one) => asObject(one) ?? {})
    .filter((role) => {
      const text = decodeDocument(asText(role['AssumeRolePolicyDocument']) ?? '')
      const isRemoved = removed.includes(asText(role['Arn']) ?? '')
      const left = statementsIn(text)?.filter((one) => !(isRemoved && isStatementOf(one, marks)))
      // A policy that cannot be read is searched as a text.
      return left === undefined ? text.includes(arn) : providersIn(left).includes(arn)
    })
    .map((role) => asText(role['Arn']) ?? '')
}

/** IAM percent-encodes policies. Text that is not encoded correctly is not a policy. */
export function decodeDocument(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return ''
  }
}
