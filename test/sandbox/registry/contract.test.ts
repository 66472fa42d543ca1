import { registryContract } from '../../../e2e/contract/registry-contract.ts'
import { createOciRegistry } from '../../../sandbox/registry/oci-registry.ts'
import { packImage } from '../../../sandbox/registry/pack-image.ts'
import { servePart } from '../../../sandbox/serve/serve-part.ts'

registryContract('sandbox', async (t) => {
  const repository = 'example-project/images/hello'
  const registry = createOciRegistry({
    scheme: 'http',
    authenticate: ({ username, password }) =>
      username === 'oauth2accesstoken' && password === 'granted'
        ? {
            mayPull: (name) => name.startsWith('example-project/images/'),
            denial: (name) => `Permission denied on ${name}`,
            expiresAt: new Date('2026-11-24T13:00:00Z'),
          }
        : undefined,
    now: () => new Date('2026-11-24T12:00:00Z'),
  })
  registry.putImage(repository, '1', packImage({ 'hello.txt': 'Hello\n' }))
  const part = await servePart({ handler: registry.handle })
  t.after(part.close)
  const image = { repository, tag: '1' }
  return { url: part.url, ...image, username: 'oauth2accesstoken', password: 'granted' }
})
