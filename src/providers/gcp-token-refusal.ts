/**
 * What the refusals of Google's token service mean, and what mends them. It answers most causes with `invalid_grant`, so its
 * sentence tells them apart; an unknown sentence is shown as it is.
 * https://cloud.google.com/iam/docs/troubleshooting-workload-identity-federation
 */
import { poolOf } from '../document/gcp-names.ts'
import type { GcpSettings } from '../document/gcp-settings.ts'
import type { SubjectToken } from '../identity/subject-token.ts'
import type { Refusal } from '../outside/answer-fault.ts'
import { asObject, asText } from '../outside/json-fields.ts'
import { quote } from '../outside/quote.ts'
import { shellQuote } from '../outside/shell-quote.ts'
import { accessRefusal, accessRefusalInWords } from './gcp-access-refusal.ts'
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

/** By full resource names: gcloud refuses a project number as --project. */
const describeProvider = (asked: Asked) =>
  `gcloud iam workload-identity-pools providers describe ${shellQuote(providerOf(asked))}`

const listProviders = (asked: Asked) =>
  `gcloud iam workload-identity-pools providers list ${shellQuote(`--workload-identity-pool=${poolOf(providerOf(asked))}`)}`

const idOf = ({ keyId }: SubjectToken) => (keyId === undefined ? '' : ` ${quote(keyId)}`)

const causes: readonly Cause[] = [
  {
    says: /^The audience in ID Token /,
    meaning: ({ subjectToken, audiences }) => ({
      code: 'AUDIENCE_REFUSED',
      expected: `provider and token to agree: the token is meant for ${subjectToken.audiences.map(quote).join(', ')}, pullpass knows ${audiences.map(quote).join(', ')}`,
      hint: "if the provider has allowed audiences, name one of them as the registry's audience",
    }),
  },
  {
    says: /^The issuer in ID Token /,
    meaning: ({ subjectToken }) => ({
      code: 'ISSUER_REFUSED',
      expected: `the provider's issuer URI to be exactly ${quote(subjectToken.issuer)}`,
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
      expected: `the published key${idOf(subjectToken)} to be the one that the cluster signs with`,
      hint: "publish the cluster's current JWKS (kubectl get --raw /openid/v1/jwks), or upload it to the provider anew",
    }),
  },
  {
    says: /^Error connecting to the given credential's issuer/,
    meaning: ({ subjectToken }) => ({
      code: 'ISSUER_UNREACHABLE',
      expected: `${subjectToken.issuer}/.well-known/openid-configuration and its JWKS, with key${idOf(subjectToken)}, readable by anybody`,
      hint: "publish the cluster's documents at its issuer's URL; after a key rotation, publish them anew",
      retryable: true,
    }),
  },
  {
    says: /^The given credential is rejected by the attribute condition/,
    meaning: (asked) => ({
      code: 'CONDITION_REFUSED',
      expected: `the provider's attribute condition to hold for subject ${asked.subjectToken.subject}`,
      hint: `see attributeCondition: ${describeProvider(asked)}`,
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
    says: /^Unable to parse the ID Token/,
    meaning: ({ subjectToken }) => ({
      code: 'EXCHANGE_REFUSED',
      expected: `a token that Google can read: a JWT signed with RS256 or ES256; this one names ${quote(subjectToken.algorithm ?? 'none')}`,
      hint: 'see what it is: pullpass inspect FILE; Kubernetes signs with the key of --service-account-signing-key-file',
    }),
  },
  {
    says: /^Scope\(s\) must be provided/,
    meaning: () => ({
      code: 'EXCHANGE_REFUSED',
      expected: 'at least one scope',
      hint: "name one in the registry's gcp.scopes, or leave scopes out: reading is the default",
    }),
  },
  {
    says: /^(invalid_target$|Invalid value for "audience")/,
    meaning: (asked) => ({
      code: 'PROVIDER_ABSENT',
      expected: `the pool and provider of ${providerOf(asked)} to exist and to be enabled`,
      hint: `compare it with: ${listProviders(asked)}`,
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
export function tokenRefusal(status: number, body: unknown, asked: Asked): Refusal | undefined {
  const error = asText(asObject(body)?.['error'])
  if (error === undefined) return accessRefusal(body)
  const sentence = asText(asObject(body)?.['error_description'])
  const message = sentence === undefined ? error : `${error}: ${sentence}`
  if (status >= 500) return { code: 'EXCHANGE_UNAVAILABLE', message, retryable: true }
  const access = sentence === undefined ? undefined : accessRefusalInWords(sentence)
  if (access !== undefined) return { ...access, message }
  const cause = causes.find(({ says }) => says.test(error) || (sentence !== undefined && says.test(sentence)))
  return { ...(cause?.meaning(asked) ?? unknownCause(asked)), message }
}

const unknownCause = (asked: Asked): Omit<Refusal, 'message'> => ({
  code: 'EXCHANGE_REFUSED',
  hint: `compare the token (pullpass inspect FILE) with its provider: ${describeProvider(asked)}`,
})
