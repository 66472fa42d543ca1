/**
 * A registry's pull API: token authentication, manifests and blobs. A vendor decides which credentials are valid and what each may pull.
 * https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md#pulling-manifests
 */
import type { SandboxHandler, SandboxRequest, SandboxResponse } from '../serve/handler.ts'
import { createImageStore, type ImageStore, type Repository } from './image-store.ts'
import { registryError } from './registry-error.ts'
import { type Authenticate, createPullTokens, tokenResponse } from './token-endpoint.ts'

export interface OciRegistryNeeds {
  /** How clients connect: the realm is an absolute URL. */
  readonly scheme: 'http' | 'https'
  readonly authenticate: Authenticate
  readonly now: () => Date
}

export interface OciRegistry {
  readonly handle: SandboxHandler
  readonly putImage: ImageStore['putImage']
}

const route = /^\/v2\/(?<name>.+)\/(?<kind>manifests|blobs|tags(?=\/list$))\/(?<reference>[^/]+)$/

export function createOciRegistry({ scheme, authenticate, now }: OciRegistryNeeds): OciRegistry {
  const images = createImageStore()
  const tokens = createPullTokens(now)
  const respond = (request: SandboxRequest): SandboxResponse => {
    if (request.path === '/v2/token') return tokenResponse(request, { tokens, authenticate, now })
    const bearer = /^Bearer (.+)$/i.exec(request.headers['authorization'] ?? '')?.[1] ?? ''
    const pull = tokens.find(bearer)
    if (!pull) return challenge(`${scheme}://${request.headers['host']}/v2/token`)
    if (!['GET', 'HEAD'].includes(request.method)) return registryError('UNSUPPORTED', 'The operation is unsupported.')
    if (request.path === '/v2/') return { status: 200, body: {} }

    const { name, kind, reference = '' } = route.exec(request.path)?.groups ?? {}
    if (name === undefined) return { status: 404, body: '404 page not found\n' }
    if (!pull.repositories.includes(name)) return registryError('DENIED', pull.holder.denial(name))
    const repository = images.findRepository(name)
    if (!repository) return registryError('NAME_UNKNOWN', `Repository "${name}" not found`)
    if (kind === 'manifests') return manifestResponse(repository, reference)
    if (kind === 'blobs') return blobResponse(repository, reference)
    return { status: 200, body: { name, tags: [...repository.tags].toSorted() } }
  }
  return {
    handle: (request) => withApiVersion(respond(request)),
    putImage: images.putImage,
  }
}

/** Neither service nor scope, as Artifact Registry: the client knows which scope it needs. */
const challenge = (realm: string): SandboxResponse => ({
  ...registryError('UNAUTHORIZED', 'authentication required'),
  headers: { 'www-authenticate': `Bearer realm="${realm}"` },
})

function manifestResponse({ manifests }: Repository, reference: string): SandboxResponse {
  const manifest = manifests.get(reference)
  if (!manifest) return registryError('MANIFEST_UNKNOWN', `Failed to fetch "${reference}"`)
  const headers = { 'content-type': manifest.mediaType, 'docker-content-digest': manifest.digest }
  return { status: 200, headers, body: manifest.bytes }
}

function blobResponse({ blobs }: Repository, digest: string): SandboxResponse {
  const blob = blobs.get(digest)
  if (!blob) return registryError('BLOB_UNKNOWN', `Blob ${digest} not found`)
  return { status: 200, headers: { 'docker-content-digest': digest }, body: blob }
}

const withApiVersion = (response: SandboxResponse): SandboxResponse => ({
  ...response,
  headers: { 'docker-distribution-api-version': 'registry/2.0', ...response.headers },
})
