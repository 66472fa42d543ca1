/** Runs of `pullpass trust` on a document with yandex. */
import type { TestContext } from 'node:test'
import type { SandboxOptions } from '../../../sandbox/start-sandbox.ts'
import { sandboxVendors } from '../../../sandbox/vendors.ts'
import type { Binding, Credential, Federation } from '../../../sandbox/yandex/cloud-state.ts'
import type { YandexSandbox } from '../../../sandbox/yandex/vendor.ts'
import { startTestSandbox } from '../../support/start-test-sandbox.ts'
import { type TrustRuns, trustDocument, trustRuns } from '../trust-runs.ts'

export interface TrustTest extends TrustRuns {
  readonly yandex: YandexSandbox
  readonly federations: () => Federation[]
  readonly credentials: () => Credential[]
  /** On the registry. */
  readonly bindings: () => readonly Binding[]
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
  const registries = entries.filter((one) => one !== undefined).join('')
  const runs = await trustRuns(sandbox, [trustDocument(registries)])
  return {
    ...runs,
    yandex,
    federations: () => [...state.federations.values()],
    credentials: () => [...state.credentials.values()],
    bindings: () => state.places.get(registryId)?.bindings ?? [],
  }
}
