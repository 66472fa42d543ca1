/** Service Usage: the APIs that a project has enabled. https://cloud.google.com/service-usage/docs/reference/rest/v1/services */
import type { SandboxHandler } from '../../serve/handler.ts'
import { noSuchMethod, permissionDenied } from '../api-errors.ts'
import type { Operators } from '../operators.ts'
import type { ProjectServices, Projects } from './projects.ts'

export interface ServiceUsageApiNeeds {
  readonly projects: Projects
  readonly services: ProjectServices
  readonly operators: Operators
}

const service = 'serviceusage.googleapis.com'
const route = /^\/v1\/projects\/(?<project>[^/]+)\/services\/(?<name>[^/:]+)(?::(?<verb>enable|disable))?$/

export const serviceUsageApi =
  ({ projects, services, operators }: ServiceUsageApiNeeds): SandboxHandler =>
  (request) => {
    const { project = '', name, verb = 'get' } = route.exec(request.path)?.groups ?? {}
    if (name === undefined || request.method !== (verb === 'get' ? 'GET' : 'POST')) return noSuchMethod
    const permission = `serviceusage.services.${verb}`
    const refusal = operators.refuse(request, { permission, service, resource: `projects/${project}` })
    if (refusal) return refusal
    const number = projects.find(project)?.number
    if (number === undefined) return permissionDenied(permission, service, `projects/${project}`)
    if (verb === 'enable') services.enable(project, name)
    if (verb === 'disable') services.disable(project, name)
    const state = services.isEnabled(project, name) ? 'ENABLED' : 'DISABLED'
    const described = { name: `projects/${number}/services/${name}`, parent: `projects/${number}`, state }
    if (verb === 'get') return { status: 200, body: described }
    // Returns an operation that is already done, as for an API that is already enabled.
    return {
      status: 200,
      body: { name: 'operations/noop.DONE_OPERATION', done: true, response: { service: described } },
    }
  }
