/**
 * Whom Azure's variables name. Half a name is an error: the library would pass it over, down to the machine's own identity.
 * https://learn.microsoft.com/azure/developer/javascript/sdk/authentication/credential-chains#defaultazurecredential-overview
 */
import type { Environment } from '../../../outside/outside.ts'
import { checkNamedFile } from './check-named-file.ts'
import { checkNamedTogether, type NamedTogether } from './check-named-together.ts'

/**
 * `application`, `workload`, `managed`: that one and nobody else. `signed-in`: in a pod, whoever signed in there by az; the node's
 * identity is everybody's. `anybody`: on an operator's machine, the library's chain.
 */
export type NamedAzureIdentity = 'application' | 'workload' | 'managed' | 'signed-in' | 'anybody'

const [tenant, client] = ['AZURE_TENANT_ID', 'AZURE_CLIENT_ID']
const [token, secret, certificate] = [
  'AZURE_FEDERATED_TOKEN_FILE',
  'AZURE_CLIENT_SECRET',
  'AZURE_CLIENT_CERTIFICATE_PATH',
]
const proofs = [token, secret, certificate]

const together: readonly NamedTogether[] = proofs.flatMap((there) =>
  [tenant, client].map((needed) => ({ there, needs: [needed] })),
)

/** @throws PUBLISH_CREDENTIALS_MISSING */
export async function namedAzureIdentity(environment: Environment): Promise<NamedAzureIdentity> {
  const hint = 'in a pod AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_FEDERATED_TOKEN_FILE; for yourself az login'
  // A tenant alone steers az, a client alone is a managed identity; both are an application, that must prove itself.
  const application = environment[tenant] ? [{ there: client, needs: proofs }] : []
  checkNamedTogether(environment, [...together, ...application], hint)
  await checkNamedFile(environment, certificate)
  if (environment[secret] || environment[certificate]) return 'application'
  await checkNamedFile(environment, token)
  if (environment[token]) return 'workload'
  if (environment[client]) return 'managed'
  return environment['KUBERNETES_SERVICE_HOST'] ? 'signed-in' : 'anybody'
}
