/**
 * What the refusals of Google's IAM Credentials mean, and what mends them.
 * https://cloud.google.com/apis/design/errors for their shape
 */

import { accountParts, gcloudAccount, principalOf } from '../document/gcp-names.ts'
import type { GcpSettings } from '../document/gcp-settings.ts'
import type { Refusal } from '../outside/answer-fault.ts'
import { asList, asObject, asText } from '../outside/json-fields.ts'
import { shellQuote } from '../outside/shell-quote.ts'

interface Asked {
  readonly settings: GcpSettings
  readonly email: string
  readonly subject: string
}

export function impersonationRefusal(status: number, body: unknown, asked: Asked): Refusal | undefined {
  const error = asObject(asObject(body)?.['error'])
  const message = asText(error?.['message'])
  return message === undefined ? undefined : { ...meaningOf(status, reasonOf(error?.['details']), asked), message }
}

type Meaning = Omit<Refusal, 'message'>

function meaningOf(status: number, reason: string | undefined, asked: Asked): Meaning {
  if (status >= 500) return { code: 'EXCHANGE_UNAVAILABLE', retryable: true }
  if (status === 429) return quotaExceeded
  if (status === 401) return federatedTokenRefused
  if (status === 403 && reason === 'SERVICE_DISABLED') return serviceDisabled(asked)
  if (status === 403) return denied(asked)
  if (status === 400) return argumentRefused(asked)
  return { code: 'EXCHANGE_REFUSED', hint: "see that the endpoint is Google's, or does as IAM Credentials does" }
}

/** The ErrorInfo's word (google.rpc): what a 403 is about. */
function reasonOf(details: unknown): string | undefined {
  const reasons = asList(details).map((detail) => asText(asObject(detail)?.['reason']))
  return reasons.find((reason) => reason !== undefined)
}

/** With delegates the caller acts as the first of them, and each acts as the next. */
function denied({ settings, email, subject }: Asked): Meaning {
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

function serviceDisabled({ email }: Asked): Meaning {
  const project = accountParts(email)?.project ?? 'PROJECT_ID'
  return {
    code: 'IMPERSONATION_DENIED',
    expected: `the IAM Service Account Credentials API to be enabled in the project of ${email}`,
    hint: `it takes a few minutes: gcloud services enable iamcredentials.googleapis.com --project=${shellQuote(project)}`,
  }
}

function argumentRefused({ settings, email }: Asked): Meaning {
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
  hint: 'nothing to do if it passes; raise the quota if it does not',
  retryable: true,
}

const federatedTokenRefused: Meaning = {
  code: 'EXCHANGE_REFUSED',
  expected: 'the token that the token service granted a moment ago to be taken',
  hint: "see that both endpoints belong to one universe, and that this machine's clock is right",
}
