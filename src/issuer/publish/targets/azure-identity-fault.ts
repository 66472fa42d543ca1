/** Why Azure gave the operator no token, in words. The library's errors hold whole answers: known fields are taken, no cause is kept. */
import { asObject, asText } from '../../../outside/json-fields.ts'
import { PullpassError } from '../../../outside/pullpass-error.ts'
import type { Redacted } from '../../../outside/redacted.ts'
import { quoteSafely } from '../../../outside/secret-register.ts'
import { credentialsMissing } from './credentials-missing.ts'

/** Said where no place of the chain had anything; what had something and failed says so by other errors. */
const nothingFound = new Set(['CredentialUnavailableError', 'AggregateAuthenticationError'])

export function azureIdentityFault(error: unknown, secrets: Iterable<Redacted>): PullpassError {
  if (error instanceof Error && nothingFound.has(error.name)) return noCredentials()
  const status = asObject(error)?.['statusCode']
  const said = asText(asObject(asObject(error)?.['errorResponse'])?.['errorDescription'])
  const message = error instanceof Error ? error.message.slice(0, 4096) : ''
  // Entra's first sentence and its number alone: what follows is a trace, and around it may be anything.
  const words = /AADSTS[0-9]{1,9}: [^.\n]{0,200}\.?/.exec(said ?? message)?.[0]
  const passing = typeof status === 'number' && (status >= 500 || status === 429)
  return new PullpassError({
    code: passing ? 'PUBLISH_UNAVAILABLE' : 'PUBLISH_DENIED',
    hop: 'publish',
    seen: `Azure answered ${typeof status === 'number' ? status : 'a refusal'}${words === undefined ? '' : ` ${quoteSafely(words, secrets)}`} to the operator's credentials`,
    expected: 'credentials that Azure takes; no other identity is tried in their place',
    hint: 'az login; in a pod see that the federated credential of AZURE_CLIENT_ID names the issuer and subject of the token in AZURE_FEDERATED_TOKEN_FILE',
    retryable: passing,
  })
}

const noCredentials = () =>
  credentialsMissing(
    'no credentials for Azure were found: variables name none that can be had, and nobody signed in by az; on a machine that is no pod its managed identity was asked for, too',
    "the operator's credentials in one of these places; one that is named and fails is not passed over",
    'az login; in a pod AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_FEDERATED_TOKEN_FILE; on a machine of Azure a managed identity',
  )
