/**
 * Azure for a guide's commands, under its host names: the sandbox's Entra, Resource Manager, Graph and registry, with the managed
 * identity that the guide's `az` commands create, and Microsoft's emulator of Blob Storage with their public container. `az login`
 * is replaced by an application in variables.
 */
import type { Sandbox } from '../../sandbox/start-sandbox.ts'
import { sandboxVendors } from '../../sandbox/vendors.ts'
import type { PartContext } from '../parts/process/start-part.ts'
import { startAzurite } from '../parts/stores/start-azurite.ts'
import type { HttpsProxy } from './start-https-proxy.ts'

const account = 'exampleissuer'
const identity =
  '/subscriptions/99999999-8888-4777-8666-555555555555/resourceGroups/images/providers/Microsoft.ManagedIdentity/userAssignedIdentities/pullpass'
const clientId = '22222222-3333-4444-8555-666666666666'

/** Returns the variables. @throws AbsentPart if the emulator cannot be installed */
export async function startAzure(
  { use }: PartContext,
  proxy: HttpsProxy,
  sandbox: Sandbox,
): Promise<Record<string, string>> {
  const { authority, images } = sandbox
  const azurite = await use(startAzurite(authority, account))
  await azurite.createContainer('cluster-1', 'public')
  proxy.route([`${account}.blob.core.windows.net`], azurite.port)
  const azure = await sandbox.start(sandboxVendors.azure)
  azure.directory.addManagedIdentity(identity, { clientId })
  const handlers = {
    'login.microsoftonline.com': azure.entra,
    'management.azure.com': azure.resourceManager,
    'graph.microsoft.com': azure.graph,
    [azure.loginServer]: (request: Parameters<typeof images.handle>[0]) =>
      request.path.startsWith('/oauth2/') ? azure.containerRegistry(request) : images.handle(request),
  }
  await proxy.serve(handlers, authority)
  return {
    AZURE_TENANT_ID: azure.tenantId,
    AZURE_CLIENT_ID: azure.operator.clientId,
    AZURE_CLIENT_SECRET: azure.operator.secret ?? '',
  }
}
