/** A sandbox for `pullpass status`: pull secrets of pullpass, of another tool, and a copy. */
import type { TestContext } from 'node:test'
import { runPullpass } from '../../support/run-pullpass.ts'
import { startTestSandbox, type TestSandbox } from '../../support/start-test-sandbox.ts'

/** pullpass refreshed `regcred` in team-a and team-b at 12:00:00; `mine` in team-b is of kubectl, two days old. */
export async function startStatusSandbox(t: TestContext): Promise<TestSandbox> {
  const sandbox = await startTestSandbox(t, { namespaces: ['team-a', 'team-b'] })
  await runPullpass(sandbox, ['refresh'])
  seedSecret(sandbox, 'mine', {
    creationTimestamp: '2026-11-22T12:00:00Z',
    managedFields: [
      {
        manager: 'kubectl-create',
        operation: 'Update',
        apiVersion: 'v1',
        time: '2026-11-23T10:00:00Z',
        fieldsType: 'FieldsV1',
        fieldsV1: { 'f:data': { '.': {}, 'f:.dockerconfigjson': {} }, 'f:type': {} },
      },
    ],
  })
  return sandbox
}

/** A pull secret in team-b, and a Secret of another type, which is none. */
export function seedSecret({ cluster }: TestSandbox, name: string, metadata: object): void {
  const data = { '.dockerconfigjson': Buffer.from('{"auths":{}}').toString('base64') }
  const base = { apiVersion: 'v1', kind: 'Secret' } as const
  cluster.seed({
    ...base,
    metadata: { ...metadata, namespace: 'team-b', name },
    type: 'kubernetes.io/dockerconfigjson',
    data,
  })
  cluster.seed({ ...base, metadata: { namespace: 'team-b', name: `${name}-opaque` }, type: 'Opaque' })
}
