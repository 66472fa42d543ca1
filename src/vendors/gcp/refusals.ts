/**
 * What the refusals of Google's token service mean, and what mends them. It reports most causes as `invalid_grant`, so its
 * sentence tells them apart; an unknown sentence is shown as it is.
 * https://cloud.google.com/iam/docs/troubleshooting-workload-identity-federation
 */
import type { Refusal } from '../../http/request-errors.ts'
import type { SubjectToken } from '../../identity/subject-token.ts'
import { asObject, asText } from '../../text/json-fields.ts'
import { quote, rfc3339, shellQuote } from '../../text/plain-text.ts'
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
  /** How the sentence, or the OAuth error word, begins. */
  readonly pattern: RegExp
  readonly meaning: (asked: RefusedRequest) => Omit<Refusal, 'message'>
}

const providerOf = ({ registry }: RefusedRequest) => registry.settings.workloadIdentityProvider

/** By full resource names: gcloud refuses a project number as --project. */
const describeProvider = (asked: RefusedRequest) =>
  `gcloud iam workload-identity-pools providers describe ${shellQuote(providerOf(asked))}`

const listProviders = (asked: RefusedRequest) =>
  `gcloud iam workload-identity-pools providers list ${shellQuote(`--workload-identity-pool=${poolOf(providerOf(asked))}`)}`

const idOf = ({ keyId }: SubjectToken) => (keyId === undefined ? '' : ` ${quote(keyId)}`)

const causes: readonly Cause[] = [
  {
    pattern: /^The audience in ID Token /,
    meaning: ({ subjectToken, audiences }) => ({
      code: 'AUDIENCE_REFUSED',
      expected: `provider and token to agree: the token is meant for ${subjectToken.audiences.map(quote).join(', ')}, pullpass knows ${audiences.map(quote).join(', ')}`,
      hint: "if the provider has allowed audiences, name one of them as the registry's audience",
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
      expected: `a token that Google's clock finds valid; this one expires at ${rfc3339(subjectToken.expiresAt)}`,
      hint: "see that the cluster's and this machine's clocks are right, and that the token file is renewed (the kubelet does, of a projected volume)",
    }),
  },
  {
    pattern: /^Unable to verify the ID Token signature/,
    meaning: ({ subjectToken }) => ({
      code: 'SIGNATURE_INVALID',
      expected: `the published key${idOf(subjectToken)} to be the one that the cluster signs with`,
      hint: "publish the cluster's current JWKS (kubectl get --raw /openid/v1/jwks), or upload it to the provider again",
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
    meaning: (asked) => ({
      code: 'CONDITION_REFUSED',
      expected: `the provider's attribute condition to hold for subject ${asked.subjectToken.subject}`,
      hint: `pullpass trust apply -f FILE adds the subject to a condition that lists subjects; see attributeCondition: ${describeProvider(asked)}`,
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
      expected: `a token that Google can read: a JWT signed with RS256 or ES256; this one names ${quote(subjectToken.algorithm ?? 'none')}`,
      hint: 'see what it is: pullpass inspect FILE; Kubernetes signs with the key of --service-account-signing-key-file',
    }),
  },
  {
    pattern: /^Scope\(s\) must be provided/,
    meaning: () => ({
      code: 'EXCHANGE_REFUSED',
      expected: 'at least one scope',
      hint: "name one in the registry's gcp.scopes, or leave scopes out: reading is the default",
    }),
  },
  {
    pattern: /^(invalid_target$|Invalid value for "audience")/,
    meaning: (asked) => ({
      code: 'PROVIDER_NOT_FOUND',
      expected: `the pool and provider of ${providerOf(asked)} to exist and to be enabled`,
      hint: `compare it with: ${listProviders(asked)}`,
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

/** @see https://www.rfc-editor.org/rfc/rfc6749#section-5.2 for the response's shape */
export function tokenRefusal(status: number, body: unknown, asked: RefusedRequest): Refusal | undefined {
  const error = asText(asObject(body)?.['error'])
  if (error === undefined) return accessRefusal(body)
  const sentence = asText(asObject(body)?.['error_description'])
  const message = sentence === undefined ? error : `${error}: ${sentence}`
  if (status >= 500) return { code: 'EXCHANGE_UNAVAILABLE', message, retryable: true }
  const access = sentence === undefined ? undefined : accessRefusalInWords(sentence)
  if (access !== undefined) return { ...access, message }
  const cause = causes.find(({ pattern }) => pattern.test(error) || (sentence !== undefined && pattern.test(sentence)))
  return { ...(cause?.meaning(asked) ?? unknownCause(asked)), message }
}

const unknownCause = (asked: RefusedRequest): Omit<Refusal, 'message'> => ({
  code: 'EXCHANGE_REFUSED',
  hint: `compare the token (pullpass inspect FILE) with its provider: ${describeProvider(asked)}`,
})

/**
 * What the refusals of Google's IAM Credentials mean, and what mends them.
 * https://cloud.google.com/apis/design/errors for their shape
 */
interface ImpersonationRequest {
  readonly settings: GcpSettings
  readonly email: string
  readonly subject: string
}

export function impersonationRefusal(status: number, body: unknown, asked: ImpersonationRequest): Refusal | undefined {
  const message = asText(asObject(asObject(body)?.['error'])?.['message'])
  if (message === undefined) return undefined
  return accessRefusal(body) ?? { ...meaningOf(status, asked), message }
}

type Meaning = Omit<Refusal, 'message'>

function meaningOf(status: number, asked: ImpersonationRequest): Meaning {
  if (status >= 500) return { code: 'EXCHANGE_UNAVAILABLE', retryable: true }
  if (status === 429) return quotaExceeded
  if (status === 401) return federatedTokenRefused
  if (status === 403) return denied(asked)
  if (status === 400) return argumentRefused(asked)
  return { code: 'EXCHANGE_REFUSED', hint: "see that the endpoint is Google's, or does as IAM Credentials does" }
}

/** With delegates the caller acts as the first of them, and each acts as the next. */
function denied({ settings, email, subject }: ImpersonationRequest): Meaning {
  const principal = principalOf(settings.workloadIdentityProvider, subject)
  const chain = [...(settings.delegates ?? []), email]
  const [first = email] = chain
  const others = chain.slice(1).map((account, index) => `${chain[index]} on ${account}`)
  const delegation = others.length === 0 ? '' : `, and roles/iam.serviceAccountTokenCreator: ${others.join(', ')}`
  return {
    code: 'IMPERSONATION_DENIED',
    expected: `${principal} to hold roles/iam.workloadIdentityUser on ${first}${delegation}`,
    hint: `a new grant takes up to 5 minutes; where there is none: ${grantCommand(first, principal)}`,
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
      expected: `scopes and delegates that Google knows, for ${email}`,
      hint: "see the registry's gcp.scopes and gcp.delegates",
    }
  }
  return {
    code: 'EXCHANGE_REFUSED',
    expected: `a lifetime that Google allows ${email}; asked was ${lifetimeSeconds} s`,
    hint: 'over 1 h needs the organization policy constraints/iam.allowServiceAccountCredentialLifetimeExtension',
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
  expected: 'the token that the token service granted a moment ago to be taken',
  hint: "see that both endpoints belong to one universe, and that this machine's clock is right",
}
