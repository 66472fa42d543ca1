/** Artifact Registry's API, as far as its policies need it. https://cloud.google.com/artifact-registry/docs/reference/rest/v1/projects.locations.repositories */
import type { SandboxHandler } from '../serve/handler.ts'
import { noSuchMethod, notFound } from './api-errors.ts'
import type { ArtifactRegistry } from './artifact-registry.ts'
import type { Operators } from './operators.ts'
import { type PolicyCallNeeds, readPolicy, writePolicy } from './policy-calls.ts'
import type { Projects } from './projects.ts'

export interface ArtifactRegistryApiNeeds {
  readonly repositories: ArtifactRegistry
  readonly projects: Projects
  readonly operators: Operators
  readonly policyCalls: PolicyCallNeeds
}

const service = 'artifactregistry.googleapis.com'
const route =
  /^\/v1\/projects\/(?<project>[^/]+)\/(?<rest>locations\/[^/]+\/repositories\/[^/:]+)(?::(?<verb>[gs]etIamPolicy))?$/

export const artifactRegistryApi =
  ({ repositories, projects, operators, policyCalls }: ArtifactRegistryApiNeeds): SandboxHandler =>
  (request) => {
    const { project = '', rest, verb = 'get' } = route.exec(request.path)?.groups ?? {}
    const methodOfVerb = verb === 'setIamPolicy' ? 'POST' : 'GET'
    if (rest === undefined || request.method !== methodOfVerb) return noSuchMethod
    const name = `projects/${projects.find(project)?.id ?? project}/${rest}`
    const needed = { permission: `artifactregistry.repositories.${verb}`, service, resource: name }
    const refusal = operators.refuse(request, needed)
    if (refusal) return refusal
    const repository = repositories.find(name)
    if (!repository) return notFound()
    if (verb === 'getIamPolicy') return readPolicy(request, name, policyCalls)
    return verb === 'get' ? { status: 200, body: repository } : writePolicy(request, name, policyCalls)
  }
