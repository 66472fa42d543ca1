/**
 * The operator's Azure identity: the one that environment variables name, or the one that Azure's library finds (managed identity, az).
 * https://learn.microsoft.com/azure/developer/javascript/sdk/authentication/credential-chains#defaultazurecredential-overview
 */
import type { HttpClient } from '@azure/core-rest-pipeline'
import type {
  AccessToken,
  ClientCertificatePEMCertificatePath,
  DefaultAzureCredentialOptions,
  TokenCredential,
} from '@azure/identity'
import { faultUnder, PullpassError } from '../../../errors/pullpass-error.ts'
import type { Environment } from '../../../http/context.ts'
import { keepRenewed } from '../../../http/renewed-token.ts'
import { asObject, asText } from '../../../text/json-fields.ts'
import type { Redacted } from '../../../text/redacted.ts'
import { quoteSafely } from '../../../text/secret-register.ts'
import {
  checkNamedFile,
  checkNamedTogether,
  credentialsMissing,
  type NamedTogether,
  type OperatorCredential,
  type OperatorPurpose,
  originVariable,
  publishing,
} from '../../operator.ts'
import type { TargetContext } from '../../store.ts'
import type { AzureHttpClients } from './library-transport.ts'

type Library = typeof import('@azure/identity')

const storage = 'https://storage.azure.com/.default'
/** Authorities that Azure's library knows; for another one it first sends a request to Microsoft to validate it. */
const knownAuthorities = [
  'https://login.microsoftonline.com',
  'https://login.microsoftonline.us',
  'https://login.chinacloudapi.cn',
]
/** The storage library renews tokens two minutes before they expire; the expiry passed to it is this long after the renewal time. */
const libraryMarginMs = 120_000

/** The use of an access token of the operator. */
export interface TokenUse {
  /** `https://storage.azure.com/.default`. */
  readonly scope: string
  readonly purpose: OperatorPurpose
  /** Unless a variable names another; absent: that of the public cloud. */
  readonly authority?: string
}

/** For Azure's storage library. @throws VARIABLE_INVALID */
export function azureIdentity(
  library: Library,
  clients: Pick<AzureHttpClients, 'tokens'>,
  context: TargetContext,
): TokenCredential {
  const granted = operatorToken(library, clients, context, { scope: storage, purpose: publishing })
  return {
    async getToken(): Promise<AccessToken> {
      const { token, renewAt } = await granted()
      return { token, expiresOnTimestamp: renewAt.getTime() + libraryMarginMs }
    },
  }
}

/** @throws VARIABLE_INVALID */
export function operatorToken(
  library: Library,
  { tokens: httpClient }: Pick<AzureHttpClients, 'tokens'>,
  context: TargetContext,
  { scope, purpose, authority: usual }: TokenUse,
): OperatorCredential<{ token: string; expiresAt: Date }> {
  const authority = originVariable(context.environment, 'AZURE_AUTHORITY_HOST', 'no path') ?? usual
  const options = {
    retryOptions: { maxRetries: 2 },
    disableInstanceDiscovery: authority !== undefined && !knownAuthorities.includes(authority),
    ...(authority !== undefined && { authorityHost: authority }),
  }
  return keepRenewed(async () => {
    const watched = watch(httpClient)
    try {
      // A new credential object each time, since it caches its tokens.
      const chosen = { ...options, httpClient: watched.client }
      const credential = await chooseCredential(library, chosen, context.environment, purpose)
      const token = await credential.getToken(scope, { abortSignal: context.signal })
      if (token === null) throw new TypeError('no token')
      return { token: token.token, expiresAt: new Date(token.expiresOnTimestamp) }
    } catch (error) {
      context.signal.throwIfAborted()
      throw faultUnder(error) ?? watched.fault() ?? azureIdentityFault(error, context.secrets, purpose)
    }
  }, context)
}

/** The library's chain continues with another identity if the one that variables name is not available. */
async function chooseCredential(
  library: Library,
  options: DefaultAzureCredentialOptions,
  environment: Environment,
  purpose: OperatorPurpose,
): Promise<TokenCredential> {
  const { AZURE_TENANT_ID: tenantId = '', AZURE_CLIENT_ID: clientId = '' } = environment
  const tokenFilePath = environment['AZURE_FEDERATED_TOKEN_FILE'] ?? ''
  const of: Readonly<Record<NamedAzureIdentity, () => TokenCredential>> = {
    secret: () => new library.ClientSecretCredential(tenantId, clientId, environment[secret] ?? '', options),
    certificate: () => new library.ClientCertificateCredential(tenantId, clientId, certificateOf(environment), options),
    workload: () => new library.WorkloadIdentityCredential({ ...options, tenantId, clientId, tokenFilePath }),
    managed: () => new library.ManagedIdentityCredential({ ...options, clientId }),
    'signed-in': () => new library.AzureCliCredential(tenantId === '' ? {} : { tenantId }),
    'library-chain': () => new library.DefaultAzureCredential(options),
  }
  return of[await namedAzureIdentity(environment, purpose)]()
}

/** As in the library's EnvironmentCredential, which reads the variables of the process. */
function certificateOf(environment: Environment): ClientCertificatePEMCertificatePath {
  const [path, password] = [environment[certificate] ?? '', environment['AZURE_CLIENT_CERTIFICATE_PASSWORD']]
  return { certificatePath: path, ...(password && { certificatePassword: password }) }
}

/** Keeps the error of a failed request, since the library replaces it by an error without details. */
function watch(client: HttpClient): { client: HttpClient; fault: () => unknown } {
  let last: unknown
  return {
    client: {
      async sendRequest(request) {
        try {
          return await client.sendRequest(request)
        } catch (error) {
          if (!request.url.startsWith('http://169.254.')) last = error // not a machine of Azure: it has no metadata service
          throw error
        }
      },
    },
    fault: () => faultUnder(last),
  }
}

// The identity that Azure's variables name. An incomplete one is an error: the library would skip it and use the machine's identity.
// https://learn.microsoft.com/azure/developer/javascript/sdk/authentication/credential-chains#defaultazurecredential-overview

/**
 * `secret`, `certificate`, `workload`, `managed`: only that one. `signed-in`: in a pod, the account that signed in with az; the node's
 * identity is shared by all pods. `library-chain`: on an operator's machine, the library's chain.
 */
type NamedAzureIdentity = 'secret' | 'certificate' | 'workload' | 'managed' | 'signed-in' | 'library-chain'

const [tenant, client] = ['AZURE_TENANT_ID', 'AZURE_CLIENT_ID']
const [token, secret, certificate] = [
  'AZURE_FEDERATED_TOKEN_FILE',
  'AZURE_CLIENT_SECRET',
  'AZURE_CLIENT_CERTIFICATE_PATH',
]
const proofs = [token, secret, certificate]

const together: readonly NamedTogether[] = proofs.flatMap((variable) =>
  [tenant, client].map((needed) => ({ variable, needs: [needed] })),
)

/** @throws PUBLISH_CREDENTIALS_MISSING, or that of the purpose */
async function namedAzureIdentity(environment: Environment, purpose: OperatorPurpose): Promise<NamedAzureIdentity> {
  const hint = 'in a pod AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_FEDERATED_TOKEN_FILE; on your machine az login'
  // Only a tenant is for az, only a client is a managed identity; both are an application, which needs a credential.
  const application = environment[tenant] ? [{ variable: client, needs: proofs }] : []
  checkNamedTogether(environment, [...together, ...application], hint, purpose)
  await checkNamedFile(environment, certificate, purpose)
  if (environment[secret]) return 'secret'
  if (environment[certificate]) return 'certificate'
  await checkNamedFile(environment, token, purpose)
  if (environment[token]) return 'workload'
  if (environment[client]) return 'managed'
  return environment['KUBERNETES_SERVICE_HOST'] ? 'signed-in' : 'library-chain'
}

// Errors of the library contain whole responses: only known fields are used, and no cause is kept.

/** Errors if no source of the chain has credentials; failures of a source are other errors. */
const nothingFound = new Set(['CredentialUnavailableError', 'AggregateAuthenticationError'])

/** What an error of a credential source means. @internal */
export function azureIdentityFault(
  error: unknown,
  secrets: Iterable<Redacted>,
  purpose: OperatorPurpose,
): PullpassError {
  if (error instanceof Error && nothingFound.has(error.name)) return noCredentials(purpose)
  const status = asObject(error)?.['statusCode']
  const description = asText(asObject(asObject(error)?.['errorResponse'])?.['errorDescription'])
  const message = error instanceof Error ? error.message.slice(0, 4096) : ''
  // Only Entra's error number and first sentence: a trace follows, and other text can surround it.
  const words = /AADSTS[0-9]{1,9}: [^.\n]{0,200}\.?/.exec(description ?? message)?.[0]
  const passing = typeof status === 'number' && (status >= 500 || status === 429)
  return new PullpassError({
    code: passing ? purpose.codes.unavailable : purpose.codes.denied,
    hop: purpose.hop,
    seen: `Azure responded with ${typeof status === 'number' ? status : 'a refusal'}${words === undefined ? '' : ` ${quoteSafely(words, secrets)}`} to the operator's credentials`,
    expected: 'credentials that Azure accepts; no other identity is used instead',
    hint: 'in a pod check that the federated credential of AZURE_CLIENT_ID has the issuer and subject of the token in AZURE_FEDERATED_TOKEN_FILE; on your machine sign in',
    command: 'az login',
    retryable: passing,
  })
}

const noCredentials = (purpose: OperatorPurpose) =>
  credentialsMissing(
    'no credentials for Azure were found: the variables name none, az is not signed in, and outside a pod the machine has no managed identity',
    "the operator's credentials in one of these places; if one is named and fails, no other is used",
    {
      hint: 'in a pod set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_FEDERATED_TOKEN_FILE; on a machine of Azure assign a managed identity; on your machine sign in',
      command: 'az login',
    },
    purpose,
  )
