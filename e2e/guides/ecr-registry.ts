/** A registry with one image, with basic authentication by passwords of ECR. https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry_auth.html */
import { createImageStore } from '../../sandbox/registry/image-store.ts'
import { packImage } from '../../sandbox/registry/pack-image.ts'
import type { Authenticate } from '../../sandbox/registry/token-endpoint.ts'
import type { SandboxHandler, SandboxResponse } from '../../sandbox/serve/handler.ts'

const route = /^\/v2\/(?<name>.+)\/(?<kind>manifests|blobs|tags)\/(?<reference>[^/]+)$/

export function createEcrRegistry(authenticate: Authenticate): SandboxHandler {
  const store = createImageStore()
  store.putImage('hello', '1', packImage({ 'hello.txt': 'Pulled without a password.\n' }))
  return ({ path, headers }) => {
    const [, encoded = ''] = /^Basic ([\w+/=]+)$/.exec(headers['authorization'] ?? '') ?? []
    const [username = '', password = ''] = Buffer.from(encoded, 'base64').toString().split(/:(.*)/s)
    const holder = authenticate({ username, password })
    if (holder === undefined) {
      return {
        status: 401,
        headers: { 'www-authenticate': 'Basic realm="https://ecr.example.com/",service="ecr.amazonaws.com"' },
        body: 'Not Authorized',
      }
    }
    if (path === '/v2/') return { status: 200, body: {} }
    const { name = '', kind, reference = '' } = route.exec(path)?.groups ?? {}
    if (!holder.mayPull(name)) return refused(403, 'DENIED', holder.denial(name))
    const repository = store.findRepository(name)
    if (repository === undefined)
      return refused(404, 'NAME_UNKNOWN', `The repository with name '${name}' does not exist`)
    if (kind === 'tags') return { status: 200, body: { name, tags: [...repository.tags] } }
    if (kind === 'blobs') return blobResponse(repository.blobs.get(reference), 'application/octet-stream')
    const manifest = repository.manifests.get(reference)
    return blobResponse(manifest?.bytes, manifest?.mediaType ?? '')
  }
}

const blobResponse = (body: Buffer | undefined, contentType: string): SandboxResponse =>
  body === undefined
    ? refused(404, 'MANIFEST_UNKNOWN', 'Requested image not found')
    : { status: 200, headers: { 'content-type': contentType }, body }

const refused = (status: number, code: string, message: string): SandboxResponse => ({
  status,
  body: { errors: [{ code, message }] },
})
