/** Runs the cases of the sandbox's registry against a real registry. */
import { registryContract } from './contract/registry-contract.ts'
import { withRealPart } from './parts/real-part.ts'
import { startPrivateImage } from './parts/start-private-image.ts'

const login = { username: 'oauth2accesstoken', password: 'ya29.right' }

await withRealPart(
  'a registry',
  () => startPrivateImage('token', login),
  ({ host, repository, tag }) =>
    registryContract('docker-registry', async () => ({ url: `http://${host}`, repository, tag, ...login })),
)
