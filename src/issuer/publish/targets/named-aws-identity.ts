/**
 * Whom AWS's variables name. Half a name is an error: the library would pass it over, down to the machine's own role.
 * https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html
 */
import type { Environment } from '../../../outside/outside.ts'
import { checkNamedFile } from './check-named-file.ts'
import { checkNamedTogether, type NamedTogether } from './check-named-together.ts'

/**
 * `profile`: that profile and nobody else. `variables`: what the library finds by the variables, before it looks at the machine.
 * `default-profile`: in a pod, where the machine is a node, and its role is everybody's. `anybody`: on an operator's machine, the library's chain.
 */
export type NamedAwsIdentity = 'profile' | 'variables' | 'default-profile' | 'anybody'

const [key, secret, session] = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN']
const [role, webToken] = ['AWS_ROLE_ARN', 'AWS_WEB_IDENTITY_TOKEN_FILE']
const containers = ['AWS_CONTAINER_CREDENTIALS_FULL_URI', 'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI']
const containerToken = 'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE'

const together: readonly NamedTogether[] = [
  { there: key, needs: [secret] },
  { there: secret, needs: [key] },
  { there: session, needs: [key] },
  { there: webToken, needs: [role] },
  { there: role, needs: [webToken] },
  { there: containerToken, needs: containers },
]

/** @throws PUBLISH_CREDENTIALS_MISSING */
export async function namedAwsIdentity(environment: Environment): Promise<NamedAwsIdentity> {
  if (environment['AWS_PROFILE']) return 'profile'
  const hint = 'in a pod AWS_ROLE_ARN and AWS_WEB_IDENTITY_TOKEN_FILE; for yourself AWS_PROFILE alone'
  checkNamedTogether(environment, together, hint)
  await checkNamedFile(environment, webToken)
  await checkNamedFile(environment, containerToken)
  if ([key, webToken, ...containers].some((name) => environment[name])) return 'variables'
  return environment['KUBERNETES_SERVICE_HOST'] ? 'default-profile' : 'anybody'
}
