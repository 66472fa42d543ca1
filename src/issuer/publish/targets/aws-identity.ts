/**
 * The operator's identity at AWS: the one that variables name, or on his own machine what its library finds.
 * https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html
 */
import type { S3ClientConfig } from '@aws-sdk/client-s3'
import { showValue } from '../../../document/show-value.ts'
import { keepRenewed } from '../../../outside/keep-renewed.ts'
import type { AwsRequestHandler } from './aws-request-handler.ts'
import { credentialsMissing } from './credentials-missing.ts'
import { namedAwsIdentity } from './named-aws-identity.ts'
import type { TargetOutside } from './target-outside.ts'

type Identity = Awaited<ReturnType<Extract<NonNullable<S3ClientConfig['credentials']>, () => unknown>>>

interface AwsConnection {
  readonly region: string
  readonly requestHandler: AwsRequestHandler
}

/** The library renews what it holds five minutes before its end: it is told an end so much after the time to renew. */
const libraryMarginMs = 300_000
/** What never expires, a user's own key, is read anew as well. */
const lastingLifeMs = 3_600_000

/** Renewed when half of its life is left. */
export function awsIdentity(
  library: typeof import('@aws-sdk/client-s3'),
  config: AwsConnection,
  outside: TargetOutside,
): () => Promise<Identity> {
  const granted = keepRenewed(async () => {
    const named = await namedAwsIdentity(outside.environment)
    const identity =
      named === 'profile' || named === 'default-profile'
        ? await identityOfProfile(outside.environment['AWS_PROFILE'], config)
        : // A client of its own each time: one keeps what it was granted.
          await new library.S3Client(config).config.credentials()
    const expiresAt = identity.expiration ?? new Date(outside.now().getTime() + lastingLifeMs)
    return { identity, expiresAt }
  }, outside)
  return async () => {
    const { identity, renewAt } = await granted()
    return { ...identity, expiration: new Date(renewAt.getTime() + libraryMarginMs) }
  }
}

/** By itself, and not as a part of the library's chain, which goes on from a profile that is absent or empty to the machine's role. */
async function identityOfProfile(profile: string | undefined, config: AwsConnection): Promise<Identity> {
  const { fromIni } = await import('@aws-sdk/credential-provider-ini')
  try {
    return await fromIni({ ...(profile && { profile }), parentClientConfig: { ...config }, ignoreCache: true })()
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'CredentialsProviderError') throw error
    throw profile ? profileEmpty(profile) : nobodyInPod()
  }
}

const profileEmpty = (profile: string) =>
  credentialsMissing(
    `AWS_PROFILE names ${showValue(profile)}, and AWS's library finds no credentials by it in ~/.aws`,
    'a profile that leads to credentials; no other identity is tried in its place',
    'aws configure list-profiles names those that are there; then aws sso login, or aws configure',
  )

const nobodyInPod = () =>
  credentialsMissing(
    'no variable of this pod names an identity at AWS, and the role of its node is not used',
    "the pod's own identity",
    'AWS_ROLE_ARN and AWS_WEB_IDENTITY_TOKEN_FILE, or an association of EKS Pod Identity with its service account; pullpass manifests --publish-as ROLE_ARN prints the first',
  )
