/**
 * The part of IAM's API for workload identity. https://github.com/yandex-cloud/cloudapi: iam/v1/service_account_service.proto,
 * iam/v1/workload/federated_credential_service.proto, iam/v1/workload/oidc/federation_service.proto
 */
import type { SandboxResponse } from '../serve/handler.ts'
import { type ApiCall, alreadyExists, invalid, listPage, notFound, type Operations, textOf } from './api.ts'
import { type Federation, newId, type YandexState } from './cloud-state.ts'

export interface IamApiNeeds {
  readonly state: YandexState
  readonly operations: Operations
}

const [accounts, federations, credentials] = [
  /^\/iam\/v1\/serviceAccounts\/([^/]+)$/,
  /^\/iam\/v1\/workload\/oidc\/federations(?:\/([^/]+))?$/,
  /^\/iam\/v1\/workload\/federatedCredentials(?:\/([^/]+))?$/,
]

export const iamApi =
  (needs: IamApiNeeds) =>
  (call: ApiCall): SandboxResponse | undefined => {
    const [, accountId] = accounts.exec(call.path) ?? []
    if (accountId !== undefined && call.method === 'GET') return getAccount(call, needs, accountId)
    const ofFederation = federations.exec(call.path)
    if (ofFederation !== null) return federationCall(call, needs, ofFederation[1])
    const ofCredential = credentials.exec(call.path)
    return ofCredential === null ? undefined : credentialCall(call, needs, ofCredential[1])
  }

function getAccount({ refusal }: ApiCall, { state }: IamApiNeeds, id: string): SandboxResponse {
  const found = state.accounts.get(id)
  if (found === undefined) return notFound(`Service account ${id}`)
  return refusal('iam.serviceAccounts.get', `service account ${id}`) ?? { status: 200, body: found }
}

/** proto3 in JSON leaves out fields with their default. */
const rendered = ({ disabled, description, ...rest }: Federation) => ({
  ...rest,
  ...(description && { description }),
  ...(!disabled && { enabled: true }),
})

function federationCall(
  { method, query, fields, refusal }: ApiCall,
  { state, operations }: IamApiNeeds,
  id: string | undefined,
): SandboxResponse | undefined {
  if (id === undefined && method === 'GET') {
    const folderId = query.get('folderId') ?? ''
    if (!state.folders.has(folderId)) return notFound(`Folder ${folderId}`)
    const all = [...state.federations.values()].filter((one) => one.folderId === folderId)
    const denied = refusal('iam.workloadIdentityFederations.get', `folder ${folderId}`)
    return denied ?? listPage('federations', all.map(rendered), query)
  }
  if (id === undefined) {
    if (method !== 'POST') return undefined
    const folderId = textOf(fields['folderId'])
    if (!state.folders.has(folderId)) return notFound(`Folder ${folderId}`)
    const denied = refusal('iam.workloadIdentityFederations.create', `folder ${folderId}`)
    if (denied !== undefined) return denied
    const created = { ...federationOf(fields), id: newId('aje'), folderId, issuer: textOf(fields['issuer']) }
    const fault = faultIn(created, state)
    if (fault !== undefined) return fault
    state.federations.set(created.id, created)
    return operations.start('Create OIDC workload identity federation', rendered(created))
  }
  const found = state.federations.get(id)
  if (found === undefined) return notFound(`Federation ${id}`)
  const where = `federation ${id}`
  if (method === 'GET') {
    return refusal('iam.workloadIdentityFederations.get', where) ?? { status: 200, body: rendered(found) }
  }
  if (method === 'PATCH') {
    const denied = refusal('iam.workloadIdentityFederations.update', where)
    if (denied !== undefined) return denied
    const mask = textOf(fields['updateMask']).split(',')
    const given = Object.entries(federationOf(fields)).filter(([name]) => mask.includes(name))
    const updated = { ...found, ...Object.fromEntries(given) }
    const fault = faultIn(updated, state)
    if (fault !== undefined) return fault
    state.federations.set(id, updated)
    return operations.start('Update OIDC workload identity federation', rendered(updated))
  }
  if (method !== 'DELETE') return undefined
  const denied = refusal('iam.workloadIdentityFederations.delete', where)
  if (denied !== undefined) return denied
  state.federations.delete(id)
  // Whether Yandex Cloud refuses this while credentials exist is not confirmed: they no longer sign in.
  for (const [key, one] of state.credentials) if (one.federationId === id) state.credentials.delete(key)
  return operations.start('Delete OIDC workload identity federation', {})
}

/** The issuer cannot be changed. */
const federationOf = (fields: ApiCall['fields']) => ({
  name: textOf(fields['name']),
  description: textOf(fields['description']),
  disabled: fields['disabled'] === true,
  audiences: Array.isArray(fields['audiences']) ? fields['audiences'].map(String) : [],
  jwksUrl: textOf(fields['jwksUrl']),
})

function faultIn(
  { id, name, folderId, description, audiences, issuer, jwksUrl }: Federation,
  { federations: existing }: YandexState,
): SandboxResponse | undefined {
  if (!/^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/.test(name)) return invalid('name')
  if (description.length > 256) return invalid('description')
  if (audiences.length < 1 || audiences.length > 100) return invalid('audiences')
  if (audiences.some((one) => one.length < 1 || one.length > 255)) return invalid('audiences')
  if (issuer === '' || issuer.length > 8000) return invalid('issuer')
  if (jwksUrl === '' || jwksUrl.length > 8000) return invalid('jwks_url')
  const isTaken = [...existing.values()].some((one) => one.name === name && one.folderId === folderId && one.id !== id)
  return isTaken ? alreadyExists(`Federation ${name}`) : undefined
}

function credentialCall(
  { method, query, fields, refusal }: ApiCall,
  { state, operations }: IamApiNeeds,
  id: string | undefined,
): SandboxResponse | undefined {
  if (id !== undefined) {
    if (method !== 'DELETE') return undefined
    const denied = refusal('iam.federatedCredentials.delete', `federated credential ${id}`)
    if (denied !== undefined) return denied
    if (!state.credentials.delete(id)) return notFound(`Federated credential ${id}`)
    return operations.start('Delete federated credential', {})
  }
  const serviceAccountId = method === 'GET' ? (query.get('serviceAccountId') ?? '') : textOf(fields['serviceAccountId'])
  if (!state.accounts.has(serviceAccountId)) return notFound(`Service account ${serviceAccountId}`)
  const own = [...state.credentials.values()].filter((one) => one.serviceAccountId === serviceAccountId)
  const where = `service account ${serviceAccountId}`
  if (method === 'GET') {
    return refusal('iam.federatedCredentials.list', where) ?? listPage('federatedCredentials', own, query)
  }
  if (method !== 'POST') return undefined
  const denied = refusal('iam.federatedCredentials.create', where)
  if (denied !== undefined) return denied
  const [federationId, externalSubjectId] = [textOf(fields['federationId']), textOf(fields['externalSubjectId'])]
  if (!state.federations.has(federationId)) return notFound(`Federation ${federationId}`)
  const unusable = refusal('iam.workloadIdentityFederations.use', `federation ${federationId}`)
  if (unusable !== undefined) return unusable
  if (externalSubjectId === '' || externalSubjectId.length > 1000) return invalid('external_subject_id')
  if (own.some((one) => one.federationId === federationId && one.externalSubjectId === externalSubjectId)) {
    return alreadyExists('Federated credential')
  }
  const created = { id: newId('aje'), serviceAccountId, federationId, externalSubjectId }
  state.credentials.set(created.id, created)
  return operations.start('Create federated credential', created)
}
