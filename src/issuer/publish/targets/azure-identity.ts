/**
 * The operator's identity at Azure: the one that variables name, or what its library finds (managed identity, az).
 * https://learn.microsoft.com/azure/developer/javascript/sdk/authentication/credential-chains#defaultazurecredential-overview
 */
import type { HttpClient } from '@azure/core-rest-pipeline'
import type { AccessToken, DefaultAzureCredentialOptions, TokenCredential } from '@azure/identity'
import { faultUnder } from '../../../outside/fault-under.ts'
import { keepRenewed } from '../../../outside/keep-renewed.ts'
import type { Environment } from '../../../outside/outside.ts'
import type { AzureHttpClients } from './azure-http-client.ts'
import { azureIdentityFault } from './azure-identity-fault.ts'
import { type NamedAzureIdentity, namedAzureIdentity } from './named-azure-identity.ts'
import { originVariable } from './origin-variable.ts'
import type { TargetOutside } from './target-outside.ts'

type Library = typeof import('@azure/identity')

const scope = 'https://storage.azure.com/.default'
/** Whom Azure's library knows; of another it would ask Microsoft whether it may be asked. */
const knownAuthorities = [
  'https://login.microsoftonline.com',
  'https://login.microsoftonline.us',
  'https://login.chinacloudapi.cn',
]
/** The storage library renews what it holds two minutes before its end: it is told an end so much after the time to renew. */
const libraryMarginMs = 120_000

/** Renewed when half of its life is left. @throws VARIABLE_INVALID */
export function azureIdentity(
  library: Library,
  { tokens: httpClient }: Pick<AzureHttpClients, 'tokens'>,
  outside: TargetOutside,
): TokenCredential {
  const authority = originVariable(outside.environment, 'AZURE_AUTHORITY_HOST', 'no path')
  const options = {
    retryOptions: { maxRetries: 2 },
    disableInstanceDiscovery: authority !== undefined && !knownAuthorities.includes(authority),
    ...(authority !== undefined && { authorityHost: authority }),
  }
  const granted = keepRenewed(async () => {
    const watched = watch(httpClient)
    try {
      // A credential of its own each time: one keeps what it was granted.
      const chosen = { ...options, httpClient: watched.client }
      const credential = await chooseCredential(library, chosen, outside.environment)
      const token = await credential.getToken(scope, { abortSignal: outside.signal })
      if (token === null) throw new TypeError('no token')
      return { token: token.token, expiresAt: new Date(token.expiresOnTimestamp) }
    } catch (error) {
      outside.signal.throwIfAborted()
      throw faultUnder(error) ?? watched.fault() ?? azureIdentityFault(error, outside.secrets)
    }
  }, outside)
  return {
    async getToken(): Promise<AccessToken> {
      const { token, renewAt } = await granted()
      return { token, expiresOnTimestamp: renewAt.getTime() + libraryMarginMs }
    },
  }
}

/** The library's chain goes on to somebody else's identity where the one that variables name is not to be had. */
async function chooseCredential(
  library: Library,
  options: DefaultAzureCredentialOptions,
  environment: Environment,
): Promise<TokenCredential> {
  const { AZURE_TENANT_ID: tenantId = '', AZURE_CLIENT_ID: clientId = '' } = environment
  const tokenFilePath = environment['AZURE_FEDERATED_TOKEN_FILE'] ?? ''
  const of: Readonly<Record<NamedAzureIdentity, () => TokenCredential>> = {
    application: () => new library.EnvironmentCredential(options),
    workload: () => new library.WorkloadIdentityCredential({ ...options, tenantId, clientId, tokenFilePath }),
    managed: () => new library.ManagedIdentityCredential({ ...options, clientId }),
    'signed-in': () => new library.AzureCliCredential(tenantId === '' ? {} : { tenantId }),
    anybody: () => new library.DefaultAzureCredential(options),
  }
  return of[await namedAzureIdentity(environment)]()
}

/** The library turns a request that got no answer into an error of its own, of which nothing can be known. */
function watch(client: HttpClient): { client: HttpClient; fault: () => unknown } {
  let last: unknown
  return {
    client: {
      async sendRequest(request) {
        try {
          return await client.sendRequest(request)
        } catch (error) {
          if (!request.url.startsWith('http://169.254.')) last = error // no machine of Azure's: no metadata service
          throw error
        }
      },
    },
    fault: () => faultUnder(last),
  }
}
