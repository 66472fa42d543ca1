/**
 * The operator's IAM token at Yandex Cloud, in the variable that its Terraform provider reads. It is valid for up to 12 hours, and is
 * not renewed. https://yandex.cloud/docs/iam/concepts/authorization/iam-token
 */
import type { Environment } from '../../../http/context.ts'
import { Redacted } from '../../../text/redacted.ts'
import { configuringTrust, credentialsMissing } from '../../operator.ts'

const variable = 'YC_TOKEN'

/** For a shell: signs in as the account of the active profile of `yc`. */
export const signInCommand: string = `export ${variable}="$(yc iam create-token)"`

/** https://gitlab.com/gitlab-org/gitlab/-/issues/353039 has the form of version 1. */
const iamToken = /^t[0-9]{1,3}\.[A-Za-z0-9_.=-]{20,8000}$/

/** @throws TRUST_CREDENTIALS_MISSING */
export function operatorToken(environment: Environment): Redacted {
  const value = environment[variable]?.trim() ?? ''
  if (iamToken.test(value)) return new Redacted(value)
  const seen =
    value === ''
      ? `no credentials for Yandex Cloud were found: variable ${variable} is not set`
      : `variable ${variable} is not an IAM token`
  throw credentialsMissing(
    seen,
    'an IAM token of your own account, which begins with t1.; an OAuth token and an authorized key are exchanged for one by yc',
    { hint: 'sign in with yc, and set it', command: signInCommand },
    configuringTrust,
  )
}
