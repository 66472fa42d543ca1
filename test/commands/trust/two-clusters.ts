/** A sandbox with a second cluster, whose issuer no server publishes, and a kubeconfig with a context for each of the two. */
import { readFile } from 'node:fs/promises'
import type { TestContext } from 'node:test'
import { createKubernetesApi, type KubernetesApi } from '../../../sandbox/kubernetes/kubernetes-api.ts'
import { sharedSigningKey } from '../../../sandbox/kubernetes/tokens/signing-keys.ts'
import { servePart } from '../../../sandbox/serve/serve-part.ts'
import { seedCluster } from '../../../sandbox/start/open-cluster.ts'
import type { SandboxOptions } from '../../../sandbox/start-sandbox.ts'
import type { PullpassOptions, PullpassRun } from '../../support/run-pullpass.ts'
import { startTestSandbox, type TestSandbox } from '../../support/start-test-sandbox.ts'
import { runTrust, type TrustDocument } from './run-trust.ts'

export const firstContext = 'sandbox'
export const secondContext = 'gke_example_europe-west1_second'
/** The id that pullpass derives from the second context's name, which Google does not accept as an id. */
export const secondId = 'gke-example-europe-west1-fd317f'
export const bothContexts: readonly string[] = ['--context', firstContext, '--context', secondContext]

export interface TwoClusters {
  readonly sandbox: TestSandbox
  readonly second: KubernetesApi
  /** The JWKS that the second cluster serves. */
  readonly secondJwks: string
  /** With a kubeconfig for both. */
  readonly environment: Readonly<Record<string, string>>
  readonly run: (words: readonly string[], document?: TrustDocument, options?: PullpassOptions) => Promise<PullpassRun>
}

export async function startTwoClusters(
  t: TestContext,
  options: SandboxOptions = { trust: 'absent' },
): Promise<TwoClusters> {
  const sandbox = await startTestSandbox(t, options)
  const token = 'the-token-of-the-second-cluster'
  const issuer = 'https://second.example.com'
  const signing = await sharedSigningKey('second cluster')
  const second = await createKubernetesApi({
    issuer,
    now: sandbox.clock.now,
    tokens: { [token]: 'kubernetes-admin' },
    keys: { signing, published: [signing] }, // by default all clusters of a process share one key
  })
  seedCluster(second, ['team-a'], { namespace: 'image-system', name: 'pullpass' })
  const tls = { authority: sandbox.authority, http2: 'offered', clientCertificates: 'requested' } as const
  const part = await servePart({ handler: second.handle, now: sandbox.clock.now, tls })
  t.after(part.close)
  const text = await readFile(sandbox.folder.kubeconfigFile, 'utf8')
  const kubeconfig = text
    .replaceAll(firstContext, secondContext)
    .replaceAll('kubernetes-admin', 'second-admin')
    .replace(/server: .*/, `server: ${part.url}`)
    .replace(/token: .*/, `token: ${token}`)
  const path = await sandbox.write('second-kubeconfig', kubeconfig)
  const environment = { KUBECONFIG: `${sandbox.folder.kubeconfigFile}:${path}` }
  return {
    sandbox,
    second,
    secondJwks: await readJwks(second),
    environment,
    run: (words, document = { trust: ['uploadKeys: Always'] }, more = {}) =>
      runTrust(sandbox, words, document, { ...more, environment: { ...environment, ...more.environment } }),
  }
}

export async function readJwks(cluster: KubernetesApi): Promise<string> {
  const { body } = await cluster.handle({
    method: 'GET',
    path: '/openid/v1/jwks',
    query: new URLSearchParams(),
    headers: { accept: '*/*' },
    body: Buffer.alloc(0),
    clientName: 'kubernetes-admin',
    signal: new AbortController().signal,
  })
  if (typeof body !== 'string') throw new Error('the cluster serves no JWKS')
  return body
}
