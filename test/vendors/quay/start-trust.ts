/** Runs of `pullpass trust` on a document with quay. */
import type { TestContext } from 'node:test'
import type { FederationEntry, Robot } from '../../../sandbox/quay/state.ts'
import type { QuaySandbox } from '../../../sandbox/quay/vendor.ts'
import type { SandboxOptions } from '../../../sandbox/start-sandbox.ts'
import { sandboxVendors } from '../../../sandbox/vendors.ts'
import { startTestSandbox } from '../../support/start-test-sandbox.ts'
import { type TrustRuns, trustDocument, trustRuns } from '../trust-runs.ts'

export interface TrustTest extends TrustRuns {
  readonly quay: QuaySandbox
  readonly robot: () => Robot | undefined
  readonly entries: () => readonly FederationEntry[]
  readonly role: () => string | undefined
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
  const registry = `
    - name: quay
      hosts: ["localhost:${sandbox.parts.registry.port}"]
      quay:
        robot: ${quay.robot}
        endpoint: "${url}"
        trust: {repositories: ${repositories ?? `[${repository}]`}}`
  const other = second === undefined ? [] : trustDocument(registry, { name: 'second', account: second })
  const runs = await trustRuns(sandbox, [trustDocument(registry), other].flat())
  const robot = () => state.robots.get(quay.robot)
  return {
    ...runs,
    quay,
    robot,
    entries: () => robot()?.entries ?? [],
    role: () => state.repositories.get(repository)?.get(quay.robot),
    setUp(fields = {}) {
      void quay.trust(sandbox.cluster.issuer)
      Object.assign(robot() ?? {}, fields)
    },
  }
}
