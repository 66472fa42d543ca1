/** fake-gcs-server, an emulator of Cloud Storage: it checks generations, and all of its content is public. https://github.com/fsouza/fake-gcs-server */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import type { CertificateAuthority } from '../../../sandbox/serve/certificate-authority.ts'
import { buildGoCommand } from '../../../tools/real-parts/build-go-programs.ts'
import { freePort } from '../process/free-port.ts'
import { type PartContext, startPart } from '../process/start-part.ts'
import { waitUntil } from '../process/wait-until.ts'
import type { RealPart } from '../real-part.ts'
import { writeCertificate } from './write-certificate.ts'

export interface FakeGcsServer extends RealPart {
  readonly url: string
  readonly createBucket: (name: string) => Promise<void>
}

/** By https with an authority, which this process must trust. @throws AbsentPart if it cannot be built */
export const startFakeGcsServer = (authority?: CertificateAuthority): Promise<FakeGcsServer> =>
  startPart('fake-gcs-server', async (context) => {
    const program = join(await buildGoCommand('fake-gcs-server'), 'fake-gcs-server')
    const port = await freePort()
    const scheme = authority === undefined ? 'http' : 'https'
    const url = `${scheme}://127.0.0.1:${port}`
    const address = ['-scheme', scheme, '-host', '127.0.0.1', '-port', `${port}`]
    const names = ['-public-host', `127.0.0.1:${port}`, '-external-url', url]
    const tls = authority === undefined ? [] : await tlsFlags(context, authority)
    const { ended } = context.start(program, [...address, ...names, ...tls, '-backend', 'memory'])
    const isAvailable = async () => (await fetch(`${url}/storage/v1/b?project=example-project`)).ok || undefined
    await waitUntil('fake-gcs-server', 20_000, isAvailable, ended)
    return { url, createBucket: (name) => createBucket(url, name) }
  })

async function tlsFlags({ folder }: PartContext, authority: CertificateAuthority): Promise<string[]> {
  const { certificateFile, keyFile } = await writeCertificate(folder, authority)
  return ['-cert-location', certificateFile, '-private-key-location', keyFile]
}

async function createBucket(url: string, name: string): Promise<void> {
  const response = await fetch(`${url}/storage/v1/b`, { method: 'POST', body: JSON.stringify({ name }) })
  assert.ok(response.ok, `${response.status} ${await response.text()}`)
}
