import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { documentText } from '../support/document-text.ts'
import type { TestSandbox } from '../support/start-test-sandbox.ts'
import { readyOf, writeResource } from './custom-resource.ts'
import { type ControllerTestOptions, startControllerTest } from './start-test-controller.ts'
import { advanceUntil, type VirtualTime } from './virtual-time.ts'

const image = 'europe-docker.pkg.dev/example/app/web:1'
const before = '2026-11-24T11:59:00Z' // a minute before the controller starts

interface Stuck {
  readonly owner?: string | undefined
  readonly image?: string
  readonly reason?: string
  readonly message?: string
  readonly reportedAt?: string
  readonly imagePullSecrets?: readonly string[]
  readonly phase?: string
}

/** As a kubelet reports it. */
function seedPod({ cluster }: TestSandbox, name: string, stuck: Stuck = {}, namespace = 'team-a'): void {
  const { owner = 'ReplicaSet', reason = 'ImagePullBackOff', message = `Back-off pulling image "${image}"` } = stuck
  const { imagePullSecrets = ['regcred'], reportedAt = before, phase = 'Pending' } = stuck
  const main = { name: 'main', image: stuck.image ?? image }
  cluster.seed({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace,
      ownerReferences: [{ apiVersion: 'apps/v1', kind: owner, name: 'web', uid: 'web-uid', controller: true }],
      managedFields: [
        {
          manager: 'kubelet',
          operation: 'Update',
          subresource: 'status',
          apiVersion: 'v1',
          time: reportedAt,
          fieldsType: 'FieldsV1',
          fieldsV1: { 'f:status': { 'f:containerStatuses': {} } },
        },
      ],
    },
    spec: { containers: [main], imagePullSecrets: imagePullSecrets.map((one) => ({ name: one })) },
    status: { phase, containerStatuses: [{ ...main, state: { waiting: { reason, message } } }] },
  })
}

const exists = ({ cluster }: TestSandbox, name: string) => cluster.store.read('Pod', 'team-a', name) !== undefined
const evictions = ({ parts }: TestSandbox) =>
  parts.kubernetes.seen.filter(({ path }) => path.endsWith('/eviction')).map(({ path }) => path.split('/').at(-2))
const evicting = (more = ''): ControllerTestOptions => ({
  document: (sandbox) => documentText(sandbox, { include: ['team-*'], more: `  stuckPods: Evict\n${more}` }),
})
const until = async (time: VirtualTime, description: string, condition: () => boolean) =>
  await advanceUntil(time, { stepMs: 1_000, description }, condition)

suite('with stuckPods: Evict, the controller', () => {
  test('evicts a pod that waits with an older credential, which its controller recreates, and reports it', async (t) => {
    const { sandbox, start, time } = await startControllerTest(t, evicting())
    seedPod(sandbox, 'stuck')
    const { logged } = await start()
    await until(time, 'the eviction', () => !exists(sandbox, 'stuck'))
    assert.deepEqual(evictions(sandbox), ['stuck'])
    assert.match(logged.join('\n'), /^info a stuck pod was evicted ClusterPullSecret\/pull team-a stuck$/m)
    const events = () => sandbox.cluster.store.list('Event').map((event) => [event['reason'], event.metadata.namespace])
    await until(time, 'the Event', () => events().length > 0)
    assert.deepEqual(events(), [['StuckPodEvicted', 'team-a']])
  })

  test('evicts no other pod, and one that it evicts at most one in a second', async (t) => {
    const { sandbox, start, time } = await startControllerTest(t, evicting())
    seedPod(sandbox, 'of-no-controller', { owner: 'Node' })
    seedPod(sandbox, 'of-a-job', { owner: 'Job' })
    seedPod(sandbox, 'of-another-registry', { image: 'registry.example.com/app' })
    seedPod(sandbox, 'with-another-secret', { imagePullSecrets: ['other'] })
    seedPod(sandbox, 'without-a-secret', { imagePullSecrets: [] })
    seedPod(sandbox, 'unreachable', { message: 'dial tcp: lookup europe-docker.pkg.dev: no such host' })
    seedPod(sandbox, 'starting', { reason: 'ContainerCreating' })
    seedPod(sandbox, 'tried-since', { reportedAt: '2026-11-24T12:59:00Z' })
    seedPod(sandbox, 'running', { phase: 'Running' })
    seedPod(sandbox, 'elsewhere', {}, 'default')
    for (const name of ['stuck-1', 'stuck-2', 'stuck-3']) seedPod(sandbox, name)
    await start()
    const startedMs = time.elapsedMs()
    await until(time, 'the evictions', () => !['stuck-1', 'stuck-2', 'stuck-3'].some((name) => exists(sandbox, name)))
    assert.ok(time.elapsedMs() - startedMs >= 3_000)
    seedPod(sandbox, 'last') // evaluated after all others
    await until(time, 'the last one', () => !exists(sandbox, 'last'))
    assert.deepEqual(evictions(sandbox), ['stuck-1', 'stuck-2', 'stuck-3', 'last'])
  })

  test('evicts pods of namespaces in turn: many of one do not delay those of another', async (t) => {
    const { sandbox, start, time } = await startControllerTest(t, evicting())
    for (const name of ['many-1', 'many-2', 'many-3', 'many-4']) seedPod(sandbox, name)
    for (const name of ['few-1', 'few-2']) seedPod(sandbox, name, {}, 'team-b')
    await start()
    await until(time, 'the evictions', () => evictions(sandbox).length === 6)
    assert.deepEqual(evictions(sandbox), ['many-1', 'few-1', 'many-2', 'few-2', 'many-3', 'many-4'])
  })

  test('evicts a pod that was created before its account was attached', async (t) => {
    const { sandbox, start, time } = await startControllerTest(t, evicting('  attachToServiceAccounts: [default]'))
    seedPod(sandbox, 'early', { imagePullSecrets: [], reportedAt: '2026-11-24T12:59:00Z' })
    seedPod(sandbox, 'own', { imagePullSecrets: ['other'] })
    await start()
    await until(time, 'the eviction', () => !exists(sandbox, 'early'))
    assert.ok(exists(sandbox, 'own'))
  })

  test('tries a refused eviction again later, and reports it once', async (t) => {
    const { sandbox, start, time } = await startControllerTest(t, evicting())
    const permit = sandbox.cluster.authorization.forbid({ verbs: ['create'], resources: ['pods/eviction'] })
    seedPod(sandbox, 'stuck')
    const { logged, metric } = await start()
    const refused = () => metric('failures_total{hop="kubernetes",code="KUBERNETES_FORBIDDEN"}') ?? 0
    await advanceUntil(time, { stepMs: 30_000, description: 'two refusals' }, () => refused() === 2)
    const reports = logged.filter((line) => line.includes('KUBERNETES_FORBIDDEN'))
    assert.equal(reports.length, 1, logged.join('\n'))
    assert.match(reports[0] ?? '', /^error a pod could not be evicted Cluster.* grant the rule .*\[pods\/eviction\]/)
    permit()
    await advanceUntil(time, { stepMs: 30_000, description: 'the eviction' }, () => !exists(sandbox, 'stuck'))
  })

  test('states in the status of a custom resource that an eviction was refused, as long as the pod is stuck', async (t) => {
    const { sandbox, start, time } = await startControllerTest(t, { document: 'none' })
    sandbox.cluster.installDefinitions()
    sandbox.cluster.authorization.forbid({ verbs: ['create'], resources: ['pods/eviction'] })
    seedPod(sandbox, 'stuck')
    writeResource(sandbox, { spec: { stuckPods: 'Evict' } })
    await start()
    await until(time, 'the status', () => readyOf(sandbox)?.reason === 'NotPermitted')
    assert.match(
      readyOf(sandbox)?.message ?? '',
      /^2 of 2 namespaces are fresh; KUBERNETES_FORBIDDEN: .*; expected the right to create pods\/eviction in namespace team-a; fix: print the installation again with --evict-stuck-pods$/,
    )
    const pod = sandbox.cluster.store.read('Pod', 'team-a', 'stuck')
    assert.ok(pod)
    sandbox.cluster.store.remove(pod)
    await until(time, 'the end of the pod', () => readyOf(sandbox)?.reason === 'Fresh')
  })

  test('lists no pods if no document has the field', async (t) => {
    const { sandbox, start } = await startControllerTest(t)
    const { whenFresh } = await start()
    await whenFresh(2)
    assert.deepEqual(
      sandbox.parts.kubernetes.seen.filter(({ path }) => path.includes('/pods')),
      [],
    )
  })

  test('watches the namespaces of a file also if a custom resource needs a watch of all pods, which is refused', async (t) => {
    const { sandbox, start, time } = await startControllerTest(t, {
      document: (one) => documentText(one, { include: ['team-a'], more: '  stuckPods: Evict' }),
    })
    sandbox.cluster.installDefinitions()
    const message = 'pods is forbidden: User "me" cannot list resource "pods" in API group "" at the cluster scope'
    const body = JSON.stringify({ kind: 'Status', status: 'Failure', reason: 'Forbidden', code: 403, message })
    const refusal = { kind: 'response', response: { status: 403, body } } as const
    const times = Number.POSITIVE_INFINITY
    sandbox.parts.kubernetes.faults.inject(refusal, { when: ({ path }) => path === '/api/v1/pods', times })
    const running = await start()
    await running.whenFresh(1)
    writeResource(sandbox, { name: 'other', spec: { stuckPods: 'Evict' } })
    await until(time, 'the refusal', () => running.logged.some((line) => line.includes('started again pods ')))
    seedPod(sandbox, 'web')
    await until(time, 'the eviction', () => !exists(sandbox, 'web'))
    assert.ok(running.health('/readyz').includes('[+]watches ok'), running.health('/readyz'))
  })
})
