/** Runs of `pullpass trust` on a document with quay. */
import type { TestContext } from 'node:test'
import type { FederationEntry, Robot } from '../../../sandbox/quay/state.ts'
import type { QuaySandbox } from '../../../sandbox/quay/vendor.ts'
import type { SandboxOptions } from '../../../sandbox/start-sandbox.ts'
import { sandboxVendors } from '../../../sandbox/vendors.ts'
import { type PullpassOptions, type PullpassRun, runPullpass } from '../../support/run-pullpass.ts'
import { startTestSandbox, type TestSandbox } from '../../support/start-test-sandbox.ts'

export const subject = 'system:serviceaccount:image-system:pullpass'
export const apply: readonly string[] = ['trust', 'apply', '--yes']

export interface TrustTest {
  readonly sandbox: TestSandbox
  readonly quay: QuaySandbox
  readonly run: (argv: readonly string[], options?: PullpassOptions) => Promise<PullpassRun>
  readonly robot: () => Robot | undefined
  readonly entries: () => readonly FederationEntry[]
  readonly role: () => string | undefined
  /** Data of the ConfigMap with the record. */
  readonly recorded: () => string[]
  /** As an operator does by hand, with further fields. */
  readonly setUp: (fields?: Partial<Robot>) => void
}

interface TrustWorld extends Pick<SandboxOptions, 'issuerDocuments'> {
  /** The YAML list; absent: the repository. */
  readonly repositories?: string
  /** ServiceAccount of a second document with the same robot. */
  readonly second?: string
}

export async function start(t: TestContext, { repositories, second, ...options }: TrustWorld = {}): Promise<TrustTest> {
  const sandbox = await startTestSandbox(t, { trust: 'absent', issuerDocuments: 'published', ...options })
  const quay = await sandbox.start(sandboxVendors.quay)
  const { state, repository, url } = quay
  const documentFor = (account: string, secret: string) => `apiVersion: pullpass.dev/v1alpha1
kind: ClusterPullSecret
metadata: {name: ${secret}}
spec:
  secretName: ${secret}
  namespaces: {include: [team-a]}
  serviceAccountRef: {namespace: image-system, name: ${account}}
  registries:
    - name: quay
      hosts: ["localhost:${sandbox.parts.registry.port}"]
      quay:
        robot: ${quay.robot}
        endpoint: "${url}"
        trust: {repositories: ${repositories ?? `[${repository}]`}}
`
  const documents = [documentFor('pullpass', 'pull'), second === undefined ? [] : documentFor(second, 'second')].flat()
  const file = await sandbox.write('pull.yaml', documents.join('---\n'))
  const robot = () => state.robots.get(quay.robot)
  return {
    sandbox,
    quay,
    run: (argv, runOptions) => runPullpass(sandbox, [...argv, '-f', file], runOptions),
    robot,
    entries: () => robot()?.entries ?? [],
    role: () => state.repositories.get(repository)?.get(quay.robot),
    recorded: () =>
      Object.values(Object(sandbox.cluster.store.read('ConfigMap', 'image-system', 'pullpass-trust')?.['data'])),
    setUp(fields = {}) {
      void quay.trust(sandbox.cluster.issuer)
      Object.assign(robot() ?? {}, fields)
    },
  }
}
