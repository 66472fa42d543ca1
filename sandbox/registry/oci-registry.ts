/**
 * The pull API of Google's Artifact Registry: token authentication, manifests and blobs.
 * https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md#pulling-manifests
 */
import type { SandboxHandler, SandboxRequest, SandboxResponse } from '../serve/handler.ts'
import { createImageStore, type ImageStore, type Repository } from './image-store.ts'
import { createPullTokens } from './pull-tokens.ts'
import { registryError } from './registry-error.ts'
import { readDenied, type TokenEndpointNeeds, tokenResponse } from './token-endpoint.ts'

export interface OciRegistryNeeds {
  /** How clients connect: the realm is an absolute URL. */
  readonly scheme: 'http' | 'https'
  readonly holderOf: TokenEndpointNeeds['holderOf']
  /** Read permissions; absent: stored by the registry itself. */
  readonly readers?: Readers
  readonly now: () => Date
}

/** `repository`: `PROJECT/REPOSITORY`. */
export interface Readers {
  readonly allowReading: (repository: string, member: string) => void
  readonly denyReading: (repository: string, member: string) => void
  readonly mayRead: (repository: string, members: readonly string[]) => boolean
  /** Why all reads are denied regardless of grants, as the registry reports it; absent: never. */
  readonly denialReason?: (repository: string) => string | undefined
}

export interface OciRegistry {
  readonly handle: SandboxHandler
  readonly putImage: ImageStore['putImage']
  /** The member may pull from `PROJECT/REPOSITORY`. */
  readonly allowReading: (repository: string, member: string) => void
  readonly denyReading: (repository: string, member: string) => void
}

const route = /^\/v2\/(?<name>.+)\/(?<kind>manifests|blobs|tags(?=\/list$))\/(?<reference>[^/]+)$/

export function createOciRegistry({ scheme, holderOf, now, readers = createReaders() }: OciRegistryNeeds): OciRegistry {
  const images = createImageStore()
  const tokens = createPullTokens(now)
  const mayRead = (name: string, members: readonly string[]) =>
    readers.mayRead(name.split('/').slice(0, 2).join('/'), members)

  const denialReason = (name: string) => readers.denialReason?.(name.split('/').slice(0, 2).join('/'))

  const respond = (request: SandboxRequest): SandboxResponse => {
    if (request.path === '/v2/token') return tokenResponse(request, { tokens, holderOf, mayRead, denialReason, now })
    const bearer = /^Bearer (.+)$/i.exec(request.headers['authorization'] ?? '')?.[1] ?? ''
    const readable = tokens.repositoriesOf(bearer)
    if (!readable) return challenge(`${scheme}://${request.headers['host']}/v2/token`)
    if (!['GET', 'HEAD'].includes(request.method)) return registryError('UNSUPPORTED', 'The operation is unsupported.')
    if (request.path === '/v2/') return { status: 200, body: {} }

    const { name, kind, reference = '' } = route.exec(request.path)?.groups ?? {}
    if (name === undefined) return { status: 404, body: '404 page not found\n' }
    if (!readable.includes(name)) return readDenied(name)
    const repository = images.findRepository(name)
    if (!repository) return registryError('NAME_UNKNOWN', `Repository "${name}" not found`)
    if (kind === 'manifests') return manifestResponse(repository, reference)
    if (kind === 'blobs') return blobResponse(repository, reference)
    return { status: 200, body: { name, tags: [...repository.tags].toSorted() } }
  }
  return {
    handle: (request) => withApiVersion(respond(request)),
    putImage: images.putImage,
    allowReading: readers.allowReading,
    denyReading: readers.denyReading,
  }
}

function createReaders(): Readers {
  const readers = new Set<string>()
  const key = (repository: string, member: string) => `${repository} ${member}`
  return {
    allowReading: (repository, member) => readers.add(key(repository, member)),
    denyReading: (repository, member) => readers.delete(key(repository, member)),
    mayRead: (repository, members) => members.some((member) => readers.has(key(repository, member))),
  }
}

/** Artifact Registry sends neither service nor scope: the client knows which scope it needs. */
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
