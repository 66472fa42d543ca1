/** A real registry that holds one image, for whoever has the login. */
import { buildImage } from './build-image.ts'
import { pushImage } from './push-image.ts'
import type { RealPart } from './real-part.ts'
import { startPart } from './start-part.ts'
import { startRegistry } from './start-registry.ts'
import type { RegistryLogin } from './start-token-server.ts'

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
