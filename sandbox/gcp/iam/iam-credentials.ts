/**
 * Google's IAM Credentials API: `generateAccessToken`, with which a principal impersonates a service account.
 * https://cloud.google.com/iam/docs/reference/credentials/rest/v1/projects.serviceAccounts/generateAccessToken
 */
import type { SandboxHandler } from '../../serve/handler.ts'
import { type AccessTokens, cloudPlatform, membersOf } from '../access-tokens.ts'
import {
  insufficientScopes,
  invalidArgument,
  invalidCredential,
  missingCredential,
  noSuchMethod,
  permissionDenied,
} from '../api-errors.ts'
import type { ProjectServices } from '../projects/projects.ts'
import type { ServiceAccounts } from './service-accounts.ts'

export interface IamCredentialsNeeds {
  readonly accounts: ServiceAccounts
  readonly tokens: AccessTokens
  readonly services: ProjectServices
  readonly now: () => Date
}

interface AccessTokenRequest {
  readonly scope: readonly string[]
  readonly lifeSeconds: number
  readonly delegates: readonly string[]
}

const route = /^\/v1\/projects\/-\/serviceAccounts\/([^/:]+):generateAccessToken$/
const service = 'iamcredentials.googleapis.com'
const delegateName = /^projects\/-\/serviceAccounts\/([^/:]+)$/
/** Google's clients request one of them from the STS. */
const sufficientScopes = [cloudPlatform, 'https://www.googleapis.com/auth/iam']

export const iamCredentials =
  ({ accounts, tokens, services, now }: IamCredentialsNeeds): SandboxHandler =>
  ({ method, path, headers, body }) => {
    const email = route.exec(path)?.[1]
    if (method !== 'POST' || !email) return noSuchMethod
    const accessToken = /^Bearer (.+)$/i.exec(headers['authorization'] ?? '')?.[1]
    if (!accessToken) return missingCredential
    const caller = tokens.holderOf(accessToken)
    if (!caller) return invalidCredential
    if (!caller.scopes.some((scope) => sufficientScopes.includes(scope)))
      return insufficientScopes(service, 'google.iam.credentials.v1.IAMCredentials.GenerateAccessToken')
    const refusal = services.refusal(consumerOf(caller.member), service)
    if (refusal) return refusal.response
    const requested = parseRequest(body)
    if (!requested) return invalidArgument()
    if (!mayImpersonate(membersOf(caller), [...requested.delegates, email], accounts))
      return permissionDenied('iam.serviceAccounts.getAccessToken', service)
    if (requested.lifeSeconds > (accounts.find(email)?.maxLifetimeSeconds ?? 0)) return invalidArgument()

    const expiresAt = new Date((Math.floor(now().getTime() / 1000) + requested.lifeSeconds) * 1000)
    const minted = tokens.grant({ member: `serviceAccount:${email}`, scopes: requested.scope, expiresAt })
    return { status: 200, body: { accessToken: minted, expireTime: expiresAt.toISOString().replace('.000Z', 'Z') } }
  }

/** The project whose API is called: that of the caller's pool or service account. */
function consumerOf(member: string): string {
  const [, number] = /^principal:\/\/iam\.googleapis\.com\/projects\/(\d+)\//.exec(member) ?? []
  return number ?? /@(.+)\.iam\.gserviceaccount\.com$/.exec(member)?.[1] ?? ''
}

function parseRequest(body: Buffer): AccessTokenRequest | undefined {
  try {
    const { scope, lifetime, delegates } = JSON.parse(body.toString())
    const lifeSeconds = Number(/^(\d+)s$/.exec(lifetime ?? '3600s')?.[1]) // null means absent: the Python client sends it
    const emails = (delegates ?? []).map((delegate: string) => delegateName.exec(delegate)?.[1])
    const valid = Array.isArray(scope) && scope.length > 0 && lifeSeconds > 0 && emails.every(Boolean)
    return valid ? { scope, lifeSeconds, delegates: emails } : undefined
  } catch {
    return undefined // not JSON, or fields of another type: INVALID_ARGUMENT in both cases
  }
}

/** Each account of the chain must trust the previous one. */
function mayImpersonate(
  members: readonly string[],
  [email = '', ...rest]: string[],
  accounts: ServiceAccounts,
): boolean {
  if (!accounts.mayCreateTokens(email, members)) return false
  return rest.length === 0 || mayImpersonate([`serviceAccount:${email}`], rest, accounts)
}
