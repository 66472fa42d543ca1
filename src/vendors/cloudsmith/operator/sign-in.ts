/**
 * The operator's API key at Cloudsmith, in the variable that its Terraform provider and its command-line tool read. A token of a
 * service account, a JWT, is accepted in its place. https://docs.cloudsmith.com/accounts-and-teams/api-key
 */
import type { ServerToken } from '../../trust/token-api.ts'

export const operatorToken: ServerToken = {
  name: 'CLOUDSMITH_API_KEY',
  service: 'Cloudsmith',
  domain: 'cloudsmith.io',
  server: 'CLOUDSMITH_API_HOST',
  form: /^[A-Za-z0-9._=-]{20,8192}$/,
  what: 'an API key',
  expected: 'an API key of your own account, or a token of a service account',
  fix: { hint: 'your user settings at Cloudsmith show your API key; set it' },
}
