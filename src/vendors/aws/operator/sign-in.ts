/**
 * The operator's AWS identity: the one that environment variables name, or on the operator's machine the one that the library finds.
 * https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html
 */
import type { S3ClientConfig } from '@aws-sdk/client-s3'
import { showValue } from '../../../document/show-value.ts'
import type { PullpassError } from '../../../errors/pullpass-error.ts'
import type { Environment } from '../../../http/context.ts'
import { keepRenewed } from '../../../http/renewed-token.ts'
import {
  checkNamedFile,
  checkNamedTogether,
  credentialsMissing,
  type NamedTogether,
  type OperatorCredential,
} from '../../operator.ts'
import type { TargetContext } from '../../store.ts'
import type { AwsRequestHandler } from './library-transport.ts'

type Identity = Awaited<ReturnType<Extract<NonNullable<S3ClientConfig['credentials']>, () => unknown>>>

interface AwsConnection {
  readonly region: string
  readonly requestHandler: AwsRequestHandler
}

/** The library renews credentials five minutes before they expire; the expiry passed to it is this long after the renewal time. */
const libraryMarginMs = 300_000
/** How long a credential without an expiry, such as a user's access key, is used before it is read again. */
const lastingLifeMs = 3_600_000

export function awsIdentity(config: AwsConnection, context: TargetContext): () => Promise<Identity> {
  const granted: OperatorCredential<{ identity: Identity; expiresAt: Date }> = keepRenewed(async () => {
    const identity = await readIdentity(config, context.environment)
    const expiresAt = identity.expiration ?? new Date(context.now().getTime() + lastingLifeMs)
    return { identity, expiresAt }
  }, context)
  return async () => {
    const { identity, renewAt } = await granted()
    return { ...identity, expiration: new Date(renewAt.getTime() + libraryMarginMs) }
  }
}

async function readIdentity(config: AwsConnection, environment: Environment): Promise<Identity> {
  const named = await namedAwsIdentity(environment)
  if (named === 'access-key') return accessKeyIn(environment)
  if (named !== 'variables' && named !== 'library-chain')
    return await identityOfProfile(environment['AWS_PROFILE'], config)
  const { S3Client } = await import('@aws-sdk/client-s3')
  // A new client each time, since a client caches its credentials.
  return await new S3Client(config).config.credentials()
}

/** The first credentials of the library's chain, read without the library. */
function accessKeyIn(environment: Environment): Identity {
  const token = environment[session]
  return {
    accessKeyId: environment[key] ?? '',
    secretAccessKey: environment[secret] ?? '',
    ...(token && { sessionToken: token }),
  }
}

/** Without the library's chain, which uses the machine's role if the profile does not exist or is empty. */
async function identityOfProfile(profile: string | undefined, config: AwsConnection): Promise<Identity> {
  const { fromIni } = await import('@aws-sdk/credential-provider-ini')
  try {
    return await fromIni({ ...(profile && { profile }), parentClientConfig: { ...config }, ignoreCache: true })()
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'CredentialsProviderError') throw error
    throw profile ? profileEmpty(profile) : noneInPod()
  }
}

const profileEmpty = (profile: string) =>
  credentialsMissing(
    `AWS_PROFILE is ${showValue(profile)}, and AWS's library finds no credentials of this profile in ~/.aws`,
    'a profile with credentials; no other identity is used instead',
    {
      hint: 'sign in with aws sso login or aws configure; to list the profiles',
      command: 'aws configure list-profiles',
    },
  )

const noneInPod = () =>
  credentialsMissing(
    'no variable of this pod names an AWS identity, and the role of its node is not used',
    "the pod's own identity",
    'set AWS_ROLE_ARN and AWS_WEB_IDENTITY_TOKEN_FILE (pullpass manifests --publish-as ROLE_ARN prints them), or an EKS Pod Identity association of its service account',
  )

// The identity that AWS's variables name. An incomplete one is an error: the library would skip it and use the machine's role.
// https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html

/**
 * `profile`: only that profile. `access-key`, `variables`: the identity that the variables name. `default-profile`: in a pod, since the role of
 * the node is shared by all pods. `library-chain`: the library's chain, on an operator's machine.
 */
type NamedAwsIdentity = 'profile' | 'access-key' | 'variables' | 'default-profile' | 'library-chain'

const [key, secret, session] = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN']
const [role, webToken] = ['AWS_ROLE_ARN', 'AWS_WEB_IDENTITY_TOKEN_FILE']
const containers = ['AWS_CONTAINER_CREDENTIALS_FULL_URI', 'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI']
const containerToken = 'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE'

const together: readonly NamedTogether[] = [
  { variable: key, needs: [secret] },
  { variable: secret, needs: [key] },
  { variable: session, needs: [key] },
  { variable: webToken, needs: [role] },
  { variable: role, needs: [webToken] },
  { variable: containerToken, needs: containers },
]

/** @throws PUBLISH_CREDENTIALS_MISSING */
async function namedAwsIdentity(environment: Environment): Promise<NamedAwsIdentity> {
  if (environment['AWS_PROFILE']) return 'profile'
  const hint = 'in a pod set AWS_ROLE_ARN and AWS_WEB_IDENTITY_TOKEN_FILE; on your machine only AWS_PROFILE'
  checkNamedTogether(environment, together, hint)
  await checkNamedFile(environment, webToken)
  await checkNamedFile(environment, containerToken)
  if (environment[key]) return 'access-key'
  if ([webToken, ...containers].some((name) => environment[name])) return 'variables'
  return environment['KUBERNETES_SERVICE_HOST'] ? 'default-profile' : 'library-chain'
}

export const noCredentials = (): PullpassError =>
  credentialsMissing(
    "no credentials for AWS were found by its library's chain: variables, profile, web identity, container, machine",
    "the operator's credentials in one of these places; if one is named and fails, no other is used",
    {
      hint: 'in a pod set AWS_ROLE_ARN and AWS_WEB_IDENTITY_TOKEN_FILE; on a machine of AWS assign a role; on your machine set AWS_PROFILE, and sign in',
      command: 'aws sso login',
    },
  )
