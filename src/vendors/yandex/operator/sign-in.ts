/**
 * The operator's IAM token at Yandex Cloud, in the variable that its Terraform provider reads. It is valid for up to 12 hours, and is
 * not renewed. https://yandex.cloud/docs/iam/concepts/authorization/iam-token
 */
import type { TokenVariable } from '../../operator.ts'

/** For a shell: signs in as the account of the active profile of `yc`. */
export const signInCommand = 'export YC_TOKEN="$(yc iam create-token)"'

export const operatorToken: TokenVariable = {
  name: 'YC_TOKEN',
  service: 'Yandex Cloud',
  form: /^t[0-9]{1,3}\.[A-Za-z0-9_.=-]{20,8000}$/, // https://gitlab.com/gitlab-org/gitlab/-/issues/353039 has that of version 1
  what: 'an IAM token',
  expected:
    'an IAM token of your own account, which begins with t1.; an OAuth token and an authorized key are exchanged for one by yc',
  fix: { hint: 'sign in with yc, and set it', command: signInCommand },
}
