/** Service accounts of IAM's API, and their policies. https://cloud.google.com/iam/docs/reference/rest/v1/projects.serviceAccounts */
import type { SandboxRequest, SandboxResponse } from '../../serve/handler.ts'
import { apiError, invalidArgument, notFound, permissionDenied } from '../api-errors.ts'
import type { Operators } from '../operators.ts'
import type { Projects } from '../projects/projects.ts'
import { type PolicyCallNeeds, readPolicy, writePolicy } from './policy-calls.ts'
import { readJson } from './request-fields.ts'
import { accountResource, type ServiceAccount, type ServiceAccounts } from './service-accounts.ts'

export interface ServiceAccountsApiNeeds {
  readonly accounts: ServiceAccounts
  readonly projects: Projects
  readonly operators: Operators
  readonly policyCalls: PolicyCallNeeds
}

const service = 'iam.googleapis.com'
const route = /^\/v1\/projects\/(?<project>[^/]+)\/serviceAccounts(?:\/(?<email>[^/:]+)(?::(?<verb>\w+))?)?$/

/** Undefined for a path or method that does not exist. */
export function respondToServiceAccountCall(
  request: SandboxRequest,
  needs: ServiceAccountsApiNeeds,
): SandboxResponse | undefined {
  const { project = '', email, verb } = route.exec(request.path)?.groups ?? {}
  if (project === '') return undefined
  if (email === undefined) return request.method === 'POST' ? create(request, project, needs) : undefined
  const action = actionOf(request.method, verb)
  if (!action) return undefined
  const refusal = needs.operators.refuse(request, { permission: `iam.serviceAccounts.${action}`, service })
  if (refusal) return refusal
  if (action === 'undelete') return undelete(email, project, needs)
  const account = findAccount(email, project, needs)
  // with "-" as project the owner is unknown, and Google only denies access
  if (!account) return project === '-' ? permissionDenied(`iam.serviceAccounts.${action}`, service) : unknownAccount
  if (action === 'getIamPolicy') return readPolicy(request, accountResource(account.email), needs.policyCalls)
  if (action === 'setIamPolicy') return writePolicy(request, accountResource(account.email), needs.policyCalls)
  if (action === 'get') return { status: 200, body: accountView(account) }
  if (action === 'enable' || action === 'disable') {
    needs.accounts.setState(account.email, `${action}d`)
    return { status: 200, body: {} }
  }
  needs.accounts.remove(account.email)
  return { status: 200, body: {} }
}

const unknownAccount = notFound('Unknown service account')

function actionOf(method: string, verb: string | undefined): string | undefined {
  if (verb !== undefined)
    return method === 'POST' && /^(?:[gs]etIamPolicy|undelete|enable|disable)$/.test(verb) ? verb : undefined
  if (method === 'GET') return 'get'
  return method === 'DELETE' ? 'delete' : undefined
}

/** By its email address or unique ID. */
const findAccount = (name: string, project: string, { accounts, projects }: ServiceAccountsApiNeeds) =>
  ofProject(accounts.find(name), project, projects)

function ofProject(account: ServiceAccount | undefined, project: string, projects: Projects) {
  const id = projects.find(project)?.id
  return account && (project === '-' || account.email.endsWith(`@${id}.iam.gserviceaccount.com`)) ? account : undefined
}

/** By its unique ID, not its address: a new account may have it. Google's message for a name in use is not confirmed. */
function undelete(uniqueId: string, project: string, { accounts, projects }: ServiceAccountsApiNeeds): SandboxResponse {
  const account = ofProject(accounts.findDeleted(uniqueId), project, projects)
  if (!account) return project === '-' ? permissionDenied('iam.serviceAccounts.undelete', service) : unknownAccount
  const [id = '', host = ''] = account.email.split('@')
  if (accounts.find(account.email)) return accountExists(id, host.replace('.iam.gserviceaccount.com', ''))
  accounts.undelete(account)
  return { status: 200, body: { restoredAccount: accountView(account) } }
}

function create(request: SandboxRequest, projectName: string, needs: ServiceAccountsApiNeeds): SandboxResponse {
  const project = needs.projects.find(projectName)
  const needed = { permission: 'iam.serviceAccounts.create', service, resource: `projects/${projectName}` }
  const refusal = needs.operators.refuse(request, needed)
  if (refusal) return refusal
  if (!project) return permissionDenied(needed.permission, service, needed.resource)
  const { accountId, serviceAccount = {} } = readJson(request.body) ?? {}
  const { displayName, description } = Object(serviceAccount)
  if (typeof accountId !== 'string' || !/^[a-z](?:[-a-z0-9]{4,28}[a-z0-9])$/.test(accountId))
    return invalidArgument(
      `Invalid service account id: ${JSON.stringify(accountId)}. It must be 6-30 characters, begin with a letter and match [a-z]([-a-z0-9]*[a-z0-9]).`,
    )
  if (`${displayName ?? ''}`.length > 100 || `${description ?? ''}`.length > 256) return invalidArgument()
  const email = `${accountId}@${project.id}.iam.gserviceaccount.com`
  if (needs.accounts.find(email)) return accountExists(accountId, project.id)
  const account = needs.accounts.create(email, {
    ...(displayName && { displayName }),
    ...(description && { description }),
  })
  return { status: 200, body: accountView(account) }
}

function accountExists(accountId: string, projectId: string): SandboxResponse {
  const resourceName = `projects/${projectId}/serviceAccounts/${accountId}@${projectId}.iam.gserviceaccount.com`
  return apiError(
    409,
    'ALREADY_EXISTS',
    `Service account ${accountId} already exists within project projects/${projectId}.`,
    { '@type': 'type.googleapis.com/google.rpc.ResourceInfo', resourceName },
  )
}

function accountView({ email, uniqueId, displayName, description, disabled }: ServiceAccount): object {
  const projectId = /@(.+)\.iam\.gserviceaccount\.com$/.exec(email)?.[1] ?? ''
  return {
    name: `projects/${projectId}/serviceAccounts/${email}`,
    projectId,
    uniqueId,
    email,
    ...(displayName && { displayName }),
    ...(description && { description }),
    ...(disabled && { disabled }),
    etag: 'MDEwMjE5MjA=',
    oauth2ClientId: uniqueId,
  }
}
