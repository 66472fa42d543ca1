/**
 * Azure for a guide's commands: Microsoft's emulator of Blob Storage under Azure's host name, with the public container
 * that the guide's `az` commands create. `az login` is replaced by a workload identity in variables.
 */
import { randomUUID } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { CertificateAuthority } from '../../sandbox/serve/certificate-authority.ts'
import type { PartContext } from '../parts/process/start-part.ts'
import { startAzurite } from '../parts/stores/start-azurite.ts'
import { startEntra, tenant } from '../parts/stores/start-entra.ts'
import type { HttpsProxy } from './start-https-proxy.ts'

const account = 'exampleissuer'
const assertion = 'subject.token.one'

/** Returns the variables. @throws AbsentPart if the emulator cannot be installed */
export async function startAzure(
  { use, defer, folder }: PartContext,
  proxy: HttpsProxy,
  authority: CertificateAuthority,
): Promise<Record<string, string>> {
  const azurite = await use(startAzurite(authority, account))
  await azurite.createContainer('cluster-1', 'public')
  proxy.route([`${account}.blob.core.windows.net`], azurite.port)
  const entra = await startEntra({ authority, acceptedAssertion: assertion, audience: 'https://storage.azure.com' })
  defer(entra.close)
  const tokenFile = join(folder, 'azure-token')
  await writeFile(tokenFile, assertion, { mode: 0o600 })
  return {
    AZURE_AUTHORITY_HOST: entra.url,
    AZURE_TENANT_ID: tenant,
    AZURE_CLIENT_ID: randomUUID(),
    AZURE_FEDERATED_TOKEN_FILE: tokenFile,
  }
}
