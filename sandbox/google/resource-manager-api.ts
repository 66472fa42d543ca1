/** Cloud Resource Manager: a project's number by its id. https://cloud.google.com/resource-manager/reference/rest/v3/projects/get */
import type { SandboxHandler } from '../serve/handler.ts'
import { noSuchMethod, permissionDenied } from './api-errors.ts'
import type { Operators } from './operators.ts'
import type { Projects } from './projects.ts'

const service = 'cloudresourcemanager.googleapis.com'
const permission = 'resourcemanager.projects.get'

export const resourceManagerApi =
  ({ projects, operators }: { projects: Projects; operators: Operators }): SandboxHandler =>
  (request) => {
    const asked = /^\/v3\/projects\/([^/:]+)$/.exec(request.path)?.[1]
    if (asked === undefined || request.method !== 'GET') return noSuchMethod
    const resource = `projects/${asked}`
    const project = projects.find(asked)
    const refusal = operators.refuse(request, { permission, service, resource })
    if (refusal) return refusal
    if (!project) return permissionDenied(permission, service, resource)
    const { id, number } = project
    return { status: 200, body: { name: `projects/${number}`, projectId: id, displayName: id, state: 'ACTIVE' } }
  }
