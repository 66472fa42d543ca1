/**
 * Microsoft's emulator of Azure Blob Storage, which checks audience, issuer and lifetime of tokens, over https only.
 * https://learn.microsoft.com/azure/storage/common/storage-use-azurite
 */
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { CertificateAuthority } from '../../../sandbox/serve/certificate-authority.ts'
import { installAzurite } from '../../../tools/real-parts/install-azurite.ts'
import { freePort } from '../process/free-port.ts'
import { startPart } from '../process/start-part.ts'
import { waitUntil } from '../process/wait-until.ts'
import type { RealPart } from '../real-part.ts'
import { type AzuriteAccount, azuriteAccount, azuriteAccountAt, azuriteKey } from './azurite-account.ts'
import { writeCertificate } from './write-certificate.ts'

export interface Azurite extends RealPart, AzuriteAccount {
  /** `https://127.0.0.1:PORT/ACCOUNT`. */
  readonly endpoint: string
  readonly port: number
}

/** `account`: by default Azurite's built-in one; the certificate includes Azure's host name of the account. @throws AbsentPart */
export const startAzurite = (authority: CertificateAuthority, account: string = azuriteAccount): Promise<Azurite> =>
  startPart('azurite', async (context) => {
    const folder = await installAzurite()
    const program = createRequire(join(folder, 'package.json')).resolve('azurite/dist/src/blob/main.js')
    const port = await freePort()
    const { certificateFile, keyFile } = await writeCertificate(context.folder, authority, [
      '127.0.0.1',
      `${account}.blob.core.windows.net`,
    ])
    const address = ['--blobHost', '127.0.0.1', '--blobPort', `${port}`]
    const identities = ['--oauth', 'basic', '--cert', certificateFile, '--key', keyFile]
    const quiet = ['--inMemoryPersistence', '--skipApiVersionCheck', '--disableTelemetry', '--silent']
    const args = [program, ...address, ...identities, ...quiet]
    const { ended } = context.start(process.execPath, args, { AZURITE_ACCOUNTS: `${account}:${azuriteKey}` })
    await waitUntil('azurite', 30_000, () => isAvailable(port), ended)
    const endpoint = `https://127.0.0.1:${port}/${account}`
    return { endpoint, port, ...azuriteAccountAt(endpoint, authority.ca) }
  })

/** Completes a TLS handshake: azurite crashes if a connection is dropped during one. */
async function isAvailable(port: number): Promise<true | undefined> {
  const { connect } = await import('node:tls')
  return await new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false }, () => socket.end())
    socket.on('error', () => resolve(undefined)).once('close', (failed) => resolve(failed ? undefined : true))
    socket.resume()
  })
}
