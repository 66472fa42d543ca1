/**
 * The environment of the benchmark: a real control plane with many namespaces, a ServiceAccount that may write pull secrets,
 * and clouds that trust the cluster's issuer.
 */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type ApiServer, requestKubernetes } from '../e2e/parts/control-plane/request-kubernetes.ts'
import { renderKubeconfig } from '../e2e/parts/control-plane/users.ts'
import { startPart } from '../e2e/parts/process/start-part.ts'
import { type ControlPlane, startControlPlane } from '../e2e/parts/start-control-plane.ts'
import { type Http2Server, sendAll } from './http2-loop.ts'
import { type Clouds, serveClouds } from './serve-clouds.ts'

export interface BenchEnvironment {
  readonly folder: string
  readonly namespaces: readonly string[]
  /** With the token of the ServiceAccount that may write pull secrets. */
  readonly cluster: Http2Server
  readonly admin: Http2Server & ApiServer
  readonly files: EnvironmentFiles
  /** Full resource name of the provider. */
  readonly provider: string
  readonly clouds: Clouds
  /** The drop-in variables except the namespaces, and the endpoints of the sandbox. */
  readonly variables: Readonly<Record<string, string>>
  /** Removes the Secrets of this name. */
  readonly removeSecrets: (name: string, namespaces: readonly string[]) => Promise<void>
  /** Runs this when the environment is closed. */
  readonly defer: (close: () => Promise<void>) => void
  readonly close: () => Promise<void>
}

interface EnvironmentFiles {
  readonly kubeconfig: string
  /** As the kubelet mounts it: token and ca.crt. */
  readonly podFolder: string
  readonly clusterCa: string
  /** Of the clouds. */
  readonly cloudCa: string
  /** For Google. */
  readonly subjectToken: string
  readonly awsToken: string
  readonly azureToken: string
  /** Emptied before each run, as in a CronJob's pod: it contains kubectl's cache. */
  readonly home: string
}

const account = { namespace: 'image-system', name: 'pullpass' }
const email = 'puller@example-project.iam.gserviceaccount.com'
const [projectNumber, poolId, providerId] = ['123456789012', 'pool', 'cluster']
const provider = `projects/${projectNumber}/locations/global/workloadIdentityPools/${poolId}/providers/${providerId}`
export const secretName = 'regcred'
export const bareSecretName = 'bare'

export const startEnvironment = (namespaceCount: number): Promise<BenchEnvironment> =>
  startPart('bench', async ({ folder, use, defer }) => {
    const controlPlane = await use(startControlPlane())
    const admin = { ...controlPlane, token: controlPlane.adminToken }
    const namespaces = Array.from({ length: namespaceCount }, (_, index) => `team-${index + 1}`)
    await createObjects(admin, namespaces)
    const subject = `system:serviceaccount:${account.namespace}:${account.name}`
    const clouds = await serveClouds({ controlPlane, folder, subject, google: { provider, email } })
    defer(clouds.close)
    const { aws, azure, ca: cloudCa } = clouds
    const [token, subjectToken, awsToken, azureToken] = await Promise.all([
      requestToken(controlPlane, undefined),
      requestToken(controlPlane, `//iam.googleapis.com/${provider}`),
      requestToken(controlPlane, aws.audience),
      requestToken(controlPlane, azure.audience),
    ])
    const kubeconfig = renderKubeconfig(controlPlane, token)
    const tokens = { token, subjectToken, awsToken, azureToken }
    const files = await writeFiles(folder, { kubeconfig, clusterCa: controlPlane.authority, cloudCa, ...tokens })
    return {
      folder,
      namespaces,
      cluster: { ...admin, token },
      admin,
      files,
      provider,
      clouds,
      variables: variablesOf(clouds),
      removeSecrets: (name, from) => removeSecrets(admin, name, from),
      defer,
    }
  })

async function createObjects(admin: Http2Server, namespaces: readonly string[]): Promise<void> {
  const metadata = { name: account.name }
  const rules = [
    // `get` is for the script: kubectl reads before it writes; `watch` and namespaces are for the controller.
    { apiGroups: [''], resources: ['secrets'], verbs: ['get', 'list', 'watch', 'create', 'patch'] },
    { apiGroups: [''], resources: ['namespaces'], verbs: ['list', 'watch'] },
  ]
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: account.name }
  const create = (path: string, body: object) => ({ method: 'POST', path, body: JSON.stringify(body) })
  const namespaceOf = (name: string) => create('/api/v1/namespaces', { metadata: { name } })
  await sendAll(admin, [account.namespace, ...namespaces].map(namespaceOf), 50)
  await sendAll(
    admin,
    [
      create(`/api/v1/namespaces/${account.namespace}/serviceaccounts`, { metadata }),
      create('/apis/rbac.authorization.k8s.io/v1/clusterroles', { metadata, rules }),
      create('/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
        metadata,
        roleRef,
        subjects: [{ kind: 'ServiceAccount', ...account }],
      }),
      create('/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
        metadata: { name: 'anonymous-issuer-discovery' },
        roleRef: { ...roleRef, name: 'system:service-account-issuer-discovery' },
        subjects: [{ apiGroup: roleRef.apiGroup, kind: 'Group', name: 'system:unauthenticated' }],
      }),
    ],
    1,
  )
}

async function requestToken(controlPlane: ControlPlane, audience: string | undefined): Promise<string> {
  const { status, body } = await requestKubernetes(controlPlane, {
    method: 'POST',
    path: `/api/v1/namespaces/${account.namespace}/serviceaccounts/${account.name}/token`,
    body: {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: { expirationSeconds: 3 * 3600, ...(audience && { audiences: [audience] }) },
    },
  })
  if (status !== 201) throw new Error(`the token request failed with status ${status}: ${body}`)
  return JSON.parse(body).status.token
}

type Contents = Omit<EnvironmentFiles, 'podFolder' | 'home'> & { readonly token: string }

async function writeFiles(folder: string, contents: Contents): Promise<EnvironmentFiles> {
  const write = async (name: string, content: string) => {
    await writeFile(join(folder, name), content, { mode: 0o600 })
    return join(folder, name)
  }
  await write('token', contents.token)
  return {
    kubeconfig: await write('kubeconfig', contents.kubeconfig),
    podFolder: folder,
    clusterCa: await write('ca.crt', contents.clusterCa),
    cloudCa: await write('cloud-ca.crt', contents.cloudCa),
    subjectToken: await write('oidc-token', contents.subjectToken),
    awsToken: await write('aws-token', contents.awsToken),
    azureToken: await write('azure-token', contents.azureToken),
    home: join(folder, 'home'),
  }
}

const variablesOf = ({ google: { sts, iamCredentials } }: Clouds) => ({
  PROJECT_NUMBER: projectNumber,
  POOL_ID: poolId,
  PROVIDER_ID: providerId,
  SERVICE_ACCOUNT_EMAIL: email,
  REGISTRY_SECRET_NAME: secretName,
  REGISTRY_HOSTS: 'europe-docker.pkg.dev',
  PULLPASS_GCP_STS_ENDPOINT: sts.url,
  PULLPASS_GCP_IAM_CREDENTIALS_ENDPOINT: iamCredentials.url,
})

/** Secrets that do not exist are ignored. */
async function removeSecrets(
  admin: Http2Server & { readonly adminToken: string },
  name: string,
  from: readonly string[],
) {
  const query = `fieldSelector=metadata.name%3D${name}`
  const { body } = await requestKubernetes(admin, { path: `/api/v1/secrets?${query}` })
  const items: { metadata: { namespace: string } }[] = JSON.parse(body).items
  const selected = new Set(from)
  const paths = items
    .filter(({ metadata }) => selected.has(metadata.namespace))
    .map(({ metadata }) => `/api/v1/namespaces/${metadata.namespace}/secrets/${name}`)
  await sendAll(
    admin,
    paths.map((path) => ({ method: 'DELETE', path })),
    50,
  )
}
