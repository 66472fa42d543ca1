/** What a client asks before it asks for objects: versions, groups, resources, schemas, health. As much as kubectl needs.
 *  https://kubernetes.io/docs/concepts/overview/kubernetes-api/#discovery-api */
import type { SandboxAnswer } from '../serve/handler.ts'
import { json } from './calls/answer-form.ts'
import { resourceKinds } from './kinds/resource-kinds.ts'
import { openapiOfCore, openapiPaths } from './openapi.ts'
import { plain } from './tokens/issuer-documents.ts'

const version = {
  major: '1',
  minor: '34',
  gitVersion: 'v1.34.4+pullpass-sandbox',
  platform: 'linux/amd64',
}

const answers: Readonly<Record<string, () => SandboxAnswer>> = {
  '/healthz': () => plain(200, 'ok'),
  '/livez': () => plain(200, 'ok'),
  '/readyz': () => plain(200, 'ok'),
  '/version': () => json(200, version),
  '/api': () => json(200, { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [] }),
  '/apis': () => json(200, { kind: 'APIGroupList', apiVersion: 'v1', groups: [] }),
  '/openapi/v3': () => json(200, openapiPaths()),
  '/openapi/v3/api/v1': () => json(200, openapiOfCore()),
  '/api/v1': () => json(200, { kind: 'APIResourceList', groupVersion: 'v1', resources: resources() }),
}

/** The answer for a path that is no resource; undefined where there is nothing. */
export const answerDiscovery = (path: string): SandboxAnswer | undefined => answers[path]?.()

const resources = (): object[] =>
  resourceKinds.map(({ plural, singular, kind, namespaced, shortNames }) => ({
    name: plural,
    singularName: singular,
    namespaced,
    kind,
    verbs: ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch'],
    ...(shortNames.length > 0 && { shortNames }),
  }))
