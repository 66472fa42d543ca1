/**
 * The operator's identity at AWS: the one that variables name, or on his own machine what its library finds.
 * https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html
 */
import type { S3ClientConfig } from '@aws-sdk/client-s3'
import { showValue } from '../../../document/show-value.ts'
import { faultUnder, PullpassError } from '../../../errors/pullpass-error.ts'
import { systemErrorCode } from '../../../host/read-file.ts'
import type { Environment } from '../../../http/context.ts'
import { keepRenewed } from '../../../http/renewed-token.ts'
import { asObject, asText } from '../../../text/json-fields.ts'
import { quote } from '../../../text/plain-text.ts'
import type { Redacted } from '../../../text/redacted.ts'
import { checkNamedFile, checkNamedTogether, credentialsMissing, type NamedTogether } from '../../operator-variables.ts'
import type { TargetContext } from '../../store.ts'
import { type StoreRefusal, storeFault } from '../../store-errors.ts'
import { writeGrant } from '../write-grant.ts'
import type { AwsRequestHandler } from './request-handler.ts'

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
  context: TargetContext,
): () => Promise<Identity> {
  const granted = keepRenewed(async () => {
    const named = await namedAwsIdentity(context.environment)
    const identity =
      named === 'profile' || named === 'default-profile'
        ? await identityOfProfile(context.environment['AWS_PROFILE'], config)
        : // A client of its own each time: one keeps what it was granted.
          await new library.S3Client(config).config.credentials()
    const expiresAt = identity.expiration ?? new Date(context.now().getTime() + lastingLifeMs)
    return { identity, expiresAt }
  }, context)
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
    throw profile ? profileEmpty(profile) : noneInPod()
  }
}

const profileEmpty = (profile: string) =>
  credentialsMissing(
    `AWS_PROFILE names ${showValue(profile)}, and AWS's library finds no credentials by it in ~/.aws`,
    'a profile that leads to credentials; no other identity is tried instead',
    'aws configure list-profiles names those that are there; then aws sso login, or aws configure',
  )

const noneInPod = () =>
  credentialsMissing(
    'no variable of this pod names an identity at AWS, and the role of its node is not used',
    "the pod's own identity",
    'AWS_ROLE_ARN and AWS_WEB_IDENTITY_TOKEN_FILE, or an association of EKS Pod Identity with its service account; pullpass manifests --publish-as ROLE_ARN prints the first',
  )

// Whom AWS's variables name. Half a name is an error: the library would pass it over, down to the machine's own role.
// https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html

/**
 * `profile`: only that profile. `variables`: what the library finds by the variables, before it looks at the machine.
 * `default-profile`: in a pod, where the machine is a node, and its role is shared by all pods. `library-chain`: on an operator's machine, the library's chain.
 */
type NamedAwsIdentity = 'profile' | 'variables' | 'default-profile' | 'library-chain'

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
  const hint = 'in a pod AWS_ROLE_ARN and AWS_WEB_IDENTITY_TOKEN_FILE; for yourself AWS_PROFILE alone'
  checkNamedTogether(environment, together, hint)
  await checkNamedFile(environment, webToken)
  await checkNamedFile(environment, containerToken)
  if ([key, webToken, ...containers].some((name) => environment[name])) return 'variables'
  return environment['KUBERNETES_SERVICE_HOST'] ? 'default-profile' : 'library-chain'
}

// What AWS's library threw, in words. Its errors hold the response, and some the request: known fields are taken, no cause is kept.

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html */
export function awsFault(
  error: unknown,
  target: {
    readonly name: string
    readonly bucket: string
    readonly path: string
    readonly secrets: Iterable<Redacted>
  },
  doing: StoreRefusal['doing'],
): PullpassError {
  const { name, bucket, path, secrets } = target
  const known = faultUnder(error)
  if (known !== undefined) return known
  const said = asObject(error)
  const code = error instanceof Error ? error.name : ''
  if (code === 'CredentialsProviderError' || code === 'TokenProviderError') return noCredentials()
  const status = asObject(said?.['$metadata'])?.['httpStatusCode']
  if (typeof status !== 'number') return unknownFault(name, systemErrorCode(error) ?? code)
  const message = [code, asText(said?.['message'])].filter((word) => word).join(': ')
  // Its token service says 400 of an identity that it does not take.
  const refusedIdentity = ['InvalidIdentityToken', 'ExpiredTokenException', 'IDPRejectedClaim', 'ExpiredToken']
  return storeFault({
    service: 'AWS',
    target: name,
    doing,
    status: refusedIdentity.includes(code) ? 403 : status,
    message,
    secrets,
    hints: {
      denied: writeGrant({ bucket, path }, 'the operator'),
      missing: `aws s3api create-bucket --bucket ${bucket}; strangers read it by a bucket policy that allows s3:GetObject`,
    },
  })
}

const noCredentials = () =>
  credentialsMissing(
    "no credentials for AWS were found by its library's chain: variables, profile, web identity, container, machine",
    "the operator's credentials in one of these places; one that is named and fails is not passed over",
    'aws sso login or aws configure, and AWS_PROFILE; in a pod AWS_ROLE_ARN and AWS_WEB_IDENTITY_TOKEN_FILE; on a machine of AWS a role',
  )

const unknownFault = (name: string, code: string) =>
  new PullpassError({
    code: 'PUBLISH_REFUSED',
    hop: 'publish',
    seen: `AWS's library could not ask for ${name}: ${quote(code)}`,
    expected: 'a request that it can make',
    hint: 'see the variables and the profile that it reads: aws configure list',
  })
