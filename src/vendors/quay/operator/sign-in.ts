/**
 * The operator's token at Quay, in the variable that its Terraform provider reads: an access token of an OAuth application of an
 * organization, with the scopes of its creator. https://github.com/enthought/terraform-provider-quay, docs/index.md
 */
import type { ServerToken } from '../../trust/token-api.ts'

/** `org:admin` and `repo:admin`, as the console of Quay names them. https://github.com/quay/quay: auth/scopes.py */
export const scopes = '"Administer Organization" and "Administer Repositories"'

export const operatorToken: ServerToken = {
  name: 'QUAY_TOKEN',
  service: 'Quay',
  domain: 'quay.io',
  server: 'QUAY_URL',
  form: /^[A-Za-z0-9_.+/=~-]{20,8000}$/,
  what: 'an access token',
  expected: `an access token of an OAuth application, created by an administrator of the organization with the scopes ${scopes}; not the token of a robot`,
  fix: {
    hint: 'in the console of Quay, create one under Applications of the organization, Generate Token; and set it',
  },
}
