/**
 * The operator's access token at JFrog, and the platform that it is of, in the variables that JFrog's Terraform provider reads.
 * https://registry.terraform.io/providers/jfrog/platform/latest/docs
 */
import { PullpassError } from '../../../errors/pullpass-error.ts'
import type { Environment } from '../../../http/context.ts'
import { quote } from '../../../text/plain-text.ts'
import { type TokenVariable, tokenIn } from '../../operator.ts'

/** A JWT, or a reference token of 64 characters. */
export const tokenVariable: TokenVariable = {
  name: 'JFROG_ACCESS_TOKEN',
  service: 'JFrog',
  form: /^[A-Za-z0-9._~+/=-]{32,8000}$/,
  what: 'an access token',
  expected: 'an access token of an administrator of the platform',
  fix: { hint: 'create one in Administration, User Management, Access Tokens, and set it: export JFROG_ACCESS_TOKEN' },
}

/** The token is sent only to the platform of the document. @throws TRUST_CREDENTIALS_MISSING */
export function checkOperator(environment: Environment, url: string): void {
  tokenIn(environment, tokenVariable)
  const named = environment['JFROG_URL']?.trim() ?? ''
  if (named === '' || URL.parse(named)?.origin === new URL(url).origin) return
  throw new PullpassError({
    code: 'TRUST_CREDENTIALS_MISSING',
    hop: 'trust',
    seen: `JFROG_URL is ${quote(named)}, and the documents are of ${url}: JFROG_ACCESS_TOKEN was not sent there`,
    expected: 'the token of the platform that the documents name',
    hint: `set JFROG_ACCESS_TOKEN to a token of ${url}, and JFROG_URL to it or to nothing`,
  })
}
