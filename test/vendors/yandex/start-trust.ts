/** Runs of `pullpass trust` on a document with yandex. */
import type { TestContext } from 'node:test'
import type { SandboxOptions } from '../../../sandbox/start-sandbox.ts'
import { sandboxVendors } from '../../../sandbox/vendors.ts'
import type { Binding, Credential, Federation } from '../../../sandbox/yandex/cloud-state.ts'
import type { YandexSandbox } from '../../../sandbox/yandex/vendor.ts'
import { type PullpassOptions, type PullpassRun, runPullpass } from '../../support/run-pullpass.ts'
import { startTestSandbox, type TestSandbox } from '../../support/start-test-sandbox.ts'

export const subject = 'system:serviceaccount:image-system:pullpass'
export const apply: readonly string[] = ['trust', 'apply', '--yes']

export interface TrustTest {
  readonly sandbox: TestSandbox
  readonly yandex: YandexSandbox
  readonly run: (argv: readonly string[], options?: PullpassOptions) => Promise<PullpassRun>
  readonly federations: () => Federation[]
  readonly credentials: () => Credential[]
  /** On the registry. */
  readonly bindings: () => readonly Binding[]
  /** Data of the ConfigMap with the record. */
  readonly recorded: () => string[]
}

interface TrustWorld extends Pick<SandboxOptions, 'issuerDocuments'> {
  /** The YAML list; absent: the registry. */
  readonly repositories?: string
  /** Id of the service account of a second registry entry. */
  readonly second?: string
}

export async function start(
  t: TestContext,
  { repositories, second, issuerDocuments = 'published' }: TrustWorld = {},
): Promise<TrustTest> {
  const sandbox = await startTestSandbox(t, { trust: 'absent', issuerDocuments })
  const yandex = await sandbox.start(sandboxVendors.yandex)
  const { serviceAccountId, registryId, url, state } = yandex
  const entry = (name: string, host: string, accountId: string) => `
    - name: ${name}
      hosts: ["${host}:${sandbox.parts.registry.port}"]
      yandex:
        serviceAccountId: ${accountId}
        endpoint: "${url}"
        trust: {repositories: ${repositories ?? `[${registryId}]`}}`
  const entries = [entry('yandex', '127.0.0.1', serviceAccountId), second && entry('second', 'localhost', second)]
  const file = await sandbox.write(
    'pull.yaml',
    `apiVersion: pullpass.dev/v1alpha1
kind: ClusterPullSecret
metadata: {name: pull}
spec:
  secretName: regcred
  namespaces: {include: [team-a]}
  serviceAccountRef: {namespace: image-system, name: pullpass}
  registries:${entries.filter((one) => one !== undefined).join('')}
`,
  )
  return {
    sandbox,
    yandex,
    run: (argv, options) => runPullpass(sandbox, [...argv, '-f', file], options),
    federations: () => [...state.federations.values()],
    credentials: () => [...state.credentials.values()],
    bindings: () => state.places.get(registryId)?.bindings ?? [],
    recorded: () =>
      Object.values(Object(sandbox.cluster.store.read('ConfigMap', 'image-system', 'pullpass-trust')?.['data'])),
  }
}
