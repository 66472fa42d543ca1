/**
 * The operator's API key at Cloudsmith, in the variable that its Terraform provider and its command-line tool read. A token of a
 * service account, a JWT, is accepted in its place. https://docs.cloudsmith.com/accounts-and-teams/api-key
 */
import type { TokenVariable } from '../../operator.ts'

export const apiKey: TokenVariable = {
  name: 'CLOUDSMITH_API_KEY',
  service: 'Cloudsmith',
  form: /^[A-Za-z0-9._=-]{20,8192}$/,
  what: 'an API key',
  expected: 'an API key of your own account, or a token of a service account',
  fix: { hint: 'set it to your API key, which your user settings at Cloudsmith show' },
}
