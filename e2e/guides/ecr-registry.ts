/** A registry with one image, which accepts one password by basic auth. https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry_auth.html */
import { createImageStore } from '../../sandbox/registry/image-store.ts'
import { packImage } from '../../sandbox/registry/pack-image.ts'
import type { SandboxHandler, SandboxResponse } from '../../sandbox/serve/handler.ts'

const route = /^\/v2\/(?<name>.+)\/(?<kind>manifests|blobs|tags)\/(?<reference>[^/]+)$/
const notFound: SandboxResponse = { status: 404 }

export function createEcrRegistry(password: string): SandboxHandler {
  const store = createImageStore()
  store.putImage('hello', '1', packImage({ 'hello.txt': 'Pulled without a password.\n' }))
  const login = `Basic ${Buffer.from(`AWS:${password}`).toString('base64')}`
  return ({ path, headers }) => {
    if (headers['authorization'] !== login) {
      return { status: 401, headers: { 'www-authenticate': 'Basic realm="https://ecr.example.com/"' } }
    }
    if (path === '/v2/') return { status: 200, body: {} }
    const { name = '', kind, reference = '' } = route.exec(path)?.groups ?? {}
    const repository = store.findRepository(name)
    if (repository === undefined) return notFound
    if (kind === 'tags') return { status: 200, body: { name, tags: [...repository.tags] } }
    if (kind === 'blobs') return blobResponse(repository.blobs.get(reference), 'application/octet-stream')
    const manifest = repository.manifests.get(reference)
    return blobResponse(manifest?.bytes, manifest?.mediaType ?? '')
  }
}

const blobResponse = (body: Buffer | undefined, contentType: string): SandboxResponse =>
  body === undefined ? notFound : { status: 200, headers: { 'content-type': contentType }, body }
