/** A controller that uses PullSecrets, and what it states about them. */
import type { TestContext } from 'node:test'
import { isRecord } from '../../../sandbox/kubernetes/objects/kubernetes-object.ts'
import type { TenantLimits } from '../../../src/controller/tenants/limits.ts'
import type { ResourceStatus } from '../../../src/document/custom-resource.ts'
import type { TestSandbox } from '../../support/start-test-sandbox.ts'
import { readTenant } from '../custom-resource.ts'
import { type ControllerTest, type ControllerTestOptions, startControllerTest } from '../start-test-controller.ts'
import { advanceUntil } from '../virtual-time.ts'

export const second = (description: string): { readonly stepMs: number; readonly description: string } => ({
  stepMs: 1_000,
  description,
})
export const audience =
  '//iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/pool/providers/cluster'
/** What an installation permits; the servers of the sandbox are at a loopback address. */
export const limits = ({ environment }: TestSandbox): TenantLimits => ({
  serviceAccounts: ['puller'],
  secretNames: ['regcred'],
  audiences: [audience],
  endpoints: [new URL(environment['PULLPASS_GCP_STS_ENDPOINT'] ?? '').host],
})

export const statusOf = (sandbox: TestSandbox, namespace: string, name = 'pull'): ResourceStatus | undefined => {
  const status = readTenant(sandbox, namespace, name)?.['status']
  return isRecord(status) ? JSON.parse(JSON.stringify(status)) : undefined
}
export const readyOf = (
  sandbox: TestSandbox,
  namespace: string,
  name = 'pull',
): ResourceStatus['conditions'][number] | undefined => statusOf(sandbox, namespace, name)?.conditions[0]
export const tokenRequests = (sandbox: TestSandbox): string[] =>
  sandbox.parts.kubernetes.seen.flatMap(({ path }) => (path.endsWith('/token') ? path : []))

interface Tenants extends ControllerTest {
  /** Resolves with the message when the condition Ready of a PullSecret has this reason. */
  readonly whenReady: (namespace: string, reason: string, name?: string) => Promise<string>
}

/** With both definitions, and an account in each namespace. */
export async function startTenants(
  t: Pick<TestContext, 'after'>,
  options: ControllerTestOptions = {},
): Promise<Tenants> {
  const started = await startControllerTest(t, { document: 'none', tenants: limits, ...options })
  const { sandbox, time } = started
  sandbox.cluster.installDefinitions()
  for (const namespace of options.namespaces ?? ['default', 'team-a', 'team-b'])
    sandbox.cluster.seed({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'puller', namespace } })
  const whenReady = async (namespace: string, reason: string, name = 'pull') => {
    await advanceUntil(
      time,
      second(`${reason}, ${JSON.stringify(readyOf(sandbox, namespace, name))}`),
      () => readyOf(sandbox, namespace, name)?.reason === reason,
    )
    return readyOf(sandbox, namespace, name)?.message ?? ''
  }
  return { ...started, whenReady }
}
