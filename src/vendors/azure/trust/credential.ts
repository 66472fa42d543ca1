/**
 * A federated identity credential, which determines the tokens that sign an identity in.
 * https://learn.microsoft.com/rest/api/managedidentity/federated-identity-credentials
 * https://learn.microsoft.com/graph/api/resources/federatedidentitycredential
 */

import { PullpassError } from '../../../errors/pullpass-error.ts'
import { UnexpectedResponse } from '../../../http/send.ts'
import { accountOf } from '../../../identity/service-account.ts'
import { asList, asObject, shortText } from '../../../text/json-fields.ts'
import { quote } from '../../../text/plain-text.ts'
import {
  type Accepted,
  type Change,
  type RemovalPlan,
  type RemovalScope,
  type TrustFinding,
  trustRefused,
} from '../../trust/contract.ts'
import { whyFormer } from '../../trust/findings.ts'
import { marksIn } from '../../trust/marks.ts'
import { credentialCommand, deleteCredential, scriptLine } from './commands.ts'
import { type DesiredCredential, type DesiredIdentity, markInName } from './desired.ts'
import type { FoundIdentity } from './identity.ts'
import { type AzureConnection, itemsOf, sendArm, sendGraph } from './requests.ts'
import { credentialHcl } from './terraform.ts'

export interface FoundCredential {
  /** A UUID for applications; the resource id for managed identities. */
  readonly id: string
  readonly name: string
  readonly issuer: string
  /** Of a flexible credential: a description of the subjects that it accepts. */
  readonly subject: string
  readonly kind: 'exact' | 'flexible'
  readonly audiences: readonly string[]
  readonly description: string
}

const version = 'api-version=2024-11-30'
const most = 20

const listPath = (identity: FoundIdentity) => `/applications/${identity.id}/federatedIdentityCredentials`
const ownPath = (identity: DesiredIdentity, name: string) =>
  `${identity.name}/federatedIdentityCredentials/${name}?${version}`

export async function listCredentials(
  azure: AzureConnection,
  identity: DesiredIdentity,
  found: FoundIdentity,
): Promise<FoundCredential[]> {
  if (identity.kind === 'application') {
    return await sendGraph(azure, {
      method: 'GET',
      path: listPath(found),
      read: (body) => itemsOf(body).map((item) => readCredential(item, item)),
    })
  }
  return await sendArm(azure, {
    method: 'GET',
    path: `${identity.name}/federatedIdentityCredentials?${version}`,
    read: (body) => itemsOf(body).map((item) => readCredential(item, asObject(item)?.['properties'])),
  })
}

function readCredential(item: unknown, fields: unknown): FoundCredential {
  const own = asObject(item) ?? {}
  const { issuer, subject, audiences, description, claimsMatchingExpression } = asObject(fields) ?? {}
  const exact = shortText(subject)
  return {
    id: matching(own['id'], credentialId, 'an id'),
    name: matching(own['name'], credentialName, 'a name'),
    issuer: shortText(issuer) ?? '',
    subject: exact ?? describeFlexible(claimsMatchingExpression),
    kind: exact === undefined ? 'flexible' : 'exact',
    audiences: asList(audiences).flatMap((one) => shortText(one) ?? []),
    description: shortText(description) ?? '',
  }
}

/** They are used in paths and printed commands. @throws UnexpectedResponse */
function matching(value: unknown, pattern: RegExp, what: string): string {
  const text = shortText(value)
  if (text === undefined || !pattern.test(text))
    throw new UnexpectedResponse(
      `it contains a federated credential with ${what} of another form than ${pattern.source}`,
    )
  return text
}

/** Wider than Azure states: 3 to 120 letters, digits, "-" and "_". */
const credentialName = /^[A-Za-z0-9][\w.~-]{0,119}$/
/** A UUID, or a resource id, whose resource group can have letters of any script. */
const credentialId = /^(?:[A-Za-z0-9][\w-]{0,119}|(?:\/[\p{L}\p{N}_()-][\p{L}\p{N}_.()-]{0,119}){1,20})$/u

/** https://learn.microsoft.com/entra/workload-id/workload-identities-flexible-federated-identity-credentials. The API does not always show the expression. */
function describeFlexible(expression: unknown): string {
  const text = shortText(asObject(expression)?.['value'])
  return text === undefined ? 'a subject that Azure does not show' : `any subject that matches ${quote(text)}`
}

/** Services that Azure supports for flexible credentials; their tokens are not of clusters. */
const flexibleServices = [
  'https://token.actions.githubusercontent.com',
  'https://gitlab.com',
  'https://app.terraform.io',
]

const isOf =
  ({ issuer, subject }: DesiredCredential) =>
  (one: FoundCredential) =>
    one.issuer === issuer && one.subject === subject

export interface CredentialFacts {
  readonly identity: FoundIdentity
  readonly listed: readonly FoundCredential[]
}

type Evaluated = Pick<TrustFinding, 'presence' | 'verdict' | 'changes' | 'notes' | 'hcl'> & Partial<TrustFinding>

export function evaluateCredential(
  desired: DesiredCredential,
  { identity, listed }: CredentialFacts,
  { replace }: Accepted,
  azure: AzureConnection,
): Evaluated {
  const existing = existingIn(listed, desired)
  const hcl = credentialHcl(desired, existing && importId(identity, existing), existing?.name ?? desired.name)
  const former = formerIn(desired, listed)
  const isRemoved = replace.includes('subjects')
  const notes = [
    ...listed
      .filter((one) => one !== existing && isOtherOwner(desired, one) && !isOtherCluster(desired.identity, one))
      .map(({ issuer, subject }) => `${subject} of ${issuer} also signs in as it`),
    ...(isRemoved ? [] : former.map((one) => describeFormer(one, desired))),
  ]
  const kept = former.length > 0 && !isRemoved ? { kept: ['subjects'] } : {}
  const removals = isRemoved ? former.map((one) => removal(desired, { identity, existing: one }, azure)) : []
  if (existing === undefined) {
    const fault = whyNotCreated(desired, listed)
    const absent = { presence: 'absent', notes, ...kept, hcl } as const
    if (fault !== undefined) return { ...absent, verdict: 'refused', changes: [], fault }
    return { ...absent, verdict: 'create', changes: [createChange(desired, identity, azure), ...removals] }
  }
  const present = { presence: 'present', notes, ...kept, hcl } as const
  const differing = [
    ...(existing.issuer === desired.issuer ? [] : ['issuer']),
    ...(existing.audiences.includes(desired.audience) ? [] : ['audience']),
  ]
  if (differing.length === 0) return { ...present, verdict: removals.length === 0 ? 'ok' : 'update', changes: removals }
  if (differing.every((field) => replace.includes(field))) {
    const update = updateChange(desired, { identity, existing, fields: differing }, azure)
    return { ...present, verdict: 'update', changes: [update, ...removals] }
  }
  const fault = whyNotUpdated(desired, existing)
  return { ...present, verdict: 'refused', changes: [], fault, override: { replace: differing } }
}

/** Of the cluster and subject; or created by pullpass for them, by its name, and given another issuer afterwards. */
function existingIn(listed: readonly FoundCredential[], desired: DesiredCredential): FoundCredential | undefined {
  const { name, subject } = desired
  return listed.find(isOf(desired)) ?? listed.find((one) => one.name === name && one.subject === subject)
}

function whyNotUpdated({ identity, issuer, audience }: DesiredCredential, existing: FoundCredential): PullpassError {
  const { name } = existing
  if (existing.issuer !== issuer) {
    return trustRefused(`federated credential ${name} of ${identity.name} has the issuer ${existing.issuer}`, {
      expected: `${issuer}, the issuer of the cluster for which pullpass created it`,
      hint: 'check who changed it; to restore it: --replace issuer',
    })
  }
  return trustRefused(
    `federated credential ${name} of ${identity.name} accepts the audience ${existing.audiences.join(', ')}`,
    {
      expected: `${audience}, the audience of requested tokens`,
      hint: 'set the audience of the registry to that of the credential, or replace it: --replace audience',
    },
  )
}

/** The marks of clusters for which pullpass created it: it writes them at the start of the description, and in the name. None is flexible. */
const marksOf = ({ kind, name, description }: FoundCredential): string[] =>
  kind === 'flexible' ? [] : [...marksIn(description), markInName(name)].filter((mark) => mark !== undefined)

/**
 * Whether it is for a cluster that is none of this run: pullpass created it for one, or it accepts subjects of ServiceAccounts. One with
 * the name of a credential of this run was changed after pullpass created it, and is refused as that credential.
 */
export const isOtherCluster = ({ clusters, credentials }: DesiredIdentity, one: FoundCredential): boolean =>
  clusters.every(({ issuer }) => issuer !== one.issuer) &&
  !credentials.includes(one.name) &&
  (marksOf(one).length > 0 || acceptsServiceAccounts(one))

const acceptsServiceAccounts = ({ kind, issuer, subject }: FoundCredential) =>
  kind === 'flexible' ? !flexibleServices.includes(issuer) : accountOf(subject) !== undefined

/**
 * Credentials that pullpass created for this cluster, whose subject no document of this run has. They are reported with the first of
 * the cluster's credentials. Azure does not show whether another document uses them.
 */
function formerIn(desired: DesiredCredential, listed: readonly FoundCredential[]): FoundCredential[] {
  const mark = markInName(desired.name)
  if (desired.subjects[0] !== desired.subject || mark === undefined) return []
  return listed.filter(
    (one) => one.issuer === desired.issuer && !desired.subjects.includes(one.subject) && marksOf(one).includes(mark),
  )
}

function describeFormer({ name, subject }: FoundCredential, { subjectsFrom }: DesiredCredential): string {
  return `${subject} still signs in as it (${name}), ${whyFormer(subjectsFrom)}`
}

/** Of another issuer, or of this cluster and not by pullpass. */
const isOtherOwner = ({ issuer, subjects }: DesiredCredential, one: FoundCredential) =>
  one.issuer !== issuer || (!subjects.includes(one.subject) && marksOf(one).length === 0)

const importId = (identity: FoundIdentity, { id }: FoundCredential) =>
  id.startsWith('/') ? id : `/applications/${identity.id}/federatedIdentityCredentials/${id}`

function whyNotCreated({ identity, name }: DesiredCredential, listed: readonly FoundCredential[]) {
  const namesake = listed.find((one) => one.name === name)
  if (namesake !== undefined) {
    return trustRefused(
      `federated credential ${name} of ${identity.name} is for ${namesake.subject} of ${namesake.issuer}`,
      {
        expected: 'no other credential with this name, which is derived from the issuer and subject of this cluster',
        hint: 'remove or rename it',
      },
    )
  }
  if (listed.length < most) return undefined
  return new PullpassError({
    code: 'TRUST_POLICY_FULL',
    hop: 'trust',
    seen: `${identity.name} has ${listed.length} federated credentials`,
    expected: `fewer than ${most}, the limit of an identity`,
    hint: 'remove unused ones, or use another identity',
  })
}

function createChange(desired: DesiredCredential, found: FoundIdentity, azure: AzureConnection): Change {
  const { identity, name, issuer, subject, audience, description } = desired
  const command = credentialCommand(desired, { verb: 'create' })
  return {
    action: 'create',
    fields: [],
    description: `create federated credential ${name} of ${identity.name}: issuer ${issuer}, subject ${subject}, audience ${audience}`,
    command,
    script: scriptLine(command),
    byTerraform: 'applied',
    async apply() {
      const fields = { issuer, subject, audiences: [audience] }
      if (identity.kind === 'application') {
        const json = { name, ...fields, description }
        await sendGraph(azure, { method: 'POST', path: listPath(found), json, read: () => undefined })
      } else await putManaged(azure, identity, name, fields)
    },
  }
}

function updateChange(
  desired: DesiredCredential,
  { identity: found, existing, fields }: ExistingCredential & { readonly fields: readonly string[] },
  azure: AzureConnection,
): Change {
  const { identity, issuer, subject, audience } = desired
  const changed = [
    ...(fields.includes('issuer') ? [`issuer ${issuer} instead of ${existing.issuer}`] : []),
    ...(fields.includes('audience') ? [`audience ${audience} instead of ${existing.audiences.join(', ')}`] : []),
  ]
  const command = credentialCommand(desired, { verb: 'update', existing })
  return {
    action: 'update',
    fields,
    description: `update federated credential ${existing.name} of ${identity.name}: ${changed.join(', ')}`,
    command,
    script: scriptLine(command),
    byTerraform: 'applied',
    async apply() {
      if (identity.kind === 'application') {
        const path = `${listPath(found)}/${existing.id}`
        await sendGraph(azure, {
          method: 'PATCH',
          path,
          json: { issuer, audiences: [audience] },
          read: () => undefined,
        })
      } else await putManaged(azure, identity, existing.name, { issuer, subject, audiences: [audience] })
    },
  }
}

const putManaged = async (azure: AzureConnection, identity: DesiredIdentity, name: string, properties: object) =>
  await sendArm(azure, { method: 'PUT', path: ownPath(identity, name), json: { properties }, read: () => undefined })

/** Removable if pullpass created it for one of these clusters. */
export function planCredentialRemoval(
  desired: DesiredCredential,
  { identity, listed }: CredentialFacts,
  { marks }: RemovalScope,
  azure: AzureConnection,
): RemovalPlan {
  const existing = existingIn(listed, desired)
  if (existing === undefined) return { state: 'absent' }
  const carried = marksOf(existing)
  if (carried.length === 0) return { state: 'kept', note: 'pullpass did not create it' }
  if (!carried.some((mark) => marks.includes(mark)))
    return {
      state: 'kept',
      note: `pullpass created it for another issuer than this cluster's: it carries ${carried[0]}`,
    }
  return {
    state: 'removable',
    async remove() {
      await remove(desired.identity, { identity, existing }, azure)
      return undefined
    },
  }
}

interface ExistingCredential {
  readonly identity: FoundIdentity
  readonly existing: FoundCredential
}

async function remove(own: DesiredIdentity, { identity, existing }: ExistingCredential, azure: AzureConnection) {
  if (own.kind === 'application') {
    const path = `${listPath(identity)}/${existing.id}`
    await sendGraph(azure, { method: 'DELETE', path, read: () => undefined })
  } else {
    await sendArm(azure, { method: 'DELETE', path: ownPath(own, existing.name), read: () => undefined })
  }
}

function removal({ identity }: DesiredCredential, found: ExistingCredential, azure: AzureConnection): Change {
  const { existing } = found
  const command = deleteCredential(identity, existing)
  return {
    action: 'delete',
    fields: [],
    description: `delete federated credential ${existing.name} of ${identity.name}: ${existing.subject} no longer signs in as it`,
    command,
    script: { functions: [], line: command },
    byTerraform: 'not applied',
    apply: async () => await remove(identity, found, azure),
  }
}
