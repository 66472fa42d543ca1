/** Runs of `pullpass trust` on a document with cloudsmith. */
import type { TestContext } from 'node:test'
import type { Privilege, Provider, Service } from '../../../sandbox/cloudsmith/organization-state.ts'
import type { CloudsmithSandbox } from '../../../sandbox/cloudsmith/vendor.ts'
import { sandboxVendors } from '../../../sandbox/vendors.ts'
import { type PullpassOptions, type PullpassRun, runPullpass } from '../../support/run-pullpass.ts'
import { startTestSandbox, type TestSandbox } from '../../support/start-test-sandbox.ts'

export const subject = 'system:serviceaccount:image-system:pullpass'
export const apply: readonly string[] = ['trust', 'apply', '--yes']

export interface TrustTest {
  readonly sandbox: TestSandbox
  readonly cloudsmith: CloudsmithSandbox
  readonly run: (argv: readonly string[], options?: PullpassOptions) => Promise<PullpassRun>
  readonly services: () => Service[]
  readonly providers: () => Provider[]
  /** On the repository. */
  readonly privileges: () => readonly Privilege[]
  /** Data of the ConfigMap with the record. */
  readonly recorded: () => string[]
}

interface TrustWorld {
  /** Slug of the service account. */
  readonly service?: string
  /** That of a second registry entry. */
  readonly second?: string
}

export const start = async (t: TestContext, world?: TrustWorld): Promise<TrustTest> =>
  await startAt(await startTestSandbox(t, { trust: 'absent' }), world)

/** In a sandbox that runs already. */
export async function startAt(
  sandbox: TestSandbox,
  { service = 'puller', second }: TrustWorld = {},
): Promise<TrustTest> {
  const cloudsmith = await sandbox.start(sandboxVendors.cloudsmith)
  const { url, state, organization, repository } = cloudsmith
  const entry = (name: string, host: string, slug: string) => `
    - name: ${name}
      hosts: ["${host}:${sandbox.parts.registry.port}"]
      cloudsmith:
        organization: ${organization}
        service: ${slug}
        endpoint: "${url}"
        trust: {repositories: [${repository}]}`
  const entries = [entry('cloudsmith', '127.0.0.1', service), second && entry('second', 'localhost', second)]
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
    cloudsmith,
    run: (argv, options) => runPullpass(sandbox, [...argv, '-f', file], options),
    services: () => [...state.services.values()],
    providers: () => [...state.providers.values()],
    privileges: () => state.repositories.get(repository) ?? [],
    recorded: () =>
      Object.values(Object(sandbox.cluster.store.read('ConfigMap', 'image-system', 'pullpass-trust')?.['data'])),
  }
}
