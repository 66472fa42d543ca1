/**
 * Google's Security Token Service: `POST /v1/token`, a token exchange (RFC 8693 §2).
 * https://cloud.google.com/iam/docs/reference/sts/rest/v1/TopLevel/token
 */
import type { JSONWebKeySet } from 'jose'
import type { SandboxHandler, SandboxRequest, SandboxResponse } from '../../serve/handler.ts'
import type { AccessTokens } from '../access-tokens.ts'
import type { Refusal } from '../api-errors.ts'
import { type Provider, poolOf, principalOf, type WorkloadIdentity } from '../iam/workload-identity.ts'
import type { ProjectServices } from '../projects/projects.ts'
import { memberSets } from './map-attributes.ts'
import { verifySubjectToken } from './verify-subject-token.ts'

export interface SecurityTokenServiceNeeds {
  readonly identity: WorkloadIdentity
  readonly tokens: AccessTokens
  readonly services: ProjectServices
  readonly readKeys: (provider: Provider) => Promise<JSONWebKeySet>
  readonly now: () => Date
}

const accessTokenType = 'urn:ietf:params:oauth:token-type:access_token'
const subjectTokenTypes = ['urn:ietf:params:oauth:token-type:jwt', 'urn:ietf:params:oauth:token-type:id_token']
const providerName =
  /^\/\/iam\.googleapis\.com\/(projects\/\d+\/locations\/global\/workloadIdentityPools\/[^/]+\/providers\/[^/]+)$/
const maxLifeSeconds = 3600

export const securityTokenService =
  ({ identity, tokens, services, readKeys, now }: SecurityTokenServiceNeeds): SandboxHandler =>
  async (request) => {
    if (request.method !== 'POST' || request.path !== '/v1/token') return { status: 404, body: 'Not Found\n' }
    const fields = readFields(request)
    const refusal = fieldRefusal(fields)
    if (refusal) return refuse(refusal)
    const name = providerName.exec(fields.get('audience') ?? '')?.[1]
    if (!name) return refuse(invalidAudience)
    const denial = services.refusal(name.split('/')[1] ?? '', 'sts.googleapis.com')
    if (denial) return denial.response
    const provider = identity.activeProvider(name)
    if (!provider) return refuse(invalidTarget)

    const nowSeconds = Math.floor(now().getTime() / 1000)
    const read = () => readKeys(provider)
    const verdict = await verifySubjectToken(fields.get('subject_token') ?? '', provider, nowSeconds, read)
    if ('refusal' in verdict) return refuse(verdict.refusal)

    // A federated token never expires later than its subject token; within the tolerated clock skew it is valid for a second.
    const expiresIn = Math.max(1, Math.min(verdict.expiry - nowSeconds, maxLifeSeconds))
    const accessToken = tokens.grant({
      member: principalOf(name, verdict.identity.subject),
      sets: memberSets(poolOf(name), verdict.identity),
      scopes: (fields.get('scope') ?? '').split(' '),
      expiresAt: new Date((nowSeconds + expiresIn) * 1000),
    })
    return {
      status: 200,
      body: {
        access_token: accessToken,
        issued_token_type: accessTokenType,
        token_type: 'Bearer',
        expires_in: expiresIn,
      },
    }
  }

/** A form with snake_case fields, or JSON with camelCase fields. */
function readFields({ headers, body }: SandboxRequest): URLSearchParams {
  const isForm = (headers['content-type'] ?? '').startsWith('application/x-www-form-urlencoded')
  if (isForm) return new URLSearchParams(body.toString())
  try {
    const fields: [string, unknown][] = Object.entries(JSON.parse(body.toString()))
    return new URLSearchParams(Object.fromEntries(fields.map(([name, value]) => [snakeCase(name), String(value)])))
  } catch {
    return new URLSearchParams() // not JSON: the response then reports a missing field
  }
}

const snakeCase = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)

/** The messages for the three type fields are not confirmed; that for scope is. */
function fieldRefusal(fields: URLSearchParams): Refusal | undefined {
  if (fields.get('grant_type') !== 'urn:ietf:params:oauth:grant-type:token-exchange') return invalidField('grant_type')
  if (fields.get('requested_token_type') !== accessTokenType) return invalidField('requested_token_type')
  if (!subjectTokenTypes.includes(fields.get('subject_token_type') ?? '')) return invalidField('subject_token_type')
  if (!fields.get('scope')) return { error: 'invalid_request', error_description: 'Scope(s) must be provided.' }
  return undefined
}

const invalidField = (name: string): Refusal => ({
  error: 'invalid_request',
  error_description: `Invalid value for "${name}".`,
})

const invalidAudience: Refusal = {
  error: 'invalid_request',
  error_description:
    'Invalid value for "audience". This value should be the full resource name of the Identity Provider. ' +
    'See https://cloud.google.com/iam/docs/reference/sts/rest/v1/TopLevel/token for the list of possible formats.',
}

const invalidTarget: Refusal = {
  error: 'invalid_target',
  error_description:
    'The target service indicated by the "audience" parameters is invalid. This might either be because the pool or ' +
    "provider is disabled or deleted or because it doesn't exist.",
}

const refuse = (refusal: Refusal): SandboxResponse => ({ status: 400, body: refusal })

/** The response of the STS if a project's quota (6,000 per minute) is exhausted, to inject as a fault. */
export const stsQuotaExceeded: SandboxResponse = {
  status: 429,
  body: {
    error: 'quota_exceeded',
    error_description:
      'The request was throttled due to rate limit: sts.googleapis.com/requests. Please retry after a few seconds.',
  },
}
