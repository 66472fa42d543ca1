/**
 * What Google's refusals mean, and what mends them. Google answers most causes with `invalid_grant`, so its sentence
 * tells them apart; an unknown sentence is shown as it is.
 * https://cloud.google.com/iam/docs/troubleshooting-workload-identity-federation
 */
import type { GcpSettings } from '../document/gcp-settings.ts'
import type { SubjectToken } from '../identity/subject-token.ts'
import type { Refusal } from '../outside/answer-fault.ts'
import type { RegistryOf } from './provider.ts'

interface Asked {
  readonly registry: RegistryOf<GcpSettings>
  readonly subjectToken: SubjectToken
  readonly audiences: readonly string[]
}

interface Cause {
  /** How the sentence, or the OAuth error word, begins. */
  readonly says: RegExp
  readonly meaning: (asked: Asked) => Omit<Refusal, 'message'>
}

const providerOf = ({ registry }: Asked) => registry.settings.workloadIdentityProvider

const causes: readonly Cause[] = [
  {
    says: /^The audience in ID Token /,
    meaning: ({ subjectToken, audiences }) => ({
      code: 'AUDIENCE_REFUSED',
      expected: `provider and token to agree: the token is meant for ${subjectToken.audiences.map((one) => JSON.stringify(one)).join(', ')}, pullpass knows ${audiences.map((one) => JSON.stringify(one)).join(', ')}`,
      hint: "if the provider has allowed audiences, name one of them as the registry's audience",
    }),
  },
  {
    says: /^The issuer in ID Token /,
    meaning: ({ subjectToken }) => ({
      code: 'ISSUER_REFUSED',
      expected: `the provider's issuer URI to be exactly ${JSON.stringify(subjectToken.issuer)}`,
      hint: "set the provider's issuer to that, or the cluster's --service-account-issuer to the provider's",
    }),
  },
  {
    says: /^ID Token issued at .* is stale/,
    meaning: ({ subjectToken }) => ({
      code: 'TOKEN_STALE',
      expected: `a token that Google's clock finds valid; this one expires at ${subjectToken.expiresAt.toISOString()}`,
      hint: "see that the cluster's and this machine's clocks are right, and that the token file is renewed (the kubelet does, of a projected volume)",
    }),
  },
  {
    says: /^Unable to verify the ID Token signature/,
    meaning: ({ subjectToken }) => ({
      code: 'SIGNATURE_REFUSED',
      expected: `the published key ${JSON.stringify(subjectToken.keyId)} to be the one that the cluster signs with`,
      hint: "publish the cluster's current JWKS (kubectl get --raw /openid/v1/jwks), or upload it to the provider anew",
    }),
  },
  {
    says: /^Error connecting to the given credential's issuer/,
    meaning: ({ subjectToken }) => ({
      code: 'ISSUER_UNREACHABLE',
      expected: `${subjectToken.issuer}/.well-known/openid-configuration and its JWKS, with key ${JSON.stringify(subjectToken.keyId)}, readable by anybody`,
      hint: "publish the cluster's documents at its issuer's URL; after a key rotation, publish them anew",
      retryable: true,
    }),
  },
  {
    says: /^The given credential is rejected by the attribute condition/,
    meaning: ({ subjectToken }) => ({
      code: 'CONDITION_REFUSED',
      expected: `the provider's attribute condition to hold for subject ${subjectToken.subject}`,
      hint: 'see attributeCondition: gcloud iam workload-identity-pools providers describe PROVIDER --location=global --workload-identity-pool=POOL',
    }),
  },
  {
    says: /^The size of mapped attribute google\.subject exceeds/,
    meaning: ({ subjectToken }) => ({
      code: 'SUBJECT_TOO_LONG',
      expected: `at most 127 bytes; ${subjectToken.subject} has ${Buffer.byteLength(subjectToken.subject)}`,
      hint: 'use a service account and namespace with shorter names, or map google.subject to a shorter attribute',
    }),
  },
  {
    says: /^(invalid_target$|Invalid value for "audience")/,
    meaning: (asked) => ({
      code: 'PROVIDER_ABSENT',
      expected: `the pool and provider of ${providerOf(asked)} to exist and to be enabled`,
      hint: 'compare it with: gcloud iam workload-identity-pools providers list --location=global --workload-identity-pool=POOL (the project by its number)',
    }),
  },
  {
    says: /^quota_exceeded$/,
    meaning: () => ({
      code: 'QUOTA_EXCEEDED',
      expected: "the project's token exchanges to stay within Google's quota",
      hint: 'nothing to do if it passes; raise the quota if it does not',
      retryable: true,
    }),
  },
]

/** @see https://www.rfc-editor.org/rfc/rfc6749#section-5.2 for the answer's shape */
export function tokenRefusal(body: unknown, asked: Asked): Refusal | undefined {
  const { error, error_description: sentence } = body as Record<string, unknown>
  if (typeof error !== 'string') return undefined
  const message = typeof sentence === 'string' ? `${error}: ${sentence}` : error
  const cause = causes.find(({ says }) => says.test(error) || (typeof sentence === 'string' && says.test(sentence)))
  return { ...(cause?.meaning(asked) ?? { code: 'EXCHANGE_REFUSED' }), message }
}

interface Impersonated {
  readonly settings: GcpSettings
  readonly email: string
  readonly subject: string
}

/** @see https://cloud.google.com/apis/design/errors for the answer's shape */
export function impersonationRefusal(status: number, body: unknown, asked: Impersonated): Refusal | undefined {
  const message = messageOf(body)
  if (message === undefined) return undefined
  if (status === 403) return { ...denied(asked), message }
  if (status === 429) return { code: 'QUOTA_EXCEEDED', message, retryable: true }
  if (status === 400 && asked.settings.lifetimeSeconds !== undefined) return { ...lifetimeRefused(asked), message }
  return { code: 'EXCHANGE_REFUSED', message }
}

function messageOf(body: unknown): string | undefined {
  const { error } = body as { error?: { message?: unknown } }
  return typeof error?.message === 'string' ? error.message : undefined
}

function denied({ settings, email, subject }: Impersonated): Omit<Refusal, 'message'> {
  const pool = settings.workloadIdentityProvider.replace(/\/providers\/[^/]+$/, '')
  const principal = `principal://iam.googleapis.com/${pool}/subject/${subject}`
  const via = settings.delegates ? `, or on the first of its delegates (${settings.delegates.join(', ')})` : ''
  return {
    code: 'IMPERSONATION_DENIED',
    expected: `${principal} to hold roles/iam.workloadIdentityUser on ${email}${via}`,
    hint: `gcloud iam service-accounts add-iam-policy-binding ${email} --role=roles/iam.workloadIdentityUser --member=${principal}; a new binding takes up to 5 minutes`,
  }
}

function lifetimeRefused({ settings, email }: Impersonated): Omit<Refusal, 'message'> {
  return {
    code: 'EXCHANGE_REFUSED',
    expected: `a lifetime that Google allows ${email}; asked was ${settings.lifetimeSeconds} s`,
    hint: 'over 1 h needs the organization policy constraints/iam.allowServiceAccountCredentialLifetimeExtension',
  }
}
