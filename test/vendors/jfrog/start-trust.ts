/** Runs of `pullpass trust` on a document with jfrog. */
import type { TestContext } from 'node:test'
import type { Integration, Mapping, Permission } from '../../../sandbox/jfrog/platform-state.ts'
import type { JfrogSandbox } from '../../../sandbox/jfrog/vendor.ts'
import { sandboxVendors } from '../../../sandbox/vendors.ts'
import { type PullpassOptions, type PullpassRun, runPullpass } from '../../support/run-pullpass.ts'
import { startTestSandbox, type TestSandbox } from '../../support/start-test-sandbox.ts'

export const subject = 'system:serviceaccount:image-system:pullpass'
export const apply: readonly string[] = ['trust', 'apply', '--yes']

export interface TrustTest {
  readonly sandbox: TestSandbox
  readonly jfrog: JfrogSandbox
  readonly run: (argv: readonly string[], options?: PullpassOptions) => Promise<PullpassRun>
  readonly integrations: () => Integration[]
  readonly mappings: () => Mapping[]
  readonly permissions: () => Permission[]
  /** Nothing is configured again. */
  readonly reset: () => void
}

interface TrustWorld {
  /** YAML of `jfrog.trust`; absent: the user and the repository. */
  readonly trust?: string
  /** Further fields of `jfrog`, in YAML. */
  readonly more?: string
  /** YAML of a second registry entry. */
  readonly second?: (url: string, port: number) => string
}

export async function start(t: TestContext, { trust, more = '', second }: TrustWorld = {}): Promise<TrustTest> {
  const sandbox = await startTestSandbox(t, { trust: 'absent', issuerDocuments: 'published' })
  const jfrog = await sandbox.start(sandboxVendors.jfrog)
  const { url, state, repository } = jfrog
  const { port } = sandbox.parts.registry
  const file = await sandbox.write(
    'pull.yaml',
    `apiVersion: pullpass.dev/v1alpha1
kind: ClusterPullSecret
metadata: {name: pull}
spec:
  secretName: regcred
  namespaces: {include: [team-a]}
  serviceAccountRef: {namespace: image-system, name: pullpass}
  registries:
    - name: images
      hosts: ["127.0.0.1:${port}"]
      jfrog: {url: "${url}", providerName: cluster, ${more}trust: ${trust ?? `{repositories: [${repository}], username: puller}`}}
${second?.(url, port) ?? ''}`,
  )
  return {
    sandbox,
    jfrog,
    run: (argv, options) => runPullpass(sandbox, [...argv, '-f', file], options),
    integrations: () => [...state.integrations.values()],
    mappings: () => [...state.mappings.values()],
    permissions: () => [...state.permissions.values()],
    reset() {
      for (const all of [state.integrations, state.mappings, state.permissions]) all.clear()
      jfrog.operator.state = 'administrator'
    },
  }
}
