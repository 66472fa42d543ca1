/** A node of a test: the configuration of the plugin, requests of its kubelet, and runs of the plugin. */
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { checksumOf } from '../../src/document/node-config.ts'
import { type PullpassOptions, type PullpassRun, runPullpass, withoutTimeLimits } from '../support/run-pullpass.ts'
import { startTestSandbox, type TestSandbox } from '../support/start-test-sandbox.ts'

export interface RequestOptions {
  readonly account?: { readonly namespace: string; readonly name: string }
  readonly audience?: string
  readonly annotations?: Readonly<Record<string, string>>
  readonly image?: string
}

export interface TestNode {
  readonly sandbox: TestSandbox
  readonly host: string
  readonly registry: TestRegistry
  readonly cacheFolder: string
  /** Replaces the configuration; absent registries: the usual one. */
  readonly writeConfig: (fields: Readonly<Record<string, unknown>>) => Promise<string>
  readonly request: (options?: RequestOptions) => Promise<string>
  /** Runs the plugin with a request on standard input. */
  readonly provide: (input: string, options?: PullpassOptions) => Promise<PullpassRun>
  /** How many there were. */
  readonly exchanges: () => number
}

interface TestRegistry {
  readonly name: string
  readonly hosts: readonly string[]
  readonly vendor: string
  readonly settings: Readonly<Record<string, string>>
}

/** A node whose configuration allows the sandbox's registry, with a cache. */
export async function startNode(t: TestContext): Promise<TestNode> {
  const sandbox = await startTestSandbox(t)
  const host = `localhost:${sandbox.parts.registry.port}`
  const registry: TestRegistry = {
    name: 'google',
    hosts: [host],
    vendor: 'gcp',
    settings: {
      workloadIdentityProvider: sandbox.gcp.provider,
      serviceAccountEmail: 'puller@example-project.iam.gserviceaccount.com',
    },
  }
  const cacheFolder = join(sandbox.folder.path, 'cache')
  const writeConfig = (fields: Readonly<Record<string, unknown>>) => {
    const { registries = [registry], others = [], ...more } = fields
    const content = { registries, others, checksum: checksumOf(registries, others), ...more }
    return sandbox.write(
      'node.json',
      JSON.stringify({ apiVersion: 'pullpass.dev/v1alpha1', kind: 'NodeConfig', ...content }),
    )
  }
  await writeConfig({ cacheFolder })
  return {
    sandbox,
    host,
    registry,
    cacheFolder,
    writeConfig,
    request: (options = {}) => requestOf(sandbox, host, options),
    provide: (input, options = {}) =>
      runPullpass(sandbox, ['credential-provider', '--config', join(sandbox.folder.path, 'node.json')], {
        input,
        sleep: withoutTimeLimits,
        ...options,
      }),
    exchanges: () => sandbox.gcp.parts.sts.seen.length,
  }
}

async function requestOf(
  { cluster, gcp: { provider } }: TestSandbox,
  host: string,
  { account, audience, annotations, image }: RequestOptions,
): Promise<string> {
  const serviceAccountToken = await cluster.signServiceAccountToken({
    namespace: 'image-system',
    name: 'pullpass',
    ...account,
    audiences: [audience ?? `//iam.googleapis.com/${provider}`],
    lifeSeconds: 3600,
  })
  return JSON.stringify({
    kind: 'CredentialProviderRequest',
    apiVersion: 'credentialprovider.kubelet.k8s.io/v1',
    image: image ?? `${host}/example-project/images/hello`,
    serviceAccountToken,
    serviceAccountAnnotations: annotations ?? {},
  })
}
