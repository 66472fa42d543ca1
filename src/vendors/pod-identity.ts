/**
 * As whom a pod publishes: as itself, by a token of its own account that the cloud's library exchanges, so that no key is
 * needed to publish keys.
 * https://google.aip.dev/auth/4117, https://docs.aws.amazon.com/sdkref/latest/guide/access-assume-role-web-identity.html,
 * https://learn.microsoft.com/azure/aks/workload-identity-overview
 */
import { posix } from 'node:path'
import type { DocumentRegistry } from '../document/document.ts'
import { brokenRule } from '../document/field-rules.ts'
import { principalOf, serviceAccountEmail } from '../document/gcp-names.ts'
import type { GcpSettings } from '../document/gcp-settings.ts'
import { showValue } from '../document/show-value.ts'
import { PullpassError } from '../errors/pullpass-error.ts'
import { iamCredentialsEndpoint, stsEndpoint } from './gcp/endpoints.ts'
import { parseTarget, type TargetName } from './parse-target.ts'
import { azureGrant, gcsGrant, s3Grant } from './write-grant.ts'

export interface PodIdentity {
  /** What the pod's token is meant for. */
  readonly audience: string
  /** The token's name in the folder. */
  readonly file: string
  /** What the cloud's library reads. */
  readonly variables: Readonly<Record<string, string>>
  /** What lies beside the token, by name; nothing of it is secret. */
  readonly files: Readonly<Record<string, string>>
  /** What to grant at the cloud, a sentence for each target. */
  readonly grants: readonly string[]
}

export interface PodIdentityWanted {
  /** `gs://BUCKET/PATH`, as documents name them; all of one cloud. */
  readonly targets: readonly string[]
  /** Of these documents: at Google, the provider that believes this cluster stands there. */
  readonly registries: readonly DocumentRegistry[]
  readonly as: PublishAs
  /** Of the pod's token: `system:serviceaccount:NAMESPACE:NAME`. */
  readonly subject: string
  /** Where its token and files lie in the pod. */
  readonly folder: string
}

/** Undefined where nobody said as whom. */
export function podIdentity(cloud: keyof PublishAs, wanted: PodIdentityWanted): PodIdentity | undefined {
  return { google: googleIdentity, aws: awsIdentity, azure: azureIdentity }[cloud](wanted)
}

const credentialFile = 'google-credentials.json'

function googleIdentity({ targets, registries, as, subject, folder }: PodIdentityWanted): PodIdentity | undefined {
  const registry = registries.find((one) => one.provider === 'gcp')
  const settings = registry?.settings ?? providerAmong(targets.map(parseTarget))
  if (settings === undefined) return undefined
  const { workloadIdentityProvider } = settings
  const provider = `//iam.googleapis.com/${workloadIdentityProvider}`
  const credentials = {
    type: 'external_account',
    audience: provider,
    subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
    token_url: `${stsEndpoint(settings, {})}/v1/token`,
    credential_source: { file: posix.join(folder, 'google') },
    ...(as.google !== undefined && {
      service_account_impersonation_url: `${iamCredentialsEndpoint(settings, {})}/v1/projects/-/serviceAccounts/${as.google}:generateAccessToken`,
    }),
  }
  const principal = principalOf(workloadIdentityProvider, subject)
  return {
    audience: registry?.audience ?? provider,
    file: 'google',
    variables: {
      GOOGLE_APPLICATION_CREDENTIALS: posix.join(folder, credentialFile),
      // A file names no universe of its own: the environment does.
      ...(settings.universeDomain !== undefined && { GOOGLE_CLOUD_UNIVERSE_DOMAIN: settings.universeDomain }),
    },
    files: { [credentialFile]: `${JSON.stringify(credentials, undefined, 2)}\n` },
    grants: [
      ...targets.map((target) =>
        googleGrant(parseTarget(target), as.google === undefined ? principal : `serviceAccount:${as.google}`),
      ),
      ...(as.google === undefined ? [] : [`${as.google}: roles/iam.workloadIdentityUser for ${principal}`]),
    ],
  }
}

function providerAmong(targets: readonly TargetName[]): GcpSettings | undefined {
  const target = targets.find((one) => one.kind === 'gcp-provider')
  return target && { workloadIdentityProvider: target.provider }
}

/** The role on pools cannot be limited to one: it applies to every pool of the project. */
function googleGrant(target: TargetName, member: string): string {
  if (target.kind === 'gs') return gcsGrant(target, member)
  const provider = target.kind === 'gcp-provider' ? target.provider : ''
  const project = provider.split('/')[1] ?? ''
  return `gcp-provider:${provider}: roles/iam.workloadIdentityPoolAdmin for ${member} on project ${project}, which must hold the pools of this cluster alone: the role applies to all of them`
}

function awsIdentity({ targets, as, subject, folder }: PodIdentityWanted): PodIdentity | undefined {
  const { aws: arn } = as
  if (arn === undefined) return undefined
  const audience = 'sts.amazonaws.com'
  return {
    audience,
    file: 'aws',
    variables: { AWS_ROLE_ARN: arn, AWS_WEB_IDENTITY_TOKEN_FILE: posix.join(folder, 'aws') },
    files: {},
    grants: [
      ...targets.map(parseTarget).flatMap((target) => (target.kind === 's3' ? [s3Grant(target, arn)] : [])),
      `${arn}: to trust the cluster's issuer for ${subject}, audience ${audience}`,
    ],
  }
}

function azureIdentity({ targets, as, subject, folder }: PodIdentityWanted): PodIdentity | undefined {
  if (as.azure === undefined) return undefined
  const audience = 'api://AzureADTokenExchange'
  const { tenantId, clientId } = as.azure
  return {
    audience,
    file: 'azure',
    variables: {
      AZURE_TENANT_ID: tenantId,
      AZURE_CLIENT_ID: clientId,
      AZURE_FEDERATED_TOKEN_FILE: posix.join(folder, 'azure'),
    },
    files: {},
    grants: [
      ...targets.map(parseTarget).flatMap((target) => (target.kind === 'azblob' ? azureGrants(target, clientId) : [])),
      `${clientId}: a federated credential for ${subject} of the cluster's issuer, audience ${audience}`,
    ],
  }
}

function azureGrants(target: Extract<TargetName, { kind: 'azblob' }>, clientId: string): string[] {
  const shared = `container ${target.container} must be this cluster's alone: the role applies to all of it`
  return [azureGrant(target, clientId, `RESOURCE_ID_OF/${target.account}`), ...(target.path === '' ? [] : [shared])]
}

/** As whom a pod publishes, at each cloud: what no document says. */
export interface PublishAs {
  /** A service account's e-mail address; absent: the pod's own principal. */
  readonly google?: string
  /** The ARN of a role. */
  readonly aws?: string
  /** An application, or a managed identity. */
  readonly azure?: { readonly tenantId: string; readonly clientId: string }
}

const roleArn = /^arn:aws[a-z-]*:iam::[0-9]{12}:role\/[\w+=,.@/-]{1,512}$/
const uuid = '[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}'
const application = new RegExp(`^(?<tenantId>${uuid})/(?<clientId>${uuid})$`)

/** Told apart by their form. @throws USAGE_INVALID */
export function parsePublishAs(identities: readonly string[]): PublishAs {
  const parsed = identities.map((text) => ({ text, identity: parseIdentity(text) }))
  const as: PublishAs = Object.assign({}, ...parsed.map(({ identity }) => identity))
  const named = parsed.flatMap(({ identity }) => Object.keys(identity))
  const twice = named.find((cloud, index) => named.indexOf(cloud) !== index)
  if (twice === undefined) return as
  throw invalid(parsed.at(-1)?.text ?? '', `one identity for each cloud, and there are two for ${twice}`)
}

function parseIdentity(text: string): PublishAs {
  if (roleArn.test(text)) return { aws: text }
  const { tenantId, clientId } = application.exec(text)?.groups ?? {}
  if (tenantId !== undefined && clientId !== undefined) return { azure: { tenantId, clientId } }
  if (brokenRule(serviceAccountEmail, text) === undefined) return { google: text }
  throw invalid(text, 'a role’s ARN, TENANT_ID/CLIENT_ID at Azure, or a service account’s e-mail address at Google')
}

const invalid = (text: string, expected: string) =>
  new PullpassError({
    code: 'USAGE_INVALID',
    hop: 'run',
    seen: `--publish-as is ${showValue(text)}`,
    expected,
    hint: '--publish-as arn:aws:iam::123456789012:role/publisher',
  })
