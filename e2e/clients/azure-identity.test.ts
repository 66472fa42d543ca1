/**
 * Azure's own client works with the sandbox's Microsoft Entra, and reports its errors.
 * https://learn.microsoft.com/javascript/api/@azure/identity/clientassertioncredential
 */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { after, before, suite, test } from 'node:test'
import { setDefaultCACertificates } from 'node:tls'
import { ClientAssertionCredential } from '@azure/identity'
import type { AzureSandbox } from '../../sandbox/azure/vendor.ts'
import { type Sandbox, startSandbox } from '../../sandbox/start-sandbox.ts'
import { sandboxVendors } from '../../sandbox/vendors.ts'

suite("Azure's identity library with the sandbox", () => {
  let sandbox: Sandbox
  let azure: AzureSandbox
  before(async () => {
    sandbox = await startSandbox()
    azure = await sandbox.start(sandboxVendors.azure)
    setDefaultCACertificates([sandbox.authority.ca])
    await sandbox.writeToken({ audiences: [azure.audience] })
  })
  after(() => sandbox.close())

  const credential = (tenantId = azure.tenantId, clientId = azure.puller.clientId) =>
    new ClientAssertionCredential(tenantId, clientId, () => readFile(sandbox.folder.tokenFile, 'utf8'), {
      authorityHost: azure.parts.entra.url,
      disableInstanceDiscovery: true, // by default it requests the metadata of the authority from Microsoft
      retryOptions: { maxRetries: 0 },
    })
  const registries = 'https://containerregistry.azure.net/.default'

  test('it exchanges a projected token for an access token of the application', async () => {
    const { token, expiresOnTimestamp } = await credential().getToken(registries)

    assert.deepEqual(
      { ...azure.tokens.holderOf(token), expiresAt: undefined },
      {
        principalId: azure.puller.principalId,
        clientId: azure.puller.clientId,
        resource: 'https://containerregistry.azure.net',
        expiresAt: undefined,
      },
    )
    const lifeMs = expiresOnTimestamp - Date.now()
    assert.ok(lifeMs > 3_500_000 && lifeMs <= 3_600_000, `${lifeMs}`)
  })

  test('it reports a resource that the tenant does not have', async () => {
    await assert.rejects(credential().getToken('https://example.com/.default'), /AADSTS500011: The resource principal/)
  })

  test('it reports an application and a tenant that do not exist', async () => {
    const other = '00000000-aaaa-4bbb-8ccc-dddddddddddd'
    await assert.rejects(credential(undefined, other).getToken(registries), /AADSTS700016: Application with identifier/)
    await assert.rejects(credential(other).getToken(registries), /AADSTS90002: Tenant '00000000-aaaa/)
  })

  test('it reports a token for another audience', async () => {
    await sandbox.writeToken({ audiences: ['https://kubernetes.default.svc'] })
    await assert.rejects(
      credential().getToken(registries),
      /AADSTS700212: No matching federated identity record found for presented assertion audience/,
    )
  })
})
