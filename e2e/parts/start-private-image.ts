/** A real registry with one image, which requires the login. */
import { startPart } from './process/start-part.ts'
import type { RealPart } from './real-part.ts'
import { buildImage } from './registry/build-image.ts'
import { pushImage } from './registry/push-image.ts'
import type { RegistryLogin } from './registry/start-token-server.ts'
import { startRegistry } from './start-registry.ts'

export interface PrivateImage extends RealPart {
  /** `localhost:PORT` */
  readonly host: string
  readonly repository: string
  readonly tag: string
}

const [repository, tag] = ['team/private', '1']

export const startPrivateImage = (kind: 'token' | 'basic', login: RegistryLogin): Promise<PrivateImage> =>
  startPart('private-image', async ({ folder, use }) => {
    const accepts = ({ username, password }: RegistryLogin) =>
      username === login.username && password === login.password
    const { host } = await use(startRegistry(kind === 'token' ? { kind, accepts } : { kind, login }))
    const image = `${host}/${repository}:${tag}`
    await pushImage(await buildImage(folder, image, 'int main(void) { return 0; }'), image, login)
    return { host, repository, tag }
  })
