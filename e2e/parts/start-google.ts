/** The sandbox's Google, which trusts the service account tokens of one real cluster: no cloud can be started here. */
import { createGoogleCloud } from '../../sandbox/gcp/google-cloud.ts'
import { trustCluster } from '../../sandbox/gcp/trust-cluster.ts'
import { createCertificateAuthority } from '../../sandbox/serve/certificate-authority.ts'
import type { Faults } from '../../sandbox/serve/faults.ts'
import { servePart } from '../../sandbox/serve/serve-part.ts'
import { startPart } from './process/start-part.ts'
import type { RealPart } from './real-part.ts'
import type { ControlPlane } from './start-control-plane.ts'

export interface Google extends RealPart {
  /** The drop-in variables of the provider and the account, and the endpoints of this Google. */
  readonly environment: Readonly<Record<string, string>>
  /** Required audience of a subject token. */
  readonly audience: string
  /** PEM of the CA of its certificates. */
  readonly authority: string
  /** Of its token service. */
  readonly faults: Faults
  /** Requests to its token service so far. */
  readonly exchanges: () => number
  /** The IAM member of an access token, until it expires. */
  readonly holderOf: (accessToken: string) => string | undefined
}

const [projectNumber, poolId, providerId] = ['123456789012', 'pool', 'cluster']
const provider = `projects/${projectNumber}/locations/global/workloadIdentityPools/${poolId}/providers/${providerId}`
const serviceAccountEmail = 'puller@example-project.iam.gserviceaccount.com'

/** `subject` may impersonate the service account; the issuer metadata must be readable anonymously. */
export const startGoogle = (cluster: ControlPlane, subject: string): Promise<Google> =>
  startPart('google', async ({ defer }) => {
    const google = createGoogleCloud({ now: () => new Date(), ca: cluster.authority })
    trustCluster(google, { provider, issuer: cluster.issuer, subject, serviceAccountEmail })
    const authority = await createCertificateAuthority()
    const tls = { authority, http2: 'offered' } as const
    const sts = await servePart({ handler: google.sts, tls })
    defer(sts.close)
    const iamCredentials = await servePart({ handler: google.iamCredentials, tls })
    defer(iamCredentials.close)
    return {
      environment: {
        PROJECT_NUMBER: projectNumber,
        POOL_ID: poolId,
        PROVIDER_ID: providerId,
        SERVICE_ACCOUNT_EMAIL: serviceAccountEmail,
        PULLPASS_GCP_STS_ENDPOINT: sts.url,
        PULLPASS_GCP_IAM_CREDENTIALS_ENDPOINT: iamCredentials.url,
      },
      audience: `//iam.googleapis.com/${provider}`,
      authority: authority.ca,
      faults: sts.faults,
      exchanges: () => sts.seen.length,
      holderOf: (accessToken) => google.holderOf(accessToken)?.member,
    }
  })
