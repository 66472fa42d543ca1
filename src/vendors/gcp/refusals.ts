/**
 * Causes and fixes of refusals of Google's token service. It reports most causes as `invalid_grant`, so they are distinguished by
 * the message; an unknown message is shown unchanged.
 * https://cloud.google.com/iam/docs/troubleshooting-workload-identity-federation
 */
import type { Refusal } from '../../http/request-errors.ts'
import type { SubjectToken } from '../../identity/subject-token.ts'
import { asObject, asText } from '../../text/json-fields.ts'
import { quote } from '../../text/plain-text.ts'
import { shellQuote } from '../../text/shell.ts'
import { rfc3339 } from '../../text/time.ts'
import { compareToken, showToken } from '../exchange-refusal.ts'
import type { RegistryOf } from '../vendor.ts'
import { accessRefusal, accessRefusalInWords } from './access-refusals.ts'
import { gcloudAccount, poolOf, principalOf } from './names.ts'
import type { GcpSettings } from './settings.ts'

interface RefusedRequest {
  readonly registry: RegistryOf<GcpSettings>
  readonly subjectToken: SubjectToken
  readonly audiences: readonly string[]
}

interface Cause {
  /** The start of the message, or of the OAuth error code. */
  readonly pattern: RegExp
  readonly meaning: (request: RefusedRequest) => Omit<Refusal, 'message'>
}

const providerOf = ({ registry }: RefusedRequest) => registry.settings.workloadIdentityProvider

/** With full resource names: gcloud refuses a project number as --project. */
const describeProvider = (request: RefusedRequest) =>
  `gcloud iam workload-identity-pools providers describe ${shellQuote(providerOf(request))}`

const listProviders = (request: RefusedRequest) =>
  `gcloud iam workload-identity-pools providers list ${shellQuote(`--workload-identity-pool=${poolOf(providerOf(request))}`)}`

const idOf = ({ keyId }: SubjectToken) => (keyId === undefined ? '' : ` ${quote(keyId)}`)

const causes: readonly Cause[] = [
  {
    pattern: /^The audience in ID Token /,
    meaning: ({ subjectToken, audiences }) => ({
      code: 'AUDIENCE_REFUSED',
      expected: `an audience that the provider accepts: the token has ${subjectToken.audiences.map(quote).join(', ')}, the registry ${audiences.map(quote).join(', ')}`,
      hint: "if the provider has allowed audiences, set one of them as the registry's audience",
    }),
  },
  {
    pattern: /^The issuer in ID Token /,
    meaning: ({ subjectToken }) => ({
      code: 'ISSUER_REFUSED',
      expected: `the provider's issuer URI to be exactly ${quote(subjectToken.issuer)}`,
      hint: "set the provider's issuer to that, or the cluster's --service-account-issuer to the provider's",
    }),
  },
  {
    pattern: /^ID Token issued at .* is stale/,
    meaning: ({ subjectToken }) => ({
      code: 'TOKEN_STALE',
      expected: `a token that is valid by Google's clock; this one expires at ${rfc3339(subjectToken.expiresAt)}`,
      hint: 'check the clocks of the cluster and of this machine, and that the token file is renewed (the kubelet renews projected tokens)',
    }),
  },
  {
    pattern: /^Unable to verify the ID Token signature/,
    meaning: ({ subjectToken }) => ({
      code: 'SIGNATURE_INVALID',
      expected: `the published key${idOf(subjectToken)} to be the signing key of the cluster`,
      hint: "publish the cluster's current JWKS, or upload it to the provider again; to print it",
      command: 'kubectl get --raw /openid/v1/jwks',
    }),
  },
  {
    pattern: /^Error connecting to the given credential's issuer/,
    meaning: ({ subjectToken }) => ({
      code: 'ISSUER_UNREACHABLE',
      expected: `${subjectToken.issuer}/.well-known/openid-configuration and its JWKS, with key${idOf(subjectToken)}, publicly readable`,
      hint: "publish the cluster's metadata at its issuer's URL; after a key rotation, publish it again; a revoked key is never published again: configure the API servers to sign with another key",
      retryable: true,
    }),
  },
  {
    pattern: /^The given credential is rejected by the attribute condition/,
    meaning: (request) => ({
      code: 'CONDITION_REFUSED',
      expected: `the provider's attribute condition to accept subject ${request.subjectToken.subject}`,
      hint: 'pullpass trust apply -f FILE adds the subject to a condition that lists subjects; check attributeCondition',
      command: describeProvider(request),
    }),
  },
  {
    pattern: /^The size of mapped attribute google\.subject exceeds/,
    meaning: ({ subjectToken }) => ({
      code: 'SUBJECT_TOO_LONG',
      expected: `at most 127 bytes; ${subjectToken.subject} has ${Buffer.byteLength(subjectToken.subject)}`,
      hint: 'use a service account and namespace with shorter names, or map google.subject to a shorter attribute',
    }),
  },
  {
    pattern: /^Unable to parse the ID Token/,
    meaning: ({ subjectToken }) => ({
      code: 'EXCHANGE_REFUSED',
      expected: `a JWT signed with RS256 or ES256; the algorithm of this one is ${quote(subjectToken.algorithm ?? 'none')}`,
      ...showToken('Kubernetes signs with the key in --service-account-signing-key-file; check the token'),
    }),
  },
  {
    pattern: /^Scope\(s\) must be provided/,
    meaning: () => ({
      code: 'EXCHANGE_REFUSED',
      expected: 'at least one scope',
      hint: "set one in the registry's gcp.scopes, or omit scopes: the default is read access",
    }),
  },
  {
    pattern: /^(invalid_target$|Invalid value for "audience")/,
    meaning: (request) => ({
      code: 'PROVIDER_NOT_FOUND',
      expected: `the pool and provider of ${providerOf(request)} to exist and to be enabled`,
      hint: 'compare with',
      command: listProviders(request),
    }),
  },
  {
    pattern: /^quota_exceeded$/,
    meaning: () => ({
      code: 'QUOTA_EXCEEDED',
      expected: "the project's token exchanges to stay within Google's quota",
      hint: 'no action if this is temporary; otherwise raise the quota',
      retryable: true,
    }),
  },
]

/** @see https://www.rfc-editor.org/rfc/rfc6749#section-5.2 for the form of the response */
export function tokenRefusal(status: number, body: unknown, request: RefusedRequest): Refusal | undefined {
  const error = asText(asObject(body)?.['error'])
  if (error === undefined) return accessRefusal(body)
  const sentence = asText(asObject(body)?.['error_description'])
  const message = sentence === undefined ? error : `${error}: ${sentence}`
  if (status >= 500) return { code: 'EXCHANGE_UNAVAILABLE', message, retryable: true }
  const access = sentence === undefined ? undefined : accessRefusalInWords(sentence)
  if (access !== undefined) return { ...access, message }
  const cause = causes.find(({ pattern }) => pattern.test(error) || (sentence !== undefined && pattern.test(sentence)))
  return { ...(cause?.meaning(request) ?? unknownCause(request)), message }
}

const unknownCause = (request: RefusedRequest): Omit<Refusal, 'message'> => ({
  code: 'EXCHANGE_REFUSED',
  ...compareToken('the provider', describeProvider(request)),
})

/**
 * Causes and fixes of refusals of Google's IAM Credentials.
 * https://cloud.google.com/apis/design/errors
 */
interface ImpersonationRequest {
  readonly settings: GcpSettings
  readonly email: string
  readonly subject: string
}

export function impersonationRefusal(
  status: number,
  body: unknown,
  request: ImpersonationRequest,
): Refusal | undefined {
  const message = asText(asObject(asObject(body)?.['error'])?.['message'])
  if (message === undefined) return undefined
  return accessRefusal(body) ?? { ...meaningOf(status, request), message }
}

type Meaning = Omit<Refusal, 'message'>

function meaningOf(status: number, request: ImpersonationRequest): Meaning {
  if (status >= 500) return { code: 'EXCHANGE_UNAVAILABLE', retryable: true }
  if (status === 429) return quotaExceeded
  if (status === 401) return federatedTokenRefused
  if (status === 403) return denied(request)
  if (status === 400) return argumentRefused(request)
  return { code: 'EXCHANGE_REFUSED', hint: 'check that the endpoint implements IAM Credentials' }
}

/** With delegates, the principal impersonates the first, and each impersonates the next. */
function denied({ settings, email, subject }: ImpersonationRequest): Meaning {
  const principal = principalOf(settings.workloadIdentityProvider, subject)
  const chain = [...(settings.delegates ?? []), email]
  const [first = email] = chain
  const others = chain.slice(1).map((account, index) => `${chain[index]} on ${account}`)
  const delegation = others.length === 0 ? '' : `, and roles/iam.serviceAccountTokenCreator: ${others.join(', ')}`
  return {
    code: 'IMPERSONATION_DENIED',
    expected: `${principal} to have roles/iam.workloadIdentityUser on ${first}${delegation}`,
    hint: 'a new grant takes up to 5 minutes to take effect; without a grant',
    command: grantCommand(first, principal),
  }
}

function grantCommand(email: string, principal: string): string {
  const granted = ['--role=roles/iam.workloadIdentityUser', `--member=${principal}`, '--condition=None']
  const words = [...gcloudAccount(email), ...granted].map(shellQuote).join(' ')
  return `gcloud iam service-accounts add-iam-policy-binding ${words}`
}

function argumentRefused({ settings, email }: ImpersonationRequest): Meaning {
  const { lifetimeSeconds } = settings
  if (lifetimeSeconds === undefined) {
    return {
      code: 'EXCHANGE_REFUSED',
      expected: `scopes and delegates that Google accepts for ${email}`,
      hint: "check the registry's gcp.scopes and gcp.delegates",
    }
  }
  return {
    code: 'EXCHANGE_REFUSED',
    expected: `a lifetime that Google allows for ${email}; requested: ${lifetimeSeconds} s`,
    hint: 'more than 1 h requires the organization policy constraints/iam.allowServiceAccountCredentialLifetimeExtension',
  }
}

const quotaExceeded: Meaning = {
  code: 'QUOTA_EXCEEDED',
  expected: "the project's calls of IAM Credentials to stay within Google's quota",
  hint: 'no action if this is temporary; otherwise raise the quota',
  retryable: true,
}

const federatedTokenRefused: Meaning = {
  code: 'EXCHANGE_REFUSED',
  expected: 'IAM Credentials to accept the token that the token service just issued',
  hint: "check that both endpoints belong to the same universe, and this machine's clock",
}
