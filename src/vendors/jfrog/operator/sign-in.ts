/**
 * The operator's access token at JFrog, and the platform that it is of, in the variables that JFrog's Terraform provider reads.
 * https://registry.terraform.io/providers/jfrog/platform/latest/docs
 */
import type { ServerToken } from '../../trust/token-api.ts'

/** A JWT, or a reference token of 64 characters. */
export const operatorToken: ServerToken = {
  name: 'JFROG_ACCESS_TOKEN',
  service: 'JFrog',
  domain: undefined, // any customer can register NAME.jfrog.io
  server: 'JFROG_URL',
  form: /^[A-Za-z0-9._~+/=-]{32,8000}$/,
  what: 'an access token',
  expected: 'an access token of an administrator of the platform',
  fix: { hint: 'create one in Administration, User Management, Access Tokens, and set it' },
}
