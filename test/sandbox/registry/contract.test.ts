import { registryContract } from '../../../e2e/contract/registry-contract.ts'
import { createOciRegistry } from '../../../sandbox/registry/oci-registry.ts'
import { packImage } from '../../../sandbox/registry/pack-image.ts'
import { servePart } from '../../../sandbox/serve/serve-part.ts'

registryContract('sandbox', async (t) => {
  const holder = {
    member: 'serviceAccount:puller@example-project.iam.gserviceaccount.com',
    scopes: ['https://www.googleapis.com/auth/cloud-platform.read-only'],
    expiresAt: new Date('2026-11-24T13:00:00Z'),
  }
  const registry = createOciRegistry({
    scheme: 'http',
    holderOf: (accessToken) => (accessToken === 'granted' ? holder : undefined),
    now: () => new Date('2026-11-24T12:00:00Z'),
  })
  registry.putImage('example-project/images/hello', '1', packImage({ 'hello.txt': 'Hello\n' }))
  registry.allowReading('example-project/images', holder.member)
  const part = await servePart({ handler: registry.handle })
  t.after(part.close)
  const image = { repository: 'example-project/images/hello', tag: '1' }
  return { url: part.url, ...image, username: 'oauth2accesstoken', password: 'granted' }
})
