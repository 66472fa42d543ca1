/** Runs of `pullpass trust` on a document with jfrog. */
import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { type Integration, type Mapping, mappingKey, type Permission } from '../../../sandbox/jfrog/platform-state.ts'
import type { JfrogSandbox } from '../../../sandbox/jfrog/vendor.ts'
import { sandboxVendors } from '../../../sandbox/vendors.ts'
import { startTestSandbox } from '../../support/start-test-sandbox.ts'
import { apply, type TrustRuns, trustDocument, trustRuns } from '../trust-runs.ts'

export interface TrustTest extends TrustRuns {
  readonly jfrog: JfrogSandbox
  readonly integrations: () => Integration[]
  readonly mappings: () => Mapping[]
  readonly permissions: () => Permission[]
  /** Nothing is configured again. */
  readonly reset: () => void
}

interface TrustWorld {
  /** YAML of `jfrog.trust`; absent: the user and the repository. */
  readonly trust?: string
}

export async function start(t: TestContext, { trust }: TrustWorld = {}): Promise<TrustTest> {
  const sandbox = await startTestSandbox(t, { trust: 'absent', issuerDocuments: 'published' })
  const jfrog = await sandbox.start(sandboxVendors.jfrog)
  const { url, state, repository } = jfrog
  const { port } = sandbox.parts.registry
  const registry = `
    - name: images
      hosts: ["127.0.0.1:${port}"]
      jfrog: {url: "${url}", providerName: cluster, trust: ${trust ?? `{repositories: [${repository}], username: puller}`}}`
  const runs = await trustRuns(sandbox, [trustDocument(registry)])
  return {
    ...runs,
    jfrog,
    integrations: () => [...state.integrations.values()],
    mappings: () => [...state.mappings.values()],
    permissions: () => [...state.permissions.values()],
    reset() {
      for (const all of [state.integrations, state.mappings, state.permissions]) all.clear()
      jfrog.operator.state = 'administrator'
    },
  }
}

// What an operator or another owner configured.

export const other = (changes: Partial<Mapping>): Mapping => ({
  name: 'other',
  provider_name: 'cluster',
  priority: 1,
  claims: {},
  token_spec: { username: 'guest', scope: 'applied-permissions/user', expires_in: 3600 },
  ...changes,
})

export function add({ jfrog }: Pick<TrustTest, 'jfrog'>, mapping: Mapping): void {
  jfrog.state.mappings.set(mappingKey(mapping), mapping)
}

export function changeMapping({ jfrog, mappings }: TrustTest, change: (one: Mapping) => Partial<Mapping>): void {
  for (const one of mappings()) add({ jfrog }, { ...one, ...change(one) })
}

/** The integration alone. */
export function integrate({ jfrog, sandbox }: TrustTest): void {
  const issuer_url = sandbox.cluster.issuer
  jfrog.state.integrations.set('cluster', { name: 'cluster', issuer_url, provider_type: 'Generic OpenID Connect' })
}

export async function applyFirst({ run }: TrustTest): Promise<void> {
  assert.equal((await run(apply)).exitCode, 0)
}
