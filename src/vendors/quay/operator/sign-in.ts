/**
 * The operator's token at Quay, in the variable that its Terraform provider reads: an access token of an OAuth application of an
 * organization, with the scopes of its creator. https://github.com/enthought/terraform-provider-quay, docs/index.md
 */
import type { Environment } from '../../../http/context.ts'
import { configuringTrust, credentialsMissing, originVariable, type TokenVariable } from '../../operator.ts'

/** `org:admin` and `repo:admin`, as the console of Quay names them. https://github.com/quay/quay: auth/scopes.py */
export const scopes = '"Administer Organization" and "Administer Repositories"'

export const operatorToken: TokenVariable = {
  name: 'QUAY_TOKEN',
  service: 'Quay',
  form: /^[A-Za-z0-9_.+/=~-]{20,8000}$/,
  what: 'an access token',
  expected: `an access token of an OAuth application, created by an administrator of the organization with the scopes ${scopes}; not the token of a robot`,
  fix: {
    hint: 'in the console of Quay, create one under Applications of the organization, Generate Token; and set it',
  },
}

const serverVariable = 'QUAY_URL'

/**
 * A token is of one server, and is sent to no other one: to that of the variable, with which the Terraform provider names it, or else to
 * the only one of the documents. @throws TRUST_CREDENTIALS_MISSING, VARIABLE_INVALID
 */
export function checkServer(server: string, servers: 'one' | 'several', environment: Environment): void {
  const named = originVariable(environment, serverVariable, 'no path')
  if (named === server || (named === undefined && servers === 'one')) return
  throw credentialsMissing(
    named === undefined
      ? `the documents have robot accounts at several servers, and variable ${operatorToken.name} is a token of one`
      : `variable ${operatorToken.name} is a token of ${named}, the server in ${serverVariable}`,
    `a token of ${server}: it is sent to no other server`,
    `set both variables for ${server}, and run the command again; resources of other servers are reported`,
    configuringTrust,
  )
}
