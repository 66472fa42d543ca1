/** Other people's Cloud Storage: strict on generations, and everything in it is public. https://github.com/fsouza/fake-gcs-server */
import { join } from 'node:path'
import { buildFakeGcsServer } from '../../../tools/real-parts/build-fake-gcs-server.ts'
import { freePort } from '../ground/free-port.ts'
import { startPart } from '../ground/start-part.ts'
import { waitUntil } from '../ground/wait-until.ts'
import type { RealPart } from '../real-part.ts'

export interface FakeGcsServer extends RealPart {
  readonly url: string
}

/** @throws AbsentPart where it cannot be built */
export const startFakeGcsServer = (): Promise<FakeGcsServer> =>
  startPart('fake-gcs-server', async (ground) => {
    const program = join(await buildFakeGcsServer(), 'fake-gcs-server')
    const port = await freePort()
    const url = `http://127.0.0.1:${port}`
    const address = ['-scheme', 'http', '-host', '127.0.0.1', '-port', `${port}`]
    const names = ['-public-host', `127.0.0.1:${port}`, '-external-url', url]
    const { ended } = ground.start(program, [...address, ...names, '-backend', 'memory'])
    const answers = async () => (await fetch(`${url}/storage/v1/b?project=example-project`)).ok || undefined
    await waitUntil('fake-gcs-server', 20_000, answers, ended)
    return { url }
  })
