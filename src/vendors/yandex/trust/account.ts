/**
 * The service account that a document names, and what signs in as it: its federated credentials, with their federations. pullpass does
 * not create service accounts, since Yandex Cloud chooses their ids.
 * https://github.com/yandex-cloud/cloudapi: iam/v1/service_account.proto, iam/v1/workload/federated_credential.proto, iam/v1/workload/oidc/federation.proto
 */
import { PullpassError } from '../../../errors/pullpass-error.ts'
import type { Context } from '../../../http/context.ts'
import { accountOf } from '../../../identity/service-account.ts'
import { asList, asObject, shortText } from '../../../text/json-fields.ts'
import { type Accepted, type TrustFinding, trustRefused } from '../../trust/contract.ts'
import { type OtherToken, sharingOf } from '../../trust/findings.ts'
import { orAbsent } from '../../trust/responses.ts'
import { accountName, type DesiredAccount, type DesiredFederation } from './desired.ts'
import { idIn, listYandex, type RoleNeeded, sendYandex } from './requests.ts'

export interface FoundFederation {
  readonly id: string
  readonly name: string
  readonly folderId: string
  readonly issuer: string
  readonly jwksUrl: string
  readonly audiences: readonly string[]
  readonly description: string
  readonly state: 'enabled' | 'disabled'
}

export interface FoundCredential {
  readonly id: string
  readonly subject: string
  readonly federationId: string
  /** Undefined: it was deleted, or is in a folder that the operator may not read. */
  readonly federation: FoundFederation | undefined
}

export interface FoundAccount {
  readonly folderId: string
  /** `ACTIVE`; undefined: it is not stated. */
  readonly status: string | undefined
  readonly credentials: readonly FoundCredential[]
  /** In its folder. */
  readonly federations: readonly FoundFederation[]
}

/** https://yandex.cloud/docs/iam/security/ */
const onAccount = (id: string, role: string): RoleNeeded => ({
  role,
  on: `the service account ${id}`,
  words: `iam service-account add-access-binding --id ${id}`,
})
export const editsCredentials = (accountId: string): RoleNeeded =>
  onAccount(accountId, 'iam.serviceAccounts.federatedCredentialEditor')
const onFolder = (id: string, role: string): RoleNeeded => ({
  role,
  on: `the folder ${id}`,
  words: `resource-manager folder add-access-binding --id ${id}`,
})
export const editsFederations = (folderId: string): RoleNeeded =>
  onFolder(folderId, 'iam.workloadIdentityFederations.editor')

/** The role of an editor of federations does not contain their use. https://yandex.cloud/docs/iam/operations/wlif/setup-wlif */
export const linksAccount = (accountId: string, folderId: string): RoleNeeded => ({
  ...editsCredentials(accountId),
  also: onFolder(folderId, 'iam.workloadIdentityFederations.user'),
})

/** Undefined if it does not exist. @throws TRUST_CREDENTIALS_MISSING, TRUST_DENIED, TRUST_UNAVAILABLE */
export async function readAccount(context: Context, { id }: DesiredAccount): Promise<FoundAccount | undefined> {
  const account = await orAbsent(
    sendYandex(context, {
      api: 'iam',
      method: 'GET',
      path: `/iam/v1/serviceAccounts/${id}`,
      needs: onAccount(id, 'iam.serviceAccounts.user'),
      read: (body) => ({
        folderId: idIn(asObject(body)?.['folderId'], 'a service account whose folder is'),
        status: shortText(asObject(body)?.['status']),
      }),
    }),
  )
  if (account === undefined) return undefined
  const [federations, credentials] = await Promise.all([
    listYandex(context, {
      api: 'iam',
      path: `/iam/v1/workload/oidc/federations?folderId=${account.folderId}`,
      needs: editsFederations(account.folderId),
      field: 'federations',
      item: readFederation,
    }),
    listYandex(context, {
      api: 'iam',
      path: `/iam/v1/workload/federatedCredentials?serviceAccountId=${id}`,
      needs: editsCredentials(id),
      field: 'federatedCredentials',
      item: readCredential,
    }),
  ])
  const known = new Map(federations.map((one) => [one.id, one]))
  const elsewhere = [...new Set(credentials.map(({ federationId }) => federationId))].filter((one) => !known.has(one))
  // Of another folder: one after the other, since a service account has few.
  for (const federationId of elsewhere.slice(0, mostElsewhere)) {
    const found = await readFederationOf(context, federationId)
    if (found !== undefined) known.set(federationId, found)
  }
  return {
    ...account,
    federations,
    credentials: credentials.map((one) => ({ ...one, federation: known.get(one.federationId) })),
  }
}

const mostElsewhere = 50

/** Undefined also where the operator may not read it: its credential then counts as one of another cluster. */
async function readFederationOf(context: Context, id: string): Promise<FoundFederation | undefined> {
  const request = {
    api: 'iam',
    method: 'GET',
    path: `/iam/v1/workload/oidc/federations/${id}`,
    needs: undefined,
  } as const
  return await sendYandex(context, { ...request, read: readFederation }).catch((fault: unknown) => {
    const { code } = fault instanceof PullpassError ? fault : {}
    if (code === 'TRUST_NOT_FOUND' || code === 'TRUST_DENIED') return undefined
    throw fault
  })
}

function readFederation(item: unknown): FoundFederation {
  const { id, name, folderId, issuer, jwksUrl, audiences, description, enabled } = asObject(item) ?? {}
  return {
    id: idIn(id, 'a federation'),
    name: shortText(name) ?? '',
    folderId: idIn(folderId, 'a federation whose folder is'),
    issuer: shortText(issuer) ?? '',
    jwksUrl: shortText(jwksUrl) ?? '',
    audiences: asList(audiences).flatMap((one) => shortText(one) ?? []),
    description: shortText(description) ?? '',
    state: enabled === true ? 'enabled' : 'disabled', // proto3 in JSON leaves out false
  }
}

function readCredential(item: unknown): Omit<FoundCredential, 'federation'> {
  const { id, externalSubjectId, federationId } = asObject(item) ?? {}
  return {
    id: idIn(id, 'a federated credential'),
    subject: shortText(externalSubjectId) ?? '',
    federationId: idIn(federationId, 'a federated credential whose federation is'),
  }
}

/**
 * The federation for a cluster: the one with the name that pullpass gives; or one that was created otherwise, has the cluster's issuer,
 * and signs in all subjects already. Undefined: none exists.
 */
export function federationIn(
  { federations, credentials }: Pick<FoundAccount, 'federations' | 'credentials'>,
  { name, issuer, subjects }: DesiredFederation,
): FoundFederation | undefined {
  const own = federations.find((one) => one.name === name)
  if (own !== undefined) return own
  const others = new Map(credentials.flatMap(({ federation }) => (federation ? [[federation.id, federation]] : [])))
  return [...others.values()].find(
    (one) =>
      one.issuer === issuer &&
      subjects.every((subject) => credentials.some((it) => it.federationId === one.id && it.subject === subject)),
  )
}

type Evaluated = Pick<TrustFinding, 'presence' | 'verdict' | 'notes'> & Partial<TrustFinding>

/** Pure. */
export function evaluateAccount(
  desired: DesiredAccount,
  found: FoundAccount | undefined,
  sharing: Accepted['sharing'],
): Evaluated {
  const { id } = desired
  if (found === undefined) {
    const fault = trustRefused(`service account ${id} does not exist`, {
      expected: 'an existing one: Yandex Cloud chooses its id, which the document names',
      hint: 'correct yandex.serviceAccountId, or create it and name its id',
      command: 'yc iam service-account create --name pullpass',
    })
    return { presence: 'absent', verdict: 'refused', notes: [], fault }
  }
  if (found.status === 'SUSPENDED' || found.status === 'DELETING') {
    const fault = trustRefused(`service account ${id} has the status ${found.status}`, {
      expected: 'an active one: this one cannot sign in',
      hint: 'activate it, or name another one in yandex.serviceAccountId',
    })
    return { presence: 'present', verdict: 'refused', notes: [], fault }
  }
  const others = otherTokens(desired, found)
  const notes = others.flatMap(({ issuer, subject, isCluster }) =>
    isCluster ? [] : [`${subject} of ${issuer} also signs in as it`],
  )
  const shared = sharingOf(
    { name: accountName(desired), clusters: desired.clusters },
    others.filter(({ isCluster }) => isCluster),
    sharing,
  )
  return { presence: 'present', verdict: 'ok', ...shared, notes: [...(shared.notes ?? []), ...notes] }
}

interface OtherOwner extends OtherToken {
  readonly isCluster: boolean
}

/** Of issuers that are none of this run; a subject of a ServiceAccount is of another cluster. */
function otherTokens({ clusters }: DesiredAccount, { credentials }: FoundAccount): OtherOwner[] {
  return credentials.flatMap(({ subject, federation, federationId }) => {
    if (federation !== undefined && clusters.some(({ issuer }) => issuer === federation.issuer)) return []
    const issuer = federation?.issuer ?? `an issuer that the operator may not read, of federation ${federationId}`
    return [{ issuer, subject, isCluster: accountOf(subject) !== undefined }]
  })
}
