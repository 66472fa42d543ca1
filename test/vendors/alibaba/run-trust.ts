/** Runs of `pullpass trust` on a document with alibaba, and the state of RAM. */
import { createHash } from 'node:crypto'
import type { TestContext } from 'node:test'
import type { AlibabaSandbox } from '../../../sandbox/alibaba/vendor.ts'
import { sandboxVendors } from '../../../sandbox/vendors.ts'
import { type PullpassOptions, type PullpassRun, runPullpass } from '../../support/run-pullpass.ts'
import { startTestSandbox, type TestSandbox } from '../../support/start-test-sandbox.ts'

export const role = 'acs:ram::123456789012:role/puller'
export const provider = 'acs:ram::123456789012:oidc-provider/cluster'
export const images = 'example-project/images/*'
export const imagesArn: string = `acs:cr:eu-central-1:123456789012:repository/cri-example/${images}`

export interface TrustTest {
  readonly sandbox: TestSandbox
  readonly cloud: AlibabaSandbox
  /** The mark of the cluster. */
  readonly mark: string
  /** `words`: after `trust`. */
  readonly trust: (
    words: readonly string[],
    document?: TrustDocument,
    options?: PullpassOptions,
  ) => Promise<PullpassRun>
  readonly file: (document?: TrustDocument) => Promise<string>
}

export interface TrustDocument {
  readonly repositories?: readonly string[]
  readonly fingerprint?: string
  readonly role?: string
  readonly provider?: string
  /** Fields of the registry. */
  readonly registry?: string
  readonly name?: string
  readonly account?: string
}

/** A document whose only registry is at Alibaba Cloud. */
export function trustDocument(sandbox: TestSandbox, cloud: AlibabaSandbox, document: TrustDocument = {}): string {
  const { repositories = [images], fingerprint = cloud.fingerprint, registry = '', name = 'pull' } = document
  const { account = 'pullpass' } = document
  return `apiVersion: pullpass.dev/v1alpha1
kind: ClusterPullSecret
metadata: {name: ${name}}
spec:
  secretName: regcred
  namespaces: {include: [team-a]}
  serviceAccountRef: {namespace: image-system, name: ${account}}
  registries:
    - name: alibaba
      hosts: ["localhost:${sandbox.parts.registry.port}"]
      ${registry}
      alibaba:
        roleArn: "${document.role ?? role}"
        oidcProviderArn: "${document.provider ?? provider}"
        region: eu-central-1
        instanceId: cri-example
        trust: {repositories: ${JSON.stringify(repositories)}, fingerprints: ["${fingerprint}"]}
`
}

export async function startTrustTest(
  t: TestContext,
  options: Parameters<typeof startTestSandbox>[1] = {},
): Promise<TrustTest> {
  const sandbox = await startTestSandbox(t, { trust: 'absent', ...options })
  const cloud = await sandbox.start(sandboxVendors.alibaba)
  const file: TrustTest['file'] = async (document = {}) =>
    await sandbox.write(`${document.name ?? 'pull'}.yaml`, trustDocument(sandbox, cloud, document))
  return {
    sandbox,
    cloud,
    mark: createHash('sha256').update(sandbox.cluster.issuer).digest('hex').slice(0, 12),
    file,
    trust: async (words, document, runOptions) =>
      await runPullpass(sandbox, ['trust', ...words, '-f', await file(document)], runOptions),
  }
}
