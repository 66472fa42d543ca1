/** The identity with which a pod publishes at Google: its own principal, or a service account that it impersonates. https://google.aip.dev/auth/4117 */
import { posix } from 'node:path'
import { brokenRule } from '../../document/field-rules.ts'
import { shellQuote } from '../../text/shell.ts'
import type { PodIdentityRequest, PublisherIdentity } from '../publisher-identity.ts'
import type { BucketName } from '../store.ts'
import { iamCredentialsEndpoint, stsEndpoint } from './endpoints.ts'
import { principalOf, serviceAccountEmail } from './names.ts'
import type { GcpSettings } from './settings.ts'
import type { ProviderName } from './stores/gcp-provider.ts'
import { writeGrant } from './stores/gs.ts'

const credentialFile = 'google-credentials.json'

export const publisherIdentity: PublisherIdentity<GcpSettings, string> = {
  parse: (text) => (brokenRule(serviceAccountEmail, text) === undefined ? text : undefined),

  podIdentity({ targets, registries, as, subject, folder }) {
    const [registry] = registries
    const settings = registry?.settings ?? providerAmong(targets)
    if (settings === undefined) return undefined
    const { workloadIdentityProvider } = settings
    const provider = `//iam.googleapis.com/${workloadIdentityProvider}`
    const credentials = {
      type: 'external_account',
      audience: provider,
      subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
      token_url: `${stsEndpoint(settings, {})}/v1/token`,
      credential_source: { file: posix.join(folder, 'google') },
      ...(as !== undefined && {
        service_account_impersonation_url: `${iamCredentialsEndpoint(settings, {})}/v1/projects/-/serviceAccounts/${as}:generateAccessToken`,
      }),
    }
    const principal = principalOf(workloadIdentityProvider, subject)
    const member = as === undefined ? principal : `serviceAccount:${as}`
    return {
      audience: registry?.audience ?? provider,
      file: 'google',
      variables: {
        GOOGLE_APPLICATION_CREDENTIALS: posix.join(folder, credentialFile),
        // Google's library reads the universe from the environment.
        ...(settings.universeDomain !== undefined && { GOOGLE_CLOUD_UNIVERSE_DOMAIN: settings.universeDomain }),
      },
      files: { [credentialFile]: `${JSON.stringify(credentials, undefined, 2)}\n` },
      grants: [
        ...targets.map((target) => grantOn(target, member)),
        ...(as === undefined ? [] : [`${as}: roles/iam.workloadIdentityUser for ${principal}`]),
      ],
    }
  },
}

type Target = PodIdentityRequest<GcpSettings, string>['targets'][number]
type GcpTarget =
  | { readonly scheme: 'gs'; readonly name: BucketName }
  | { readonly scheme: 'gcp-provider'; readonly name: ProviderName }

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the stores of this vendor are of these two schemes
const ofGcp = (target: Target) => target as GcpTarget

function providerAmong(targets: readonly Target[]): GcpSettings | undefined {
  const target = targets.map(ofGcp).find(({ scheme }) => scheme === 'gcp-provider')
  return target?.scheme === 'gcp-provider' ? { workloadIdentityProvider: target.name.provider } : undefined
}

/** The role cannot be limited to one pool: it applies to every pool of the project. */
function grantOn(target: Target, member: string): string {
  const { scheme, name } = ofGcp(target)
  if (scheme === 'gs') return writeGrant(name, shellQuote(member))
  const project = name.provider.split('/')[1] ?? ''
  return `gcp-provider:${name.provider}: roles/iam.workloadIdentityPoolAdmin for ${member} on project ${project}, which must contain only pools of this cluster: the role applies to all of them`
}
