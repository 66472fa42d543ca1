/**
 * Google's IAM Credentials API: `generateAccessToken`, by which a principal becomes a service account.
 * https://cloud.google.com/iam/docs/reference/credentials/rest/v1/projects.serviceAccounts/generateAccessToken
 */
import type { SandboxAnswer, SandboxHandler } from '../serve/handler.ts'
import { type AccessTokens, cloudPlatform } from './access-tokens.ts'
import type { ServiceAccounts } from './service-accounts.ts'

export interface IamCredentialsNeeds {
  readonly accounts: ServiceAccounts
  readonly tokens: AccessTokens
  readonly now: () => Date
}

interface Wanted {
  readonly scope: readonly string[]
  readonly lifeSeconds: number
  readonly delegates: readonly string[]
}

const route = /^\/v1\/projects\/-\/serviceAccounts\/([^/:]+):generateAccessToken$/
const delegateName = /^projects\/-\/serviceAccounts\/([^/:]+)$/
/** Google's own clients ask the STS for one or the other of them. */
const sufficientScopes = [cloudPlatform, 'https://www.googleapis.com/auth/iam']

export const iamCredentials =
  ({ accounts, tokens, now }: IamCredentialsNeeds): SandboxHandler =>
  ({ method, path, headers, body }) => {
    const email = route.exec(path)?.[1]
    if (method !== 'POST' || !email) return { status: 404, body: 'Not Found\n' }
    const accessToken = /^Bearer (.+)$/i.exec(headers['authorization'] ?? '')?.[1]
    if (!accessToken) return missingCredential
    const caller = tokens.whoHolds(accessToken)
    if (!caller) return invalidCredential
    if (!caller.scopes.some((scope) => sufficientScopes.includes(scope))) return insufficientScopes
    const wanted = parseWanted(body)
    if (!wanted) return invalidArgument
    if (!mayBecome([caller.member, ...wanted.delegates, email], accounts)) return permissionDenied
    if (wanted.lifeSeconds > accounts.longestLifeSeconds(email)) return invalidArgument

    const expiresAt = new Date((Math.floor(now().getTime() / 1000) + wanted.lifeSeconds) * 1000)
    const minted = tokens.grant({ member: `serviceAccount:${email}`, scopes: wanted.scope, expiresAt })
    return { status: 200, body: { accessToken: minted, expireTime: expiresAt.toISOString().replace('.000Z', 'Z') } }
  }

function parseWanted(body: Buffer): Wanted | undefined {
  try {
    const { scope, lifetime, delegates } = JSON.parse(body.toString())
    const lifeSeconds = Number(/^(\d+)s$/.exec(lifetime ?? '3600s')?.[1]) // null is absent: Python's client sends it
    const emails = (delegates ?? []).map((delegate: string) => delegateName.exec(delegate)?.[1])
    const valid = Array.isArray(scope) && scope.length > 0 && lifeSeconds > 0 && emails.every(Boolean)
    return valid ? { scope, lifeSeconds, delegates: emails } : undefined
  } catch {
    return undefined // no JSON, or fields of another type: INVALID_ARGUMENT in either case
  }
}

/** Each account of the chain must trust the one before it. */
function mayBecome([member = '', email = '', ...rest]: string[], accounts: ServiceAccounts): boolean {
  if (!accounts.mayMakeTokens(email, member)) return false
  return rest.length === 0 || mayBecome([`serviceAccount:${email}`, ...rest], accounts)
}

const apiError = (code: number, status: string, message: string, details?: object): SandboxAnswer => ({
  status: code,
  body: { error: { code, message, status, ...(details && { details: [details] }) } },
})

const errorInfo = (reason: string, domain: string, metadata: object) => ({
  '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
  reason,
  domain,
  metadata,
})

const expectedCredential =
  'Expected OAuth 2 access token, login cookie or other valid authentication credential. ' +
  'See https://developers.google.com/identity/sign-in/web/devconsole-project.'

const missingCredential = apiError(
  401,
  'UNAUTHENTICATED',
  `Request is missing required authentication credential. ${expectedCredential}`,
)

const invalidCredential = apiError(
  401,
  'UNAUTHENTICATED',
  `Request had invalid authentication credentials. ${expectedCredential}`,
)

const insufficientScopes = apiError(
  403,
  'PERMISSION_DENIED',
  'Request had insufficient authentication scopes.',
  errorInfo('ACCESS_TOKEN_SCOPE_INSUFFICIENT', 'googleapis.com', {
    service: 'iamcredentials.googleapis.com',
    method: 'google.iam.credentials.v1.IAMCredentials.GenerateAccessToken',
  }),
)

/** The status is confirmed, the sentence is Google's general one. */
const invalidArgument = apiError(400, 'INVALID_ARGUMENT', 'Request contains an invalid argument.')

/** Said of an account that does not exist, too. */
const permissionDenied = apiError(
  403,
  'PERMISSION_DENIED',
  "Permission 'iam.serviceAccounts.getAccessToken' denied on resource (or it may not exist).",
  errorInfo('IAM_PERMISSION_DENIED', 'iam.googleapis.com', { permission: 'iam.serviceAccounts.getAccessToken' }),
)
