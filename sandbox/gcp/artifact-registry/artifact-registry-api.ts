/** Artifact Registry's API for repositories and their policies. https://cloud.google.com/artifact-registry/docs/reference/rest/v1/projects.locations.repositories */
import type { SandboxHandler, SandboxRequest, SandboxResponse } from '../../serve/handler.ts'
import { alreadyExists, invalidArgument, noSuchMethod, notFound } from '../api-errors.ts'
import { type PolicyCallNeeds, readPolicy, writePolicy } from '../iam/policy-calls.ts'
import { readJson } from '../iam/request-fields.ts'
import type { Operators } from '../operators.ts'
import type { ProjectServices, Projects } from '../projects/projects.ts'
import type { ArtifactRegistry } from './repositories.ts'

export interface ArtifactRegistryApiNeeds {
  readonly repositories: ArtifactRegistry
  readonly projects: Projects
  readonly services: ProjectServices
  readonly operators: Operators
  readonly policyCalls: PolicyCallNeeds
}

const service = 'artifactregistry.googleapis.com'
const route =
  /^\/v1\/projects\/(?<project>[^/]+)\/(?<rest>locations\/[^/]+\/repositories\/[^/:]+)(?::(?<verb>[gs]etIamPolicy))?$/

const collection = /^\/v1\/projects\/(?<project>[^/]+)\/locations\/(?<location>[^/]+)\/repositories$/

export const artifactRegistryApi =
  (needs: ArtifactRegistryApiNeeds): SandboxHandler =>
  (request) => {
    const { repositories, projects, services, operators, policyCalls } = needs
    const location = collection.exec(request.path)?.groups
    if (location !== undefined && request.method === 'POST') return create(request, location, needs)
    const { project = '', rest, verb = 'get' } = route.exec(request.path)?.groups ?? {}
    const methodOfVerb = verb === 'setIamPolicy' ? 'POST' : 'GET'
    if (rest === undefined || request.method !== methodOfVerb) return noSuchMethod
    const name = `projects/${projects.find(project)?.id ?? project}/${rest}`
    const needed = { permission: `artifactregistry.repositories.${verb}`, service, resource: name }
    const refusal = operators.refuse(request, needed) ?? services.refusal(project, service)?.response
    if (refusal) return refusal
    const repository = repositories.find(name)
    if (!repository) return notFound()
    if (verb === 'getIamPolicy') return readPolicy(request, name, policyCalls)
    return verb === 'get' ? { status: 200, body: repository } : writePolicy(request, name, policyCalls)
  }

/** Returns an operation that is already done: no test depends on its duration. */
function create(
  request: SandboxRequest,
  { project = '', location = '' }: Readonly<Record<string, string>>,
  { repositories, projects, operators }: ArtifactRegistryApiNeeds,
): SandboxResponse {
  const parent = `projects/${projects.find(project)?.id ?? project}/locations/${location}`
  const needed = { permission: 'artifactregistry.repositories.create', service, resource: parent }
  const refusal = operators.refuse(request, needed)
  if (refusal) return refusal
  const id = request.query.get('repositoryId') ?? ''
  const format = Object(readJson(request.body))['format']
  if (!/^[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(id) || format !== 'DOCKER') return invalidArgument()
  const name = `${parent}/repositories/${id}`
  if (repositories.find(name)) return alreadyExists()
  repositories.put(name)
  const operation = `${parent}/operations/${id}-1`
  return { status: 200, body: { name: operation, done: true, response: repositories.find(name) } }
}
