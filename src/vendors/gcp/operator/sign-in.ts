/** The operator's access token at Google, requested when it is first used, then renewed. */
import type {
  BaseExternalAccountClient,
  Credentials,
  IdentityPoolClientOptions,
  OAuth2ClientOptions,
} from 'google-auth-library'
import { type Fix, faultUnder, PullpassError } from '../../../errors/pullpass-error.ts'
import { keepRenewed } from '../../../http/renewed-token.ts'
import { asObject, asText, type JsonObject } from '../../../text/json-fields.ts'
import { Redacted } from '../../../text/redacted.ts'
import { quoteSafely } from '../../../text/secret-register.ts'
import { shellQuote } from '../../../text/shell.ts'
import { showPath } from '../../../text/show.ts'
import type { OperatorCredential } from '../../operator.ts'
import type { GrantedToken, IamCaller, IamContext } from './caller.ts'
import { fetchOverTransport, impersonateAccount } from './library-transport.ts'
import { type CredentialFile, credentialsIn, findOperatorCredentials } from './operator-credentials.ts'
import { serviceAccountIn } from './operator-member.ts'
import { readMetadataToken, readOperatorSubjectToken } from './subject-token.ts'

/** The token to send now. @throws PullpassError at the caller's hop */
export type OperatorToken = () => Promise<Redacted>

export function operatorToken(context: IamContext, caller: IamCaller): OperatorToken {
  const granted: OperatorCredential<GrantedToken> = keepRenewed(() => grantOperatorToken(context, caller), context)
  return async () => (await granted()).value
}

/**
 * One access token of the operator, requested by Google's auth library over the transport of the run.
 * https://cloud.google.com/docs/authentication/application-default-credentials
 */
type Library = typeof import('google-auth-library')

interface TokenRequest {
  readonly file: CredentialFile
  readonly caller: IamCaller
  readonly secrets: Iterable<Redacted>
}

const scopes = ['https://www.googleapis.com/auth/cloud-platform']
/** The lifetime of a token whose response has no expiry. */
const usualLifeMs = 3_600_000

/** Credentials are read each time, so that a replaced file is used immediately. @throws PullpassError at the caller's hop */
async function grantOperatorToken(context: IamContext, caller: IamCaller): Promise<GrantedToken> {
  const credentials = await findOperatorCredentials(context.environment, caller)
  return credentials.kind === 'file'
    ? await tokenOfFile(credentials, context, caller)
    : await readMetadataToken(credentials.gcloudFile, context, caller)
}

async function tokenOfFile(file: CredentialFile, context: IamContext, caller: IamCaller): Promise<GrantedToken> {
  if (file.type === 'impersonated_service_account') {
    // gcloud writes the impersonating credentials into the same file.
    const { environment } = context
    const impersonator = credentialsIn(file.json['source_credentials'], file.path, { environment, caller })
    const source = await tokenOfFile(impersonator, context, caller)
    return await impersonateAccount(file.json, source, { context, caller })
  }
  const library = await import('google-auth-library')
  const requestedAt = context.now()
  const http = fetchOverTransport(context, caller.hop)
  const options = { transporterOptions: { fetchImplementation: http.request } }
  try {
    const client =
      file.type === 'external_account'
        ? federatedClient(library, file.json, {
            ...options,
            token: () => readOperatorSubjectToken(file.json, context, caller),
          })
        : ownClient(library, file, options)
    const { token } = await client.getAccessToken()
    if (!token) throw new TypeError('no token')
    return { value: new Redacted(token), expiresAt: expiryOf(client.credentials, http.lifeSeconds(), requestedAt) }
  } catch (error) {
    context.signal.throwIfAborted()
    throw refused(error, { file, caller, secrets: context.secrets })
  }
}

/** The library adds `expires_in` to its own clock; here it is added to the clock of the run. */
function expiryOf({ expiry_date: byServer }: Credentials, lifeSeconds: number | undefined, requestedAt: Date): Date {
  if (lifeSeconds !== undefined) return new Date(requestedAt.getTime() + lifeSeconds * 1000)
  return new Date(byServer ?? requestedAt.getTime() + usualLifeMs)
}

function ownClient(library: Library, { type, json }: CredentialFile, options: OAuth2ClientOptions) {
  const client =
    type === 'service_account' ? new library.JWT({ ...options, scopes }) : new library.UserRefreshClient(options)
  client.fromJSON(json)
  return client
}

/** Fields that are passed to the library: others could send the token to another host. */
const federationFields = [
  'type',
  'audience',
  'subject_token_type',
  'token_url',
  'service_account_impersonation_url',
  'service_account_impersonation',
  'workforce_pool_user_project',
  'client_id',
  'client_secret',
]

function federatedClient(
  library: Library,
  json: JsonObject,
  { token, ...options }: OAuth2ClientOptions & { readonly token: () => Promise<Redacted> },
): BaseExternalAccountClient {
  const passed = Object.entries(json).filter(([name]) => federationFields.includes(name))
  const written: IdentityPoolClientOptions = JSON.parse(JSON.stringify(Object.fromEntries(passed))) // the library validates it
  const subject_token_supplier = { getSubjectToken: async () => (await token()).reveal() }
  const client = new library.IdentityPoolClient({ ...written, ...options, scopes, subject_token_supplier })
  // The library creates another client for the exchange, without the given transport.
  client['stsCredential']['transporter'] = client.transporter
  return client
}

/** The library's errors hold whole requests, with tokens: known fields of the response are taken, and no cause is kept. */
function refused(error: unknown, { file, caller, secrets }: TokenRequest): PullpassError {
  const known = faultUnder(error)
  if (known !== undefined) return known
  const { status, words } = responseIn(error)
  const what =
    status === undefined
      ? `Google's auth library cannot use the operator's credentials of ${showPath(file.path)}`
      : `Google responded with ${status}${words === undefined ? '' : ` ${quoteSafely(words, secrets)}`} to the operator's credentials of ${showPath(file.path)}`
  const passing = status !== undefined && (status >= 500 || status === 429)
  return new PullpassError({
    code: caller.codes.denied,
    hop: caller.hop,
    seen: what,
    expected: 'credentials that Google accepts; no other identity is used instead',
    ...(words !== undefined && byCondition.test(words) ? { hint: conditionHint } : fixes[file.type](file)),
    retryable: passing,
  })
}

/** @see https://www.rfc-editor.org/rfc/rfc6749#section-5.2, and https://cloud.google.com/apis/design/errors */
function responseIn(error: unknown): { status?: number | undefined; words?: string | undefined } {
  const response = asObject(asObject(error)?.['response'])
  const status = response?.['status']
  const body = asObject(response?.['data'])
  const words = [asText(body?.['error']), asText(body?.['error_description'])].filter((word) => word !== undefined)
  const message = asText(asObject(body?.['error'])?.['message'])
  return {
    status: typeof status === 'number' ? status : undefined,
    words: message ?? (words.length === 0 ? undefined : words.join(': ')),
  }
}

/** In the message of the token service. */
const byCondition = /rejected by the attribute condition/
const conditionHint =
  "the provider's attribute condition does not accept this account: see attributeCondition; an account that publishes this cluster's keys is added by pullpass trust apply --publisher NAMESPACE/NAME"

const fixes: Readonly<Record<CredentialFile['type'], (file: CredentialFile) => Fix>> = {
  authorized_user: () => ({ hint: 'sign in again', command: 'gcloud auth application-default login' }),
  service_account: (file) => ({
    hint: 'check that the key is not deleted and its account not disabled',
    command: `gcloud iam service-accounts keys list --iam-account=${shellQuote(serviceAccountIn(file) ?? '')}`,
  }),
  impersonated_service_account: (file) => ({
    hint: 'sign in again',
    command: `gcloud auth application-default login --impersonate-service-account=${shellQuote(serviceAccountIn(file) ?? '')}`,
  }),
  external_account: ({ json }) => {
    const { file, format } = asObject(json['credential_source']) ?? {}
    const path = format === undefined ? asText(file) : undefined // otherwise its token is a field of JSON
    return {
      hint: 'Google accepts no token of a key that is not published yet; compare the token of its credential_source with the provider in its audience',
      ...(path !== undefined && { command: `pullpass inspect ${shellQuote(path)}` }),
    }
  },
}
