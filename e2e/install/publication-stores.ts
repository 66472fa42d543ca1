/** Stores for a cluster's issuer metadata, with write access: the sandbox's Google, and Azure's emulator. */
import { randomUUID } from 'node:crypto'
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose'
import type { GoogleCloud } from '../../sandbox/google/google-cloud.ts'
import { bucketResource } from '../../sandbox/google/storage/object-store.ts'
import { principalOf } from '../../sandbox/google/workload-identity.ts'
import type { CertificateAuthority } from '../../sandbox/serve/certificate-authority.ts'
import type { SandboxHandler } from '../../sandbox/serve/handler.ts'
import { signInOperator } from '../../sandbox/start/sign-in-operator.ts'
import type { PartGround } from '../parts/ground/start-part.ts'
import { azuriteAccount } from '../parts/stores/azurite-account.ts'
import { startAzurite } from '../parts/stores/start-azurite.ts'
import { startEntra, tenant } from '../parts/stores/start-entra.ts'

export interface PublicationStore {
  /** As a document names it. */
  readonly publishTo: string
  readonly issuer: string
  /** Leads pullpass there. */
  readonly environment: Readonly<Record<string, string>>
  /** Of who publishes first. */
  readonly operator: Readonly<Record<string, string>>
  /** Words of `pullpass manifests`. */
  readonly words: readonly string[]
  /** Lets a subject of the cluster's tokens write. */
  readonly letPublish: (subject: string) => void
}

export interface PublicationStoreNeeds {
  readonly ground: PartGround
  readonly authority: CertificateAuthority
  readonly google: GoogleCloud
  readonly stsUrl: string
  /** The provider at Google that believes the cluster. */
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
}: PublicationStoreNeeds): Promise<PublicationStore> {
  const storage = await serve(google.storage)
  google.store.putBucket(bucket, { access: 'public' })
  const operator = await signInOperator(google, { stsUrl, now: () => new Date(), write })
  return {
    publishTo: `gs://${bucket}`,
    issuer: `${storage}/${bucket}`,
    environment: { PULLPASS_GCP_STORAGE_ENDPOINT: storage, PULLPASS_GCP_STS_ENDPOINT: stsUrl },
    operator: operator.environment,
    words: [],
    letPublish: (subject) =>
      google.policies.allow(bucketResource(bucket), 'roles/storage.objectUser', principalOf(provider, subject)),
  }
}

async function openAzureStore({ ground, authority, write }: PublicationStoreNeeds): Promise<PublicationStore> {
  const azurite = await ground.use(startAzurite(authority))
  await azurite.createContainer(bucket, 'public')
  const issuer = `${azurite.endpoint}/${bucket}`
  const subjects = new Set<string>()
  /** As Entra: verifies with the public metadata, for exactly the subjects of federated credentials. */
  const takes = async (assertion: string) => {
    const { body } = await azurite.ask({ method: 'GET', path: `${bucket}/openid/v1/jwks` })
    const keys: JSONWebKeySet = JSON.parse(body)
    const audience = 'api://AzureADTokenExchange'
    const verified = await jwtVerify(assertion, createLocalJWKSet(keys), { issuer, audience }).catch(() => undefined)
    return subjects.has(verified?.payload.sub ?? '')
  }
  const entra = await startEntra({
    authority,
    assertion: async (text) => text === 'operator' || (await takes(text)),
    audience: 'https://storage.azure.com',
  })
  ground.defer(entra.close)
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
    words: ['--publish-as', `${tenant}/${client}`],
    letPublish: (subject) => void subjects.add(subject),
  }
}

export const publicationStores: Readonly<Record<string, (needs: PublicationStoreNeeds) => Promise<PublicationStore>>> =
  {
    'gs:// at the sandbox’s Google': openGoogleStore,
    'azblob:// at azurite': openAzureStore,
  }
