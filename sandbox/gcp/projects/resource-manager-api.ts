/**
 * Cloud Resource Manager: a project's number by its ID, and its policy.
 * https://cloud.google.com/resource-manager/reference/rest/v3/projects; gcloud uses v1.
 */
import type { SandboxHandler, SandboxResponse } from '../../serve/handler.ts'
import { noSuchMethod, permissionDenied } from '../api-errors.ts'
import { type PolicyCallNeeds, readPolicy, writePolicy } from '../iam/policy-calls.ts'
import type { Operators } from '../operators.ts'
import type { Project, Projects } from './projects.ts'

export interface ResourceManagerApiNeeds {
  readonly projects: Projects
  readonly operators: Operators
  readonly policyCalls: PolicyCallNeeds
}

const service = 'cloudresourcemanager.googleapis.com'
const route = /^\/(?<version>v[13])\/projects\/(?<name>[^/:]+)(?::(?<verb>[gs]etIamPolicy))?$/

export const resourceManagerApi =
  ({ projects, operators, policyCalls }: ResourceManagerApiNeeds): SandboxHandler =>
  (request) => {
    const { version, name, verb = 'get' } = route.exec(request.path)?.groups ?? {}
    if (name === undefined || request.method !== (verb === 'get' ? 'GET' : 'POST')) return noSuchMethod
    const permission = `resourcemanager.projects.${verb}`
    const resource = `projects/${name}`
    const project = projects.find(name)
    const refusal = operators.refuse(request, { permission, service, resource })
    if (refusal) return refusal
    if (!project) return permissionDenied(permission, service, resource)
    if (verb === 'getIamPolicy') return readPolicy(request, projectResource(project), policyCalls)
    if (verb === 'setIamPolicy') return writePolicy(request, projectResource(project), policyCalls)
    return version === 'v1' ? projectOfV1(project) : projectOfV3(project)
  }

/** The resource of the policy of a project. */
const projectResource = ({ number }: Project): string => `projects/${number}`

const projectOfV1 = ({ id, number }: Project): SandboxResponse => ({
  status: 200,
  body: { projectNumber: number, projectId: id, lifecycleState: 'ACTIVE', name: id },
})

const projectOfV3 = ({ id, number }: Project): SandboxResponse => ({
  status: 200,
  body: { name: `projects/${number}`, projectId: id, displayName: id, state: 'ACTIVE' },
})
