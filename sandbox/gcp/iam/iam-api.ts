/** IAM's API: workload identity pools, their providers and operations, service accounts. https://cloud.google.com/iam/docs/reference/rest */
import type { SandboxHandler, SandboxRequest, SandboxResponse } from '../../serve/handler.ts'
import { noSuchMethod, notFound, permissionDenied } from '../api-errors.ts'
import { type IdentityKind, poolKind, providerKind } from './identity-kinds.ts'
import { type IdentityResourcesNeeds, respondToIdentityCall } from './identity-resources.ts'
import { respondToServiceAccountCall, type ServiceAccountsApiNeeds } from './service-accounts-api.ts'

export type IamApiNeeds = Omit<IdentityResourcesNeeds, 'mayWrite'> & ServiceAccountsApiNeeds

const service = 'iam.googleapis.com'
const route =
  /^\/v1\/projects\/(?<project>[^/]+)\/locations\/global\/workloadIdentityPools(?:\/(?<pool>[^/:]+)(?<providers>\/providers(?:\/(?<provider>[^/:]+))?)?(?:\/operations\/(?<operation>[^/:]+))?(?::(?<verb>\w+))?)?$/
const minuteMs = 60_000

export function iamApi(needs: IamApiNeeds): SandboxHandler {
  const mayWrite = createWriteQuota(needs)
  return (request) =>
    respondToServiceAccountCall(request, needs) ?? routeIdentityRequest(request, { ...needs, mayWrite }) ?? noSuchMethod
}

function routeIdentityRequest(
  request: SandboxRequest,
  needs: IdentityResourcesNeeds & IamApiNeeds,
): SandboxResponse | undefined {
  const groups = route.exec(request.path)?.groups
  if (!groups) return undefined
  const { project = '', pool, providers, provider, operation, verb } = groups
  const kind: IdentityKind = providers === undefined ? poolKind : providerKind
  const number = needs.projects.find(project)?.number
  const location = `projects/${number ?? project}/locations/global`
  const poolName = `${location}/workloadIdentityPools/${pool}`
  if (number === undefined) {
    const needed = { permission: `${kind.permissions}.get`, service, resource: location }
    return needs.operators.refuse(request, needed) ?? permissionDenied(needed.permission, service, location)
  }
  if (operation !== undefined) {
    const resource = provider === undefined ? poolName : `${poolName}/providers/${provider}`
    return request.method === 'GET' ? pollOperation(request, resource, operation, needs) : undefined
  }
  const [parent, id] = providers === undefined ? [location, pool] : [poolName, provider]
  return respondToIdentityCall({ request, kind, projectNumber: number, parent, id, verb }, needs)
}

function pollOperation(
  request: SandboxRequest,
  resource: string,
  operation: string,
  { operators, operations }: IamApiNeeds,
): SandboxResponse {
  const refusal = operators.refuse(request, { permission: 'iam.workloadIdentityPools.get', service, resource })
  if (refusal) return refusal
  const found = operations.poll(`${resource}/operations/${operation}`)
  return found ? { status: 200, body: found } : notFound()
}

/** Limits the writes of each project per minute. */
function createWriteQuota({ now, settings }: IamApiNeeds): (projectNumber: string) => boolean {
  const written = new Map<string, number[]>()
  return (projectNumber) => {
    const since = now().getTime() - minuteMs
    const recent = (written.get(projectNumber) ?? []).filter((at) => at > since)
    const may = recent.length < settings().writesPerMinute
    written.set(projectNumber, may ? [...recent, now().getTime()] : recent)
    return may
  }
}
