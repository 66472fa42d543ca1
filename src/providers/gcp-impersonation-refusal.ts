/**
 * What the refusals of Google's IAM Credentials mean, and what mends them.
 * https://cloud.google.com/apis/design/errors for their shape
 */

import { gcloudAccount, principalOf } from '../document/gcp-names.ts'
import type { GcpSettings } from '../document/gcp-settings.ts'
import type { Refusal } from '../outside/answer-fault.ts'
import { asObject, asText } from '../outside/json-fields.ts'
import { shellQuote } from '../outside/shell-quote.ts'
import { accessRefusal } from './gcp-access-refusal.ts'

interface Asked {
  readonly settings: GcpSettings
  readonly email: string
  readonly subject: string
}

export function impersonationRefusal(status: number, body: unknown, asked: Asked): Refusal | undefined {
  const message = asText(asObject(asObject(body)?.['error'])?.['message'])
  if (message === undefined) return undefined
  return accessRefusal(body) ?? { ...meaningOf(status, asked), message }
}

type Meaning = Omit<Refusal, 'message'>

function meaningOf(status: number, asked: Asked): Meaning {
  if (status >= 500) return { code: 'EXCHANGE_UNAVAILABLE', retryable: true }
  if (status === 429) return quotaExceeded
  if (status === 401) return federatedTokenRefused
  if (status === 403) return denied(asked)
  if (status === 400) return argumentRefused(asked)
  return { code: 'EXCHANGE_REFUSED', hint: "see that the endpoint is Google's, or does as IAM Credentials does" }
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
