/** The sandbox's Google Cloud: a project with a repository, a pool for the cluster's issuer, a bucket for its metadata and an operator. */
import type { Part } from '../serve/serve-part.ts'
import type { IssuerStore, SandboxCloud, SandboxContext, SandboxVendor } from '../vendor.ts'
import { createGoogleCloud, type GoogleCloud } from './google-cloud.ts'
import { principalOf } from './iam/workload-identity.ts'
import { type Operator, signInOperator } from './operator.ts'
import { trustCluster } from './trust-cluster.ts'

type PartName = 'storage' | 'sts' | 'iamCredentials' | 'iam' | 'artifactRegistry' | 'resourceManager' | 'serviceUsage'

export interface GcpSandbox extends GoogleCloud, SandboxCloud {
  readonly parts: Readonly<Record<PartName, Part>>
  /** May configure trust; `environment` contains its credentials. */
  readonly operator: Operator
  /** Full resource name of the provider for the cluster, whether or not it exists. */
  readonly provider: string
  /** The IAM member of the ServiceAccount, whether or not it is trusted. */
  readonly principal: string
  /** Full resource name of the repository. */
  readonly repository: string
  readonly issuerStore: IssuerStore
}

const bucket = 'example-cluster'
const serviceAccountEmail = 'puller@example-project.iam.gserviceaccount.com'
const [projectNumber, poolId, providerId] = ['123456789012', 'pool', 'cluster'] as const
const provider = `projects/${projectNumber}/locations/global/workloadIdentityPools/${poolId}/providers/${providerId}`

export const gcp: SandboxVendor<GcpSandbox> = {
  async open(context) {
    const { now, subject } = context
    const google = createGoogleCloud({ now, ...context.issuers })
    const parts = await openParts(google, context)
    const [project = '', repositoryId = ''] = context.repository.split('/')
    const repository = `projects/${project}/locations/europe/repositories/${repositoryId}`
    google.store.putBucket(bucket, { access: 'public' })
    google.projects.put(project, projectNumber)
    google.repositories.put(repository)
    const operator = await signInOperator(google, { stsUrl: parts.sts.url, now, write: context.write })
    return {
      ...google,
      parts,
      operator,
      provider,
      principal: principalOf(provider, subject),
      repository,
      environment: { ...endpointsOf(parts), ...operator.environment },
      registryVariables: {
        PROJECT_NUMBER: projectNumber,
        POOL_ID: poolId,
        PROVIDER_ID: providerId,
        SERVICE_ACCOUNT_EMAIL: serviceAccountEmail,
      },
      audience: `//iam.googleapis.com/${provider}`,
      trust(issuer) {
        google.repositories.allowReading(context.repository, `serviceAccount:${serviceAccountEmail}`)
        trustCluster(google, { provider, issuer, subject, serviceAccountEmail })
      },
      issuerStore: {
        url: `${parts.storage.url}/${bucket}`,
        write: (path, document) => void google.store.put(bucket, path, document),
      },
    }
  },
}

const openParts = async (google: GoogleCloud, { serve }: SandboxContext): Promise<GcpSandbox['parts']> => ({
  storage: await serve(google.storage),
  sts: await serve(google.sts),
  iamCredentials: await serve(google.iamCredentials),
  iam: await serve(google.iam),
  artifactRegistry: await serve(google.artifactRegistry),
  resourceManager: await serve(google.resourceManager),
  serviceUsage: await serve(google.serviceUsage),
})

const endpointsOf = (parts: GcpSandbox['parts']) => ({
  PULLPASS_GCP_STS_ENDPOINT: parts.sts.url,
  PULLPASS_GCP_IAM_CREDENTIALS_ENDPOINT: parts.iamCredentials.url,
  PULLPASS_GCP_IAM_ENDPOINT: parts.iam.url,
  PULLPASS_GCP_ARTIFACT_REGISTRY_ENDPOINT: parts.artifactRegistry.url,
  PULLPASS_GCP_STORAGE_ENDPOINT: parts.storage.url,
})
