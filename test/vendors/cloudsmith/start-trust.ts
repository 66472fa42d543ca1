/** Runs of `pullpass trust` on a document with cloudsmith. */
import type { TestContext } from 'node:test'
import type { Privilege, Provider, Service } from '../../../sandbox/cloudsmith/organization-state.ts'
import type { CloudsmithSandbox } from '../../../sandbox/cloudsmith/vendor.ts'
import { sandboxVendors } from '../../../sandbox/vendors.ts'
import { startTestSandbox, type TestSandbox } from '../../support/start-test-sandbox.ts'
import { type TrustRuns, trustDocument, trustRuns } from '../trust-runs.ts'

export interface TrustTest extends TrustRuns {
  readonly cloudsmith: CloudsmithSandbox
  readonly services: () => Service[]
  readonly providers: () => Provider[]
  /** On the repository. */
  readonly privileges: () => readonly Privilege[]
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
  const registries = entries.filter((one) => one !== undefined).join('')
  const runs = await trustRuns(sandbox, [trustDocument(registries)])
  return {
    ...runs,
    cloudsmith,
    services: () => [...state.services.values()],
    providers: () => [...state.providers.values()],
    privileges: () => state.repositories.get(repository) ?? [],
  }
}
