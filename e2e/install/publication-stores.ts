/** Stores for a cluster's issuer metadata, with write access: the sandbox's Google, and Azure's emulator. */
import { randomUUID } from 'node:crypto'
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose'
import type { GoogleCloud } from '../../sandbox/gcp/google-cloud.ts'
import { principalOf } from '../../sandbox/gcp/iam/workload-identity.ts'
import { signInOperator } from '../../sandbox/gcp/operator.ts'
import { bucketResource } from '../../sandbox/gcp/storage/object-store.ts'
import type { CertificateAuthority } from '../../sandbox/serve/certificate-authority.ts'
import type { SandboxHandler } from '../../sandbox/serve/handler.ts'
import type { PartContext } from '../parts/process/start-part.ts'
import { azuriteAccount } from '../parts/stores/azurite-account.ts'
import { startAzurite } from '../parts/stores/start-azurite.ts'
import { startEntra, tenant } from '../parts/stores/start-entra.ts'

export interface PublicationStore {
  /** The value of publishTo in a document. */
  readonly publishTo: string
  readonly issuer: string
  /** Endpoints for pullpass. */
  readonly environment: Readonly<Record<string, string>>
  /** Credentials of the operator that publishes first. */
  readonly operator: Readonly<Record<string, string>>
  /** Flags of `pullpass manifests`. */
  readonly manifestFlags: readonly string[]
  /** Grants write access to a subject of the cluster's tokens. */
  readonly allowPublishing: (subject: string) => void
}

export interface PublicationStoreContext {
  readonly partContext: PartContext
  readonly authority: CertificateAuthority
  readonly google: GoogleCloud
  readonly stsUrl: string
  /** The provider at Google that trusts the cluster. */
  readonly provider: string
  readonly serve: (handler: SandboxHandler) => Promise<string>
  readonly write: (name: string, content: string) => Promise<string>
}

const bucket = 'example-issuer'

async function openGoogleStore({
  google,
  stsUrl,
  provider,
  serve,
  write,
}: PublicationStoreContext): Promise<PublicationStore> {
  const storage = await serve(google.storage)
  google.store.putBucket(bucket, { access: 'public' })
  const operator = await signInOperator(google, { stsUrl, now: () => new Date(), write })
  return {
    publishTo: `gs://${bucket}`,
    issuer: `${storage}/${bucket}`,
    environment: { PULLPASS_GCP_STORAGE_ENDPOINT: storage, PULLPASS_GCP_STS_ENDPOINT: stsUrl },
    operator: operator.environment,
    manifestFlags: [],
    allowPublishing: (subject) =>
      google.policies.allow(bucketResource(bucket), 'roles/storage.objectUser', principalOf(provider, subject)),
  }
}

async function openAzureStore({ partContext, authority, write }: PublicationStoreContext): Promise<PublicationStore> {
  const azurite = await partContext.use(startAzurite(authority))
  await azurite.createContainer(bucket, 'public')
  const issuer = `${azurite.endpoint}/${bucket}`
  const subjects = new Set<string>()
  /** As Entra: verifies with the public metadata, for exactly the subjects of federated credentials. */
  const verifies = async (assertion: string) => {
    const { body } = await azurite.requestAnonymously({ method: 'GET', path: `${bucket}/openid/v1/jwks` })
    const keys: JSONWebKeySet = JSON.parse(body)
    const audience = 'api://AzureADTokenExchange'
    const verified = await jwtVerify(assertion, createLocalJWKSet(keys), { issuer, audience }).catch(() => undefined)
    return subjects.has(verified?.payload.sub ?? '')
  }
  const entra = await startEntra({
    authority,
    acceptedAssertion: async (text) => text === 'operator' || (await verifies(text)),
    audience: 'https://storage.azure.com',
  })
  partContext.defer(entra.close)
  const client = randomUUID()
  return {
    publishTo: `azblob://${azuriteAccount}/${bucket}`,
    issuer,
    environment: { PULLPASS_AZURE_BLOB_ENDPOINT: azurite.endpoint, AZURE_AUTHORITY_HOST: entra.url },
    operator: {
      AZURE_TENANT_ID: tenant,
      AZURE_CLIENT_ID: client,
      AZURE_FEDERATED_TOKEN_FILE: await write('operator-assertion', 'operator'),
    },
    manifestFlags: ['--publish-as', `${tenant}/${client}`],
    allowPublishing: (subject) => void subjects.add(subject),
  }
}

export const publicationStores: Readonly<
  Record<string, (needs: PublicationStoreContext) => Promise<PublicationStore>>
> = {
  'gs:// at the sandbox’s Google': openGoogleStore,
  'azblob:// at azurite': openAzureStore,
}
