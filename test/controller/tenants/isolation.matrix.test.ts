import assert from 'node:assert/strict'
import { suite, type TestContext, test } from 'node:test'
import { watchBothKinds } from '../../../src/controller/custom-resources.ts'
import type { TenantLimits } from '../../../src/controller/tenants/limits.ts'
import { vendors } from '../../../src/vendors/vendors.ts'
import { dockerConfigData } from '../../commands/refresh/write-as.ts'
import { openTestCluster } from '../../kubernetes/open-test-cluster.ts'
import { readPullSecret } from '../../support/read-pull-secret.ts'
import type { TestSandbox } from '../../support/start-test-sandbox.ts'
import { readResource, readTenant, writePullSecret, writeResource } from '../custom-resource.ts'
import { type ControllerTestOptions, startControllerTest } from '../start-test-controller.ts'
import { advanceUntil, until } from '../virtual-time.ts'

const audience =
  '//iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/pool/providers/cluster'
const hostile = Array.from({ length: 50 }, (_, index) => `hostile-${index}`)
const second = (description: string) => ({ stepMs: 1_000, description })

const limits = ({ environment }: TestSandbox): TenantLimits => ({
  serviceAccounts: ['puller', 'absent'],
  secretNames: ['regcred'],
  audiences: [audience],
  endpoints: [new URL(environment['PULLPASS_GCP_STS_ENDPOINT'] ?? '').host],
})

async function startWorld(t: TestContext, options: ControllerTestOptions = {}) {
  const namespaces = ['team-a', 'team-b', ...hostile]
  const world = await startControllerTest(t, { document: 'none', namespaces, tenants: limits, ...options })
  world.sandbox.cluster.installDefinitions()
  for (const namespace of namespaces)
    world.sandbox.cluster.seed({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'puller', namespace } })
  return world
}

const conditionOf = (sandbox: TestSandbox, namespace: string, name: string): string =>
  JSON.stringify(readTenant(sandbox, namespace, name)?.['status'] ?? {})

/** Of a credential of its own, at the provider of this name. */
function registriesOf(index: number, { provider = 'cluster', registry = `r${index}` } = {}) {
  const workloadIdentityProvider = audience.replace('//iam.googleapis.com/', '').replace(/cluster$/, provider)
  const gcp = { workloadIdentityProvider, stsRegion: `europe-west${index}` }
  return [{ name: registry, hosts: ['europe-docker.pkg.dev'], gcp }]
}

/** CPU seconds of this process for each flood by one tenant, next to so many PullSecrets of others. */
async function measureFloods(t: TestContext, others: number) {
  const { sandbox, start, time, hasSecret, addNamespace } = await startWorld(t)
  const { cluster } = sandbox
  const [flooded = '', restored = '', first = '', next = ''] = hostile.slice(0, 4)
  const crowd = hostile.slice(4)
  cluster.seed({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'puller', namespace: 'created' } })
  for (const namespace of [flooded, restored, 'created']) writePullSecret(sandbox, { namespace })
  for (let index = 0; index < others; index++)
    writePullSecret(sandbox, { namespace: crowd[index % crowd.length] ?? '', name: `pull-${index}` })
  const { stop, metric } = await start()
  await until('the documents', () => metric('tenants_desired') === others + 2)
  await until('the Secrets', () => [flooded, restored].every(hasSecret) && metric('queue_depth') === 0)
  const remove = (namespace: string) => {
    const stored = cluster.store.read('Secret', namespace, 'regcred')
    if (stored !== undefined) cluster.store.remove(stored)
  }
  const data = dockerConfigData('europe-docker.pkg.dev', 'by:hand')
  const foreign = { apiVersion: 'v1', kind: 'Secret', type: 'kubernetes.io/dockerconfigjson', data }
  const floods: readonly Flood[] = [
    {
      title: 'Secrets that are deleted and created',
      change() {
        remove(flooded)
        cluster.seed({ ...foreign, metadata: { name: 'regcred', namespace: flooded } })
      },
      last: { namespace: restored, change: remove },
    },
    {
      title: 'changes of a namespace',
      change: (index) => addNamespace(flooded, { at: `${index}` }),
      last: { namespace: 'created', change: addNamespace },
    },
    {
      title: 'invalid changes of a PullSecret',
      change: (index) =>
        void writePullSecret(sandbox, { namespace: flooded, spec: { serviceAccountName: `account-${index}` } }),
      last: { namespace: first, change: (namespace) => void writePullSecret(sandbox, { namespace }) },
    },
    {
      title: 'valid changes of a PullSecret',
      change(index) {
        const registries = registriesOf(1, { registry: `r${index}` })
        writePullSecret(sandbox, { namespace: flooded, spec: { registries } })
      },
      last: { namespace: next, change: (namespace) => void writePullSecret(sandbox, { namespace }) },
    },
  ]
  const seconds = new Map<string, number>()
  for (const { title, change, last } of floods) {
    const before = process.cpuUsage()
    for (let index = 0; index < 5_000; index++) change(index)
    last.change(last.namespace)
    await advanceUntil(time, second(`the Secret after ${title}`), () => hasSecret(last.namespace))
    const { user, system } = process.cpuUsage(before)
    seconds.set(title, (user + system) / 1e6)
  }
  await stop()
  return seconds
}

interface Flood {
  readonly title: string
  readonly change: (index: number) => void
  /** An object of the same watch: its Secret is written when all events before it are evaluated. */
  readonly last: { readonly namespace: string; readonly change: (namespace: string) => void }
}

const respond = (body: object) => ({ status: 200, headers: {}, body: JSON.stringify(body) })
const noLimits = { serviceAccounts: [], secretNames: [], audiences: [], endpoints: [] }

/** All but the last in `team-a`. */
function pullSecret(index: number, count: number) {
  const namespace = index === count - 1 ? 'team-b' : 'team-a'
  const metadata = { name: `pull-${index}`, namespace, uid: `uid-${index}`, resourceVersion: '1', generation: 1 }
  return { metadata, spec: { secretName: 'regcred', registries: [] } }
}

suite('tenants with a broken or hostile set-up', { timeout: 180_000 }, () => {
  test('5,000 PullSecrets that fail delay no other document, and log little', async (t) => {
    const { sandbox, start, time, hasSecret } = await startWorld(t)
    for (let index = 0; index < 5_000; index++) {
      const namespace = hostile[index % hostile.length] ?? ''
      const spec = { serviceAccountName: 'absent', registries: registriesOf(index) }
      writePullSecret(sandbox, { namespace, name: `pull-${index}`, spec })
    }
    const { logged, metric, health, stop } = await start()
    await until('the first failures', () => (metric('tenants_desired') ?? 0) === 5_000)
    const { seen } = sandbox.parts.kubernetes
    const before = seen.length
    writePullSecret(sandbox, { namespace: 'team-a' })
    writeResource(sandbox, { include: ['team-b'] })
    await until('the other documents', () => hasSecret('team-a') && hasSecret('team-b'))
    // They did not wait for those that were there before.
    t.diagnostic(`the API server had ${seen.length - before} requests until then`)
    assert.ok(seen.length - before < 1_500, `${seen.length - before} requests`)
    const isReady = () => JSON.stringify(readResource(sandbox)?.['status'] ?? {}).includes('"reason":"Fresh"')
    await advanceUntil(time, second('the status of the ClusterPullSecret'), isReady)
    for (let count = 500; count <= 5_000; count += 500) await until(`${count} requests`, () => seen.length > count)
    const [first = ''] = hostile
    const hasStatus = () => conditionOf(sandbox, first, 'pull-0').includes('TOKEN_REQUEST_REFUSED')
    await advanceUntil(time, { stepMs: 100, description: 'the status of one of them' }, hasStatus)
    assert.ok(health('/readyz').includes('[+]watches ok'))
    assert.ok(logged.length < 100, `${logged.length} lines`)
    assert.doesNotMatch(health('/metrics'), /hostile/)
    await stop()
  })

  test('a cloud that does not respond to them delays no other tenant and no ClusterPullSecret', async (t) => {
    const pending: string[] = []
    const { sandbox, start, hasSecret, exchanges } = await startWorld(t, {
      // By the audience of the request: that of the hostile tenants has another provider.
      send: async (request, transport) => {
        if (request.body?.includes('hanging') !== true) return await transport(request)
        pending.push(request.url)
        return await new Promise((_, reject) => {
          request.signal.addEventListener('abort', () => reject(request.signal.reason), { once: true })
        })
      },
      tenants: (one) => ({ ...limits(one), audiences: [audience, audience.replace(/cluster$/, 'hanging')] }),
    })
    const [first = ''] = hostile
    for (let index = 0; index < 100; index++) {
      const registries = registriesOf(index, { provider: 'hanging' })
      writePullSecret(sandbox, { namespace: first, name: `pull-${index}`, spec: { registries } })
    }
    const { stop, metric } = await start()
    await until('their requests', () => metric('tenants_desired') === 100 && pending.length === 2)
    writePullSecret(sandbox, { namespace: 'team-a' })
    writeResource(sandbox, { include: ['team-b'] })
    await until('the other documents', () => hasSecret('team-a') && hasSecret('team-b'))
    assert.deepEqual([pending.length, exchanges()], [2, 2]) // a bounded share of the exchanges
    await stop()
  })

  test('ten thousand changes of the objects of one tenant do not delay others', async (t) => {
    const { sandbox, start, time, hasSecret } = await startWorld(t)
    const { stop, metric } = await start()
    const [first = ''] = hostile
    writePullSecret(sandbox, { namespace: first })
    await until('the first', () => hasSecret(first))
    const annotations = { huge: 'x'.repeat(200_000) }
    for (let index = 0; index < 10_000; index++) {
      const written = writePullSecret(sandbox, {
        namespace: first,
        name: `pull-${index % 100}`,
        spec: { serviceAccountName: index % 2 === 0 ? 'absent' : 'puller' },
      })
      if (index % 100 === 0) sandbox.cluster.seed({ ...written, metadata: { ...written.metadata, annotations } })
    }
    writePullSecret(sandbox, { namespace: 'team-a' })
    await advanceUntil(time, second('the other tenant'), () => hasSecret('team-a'))
    assert.ok(readPullSecret(sandbox, 'team-a'))
    assert.equal(metric('tenants_desired'), 101)
    await stop()
  })
  test('5,000 events of one tenant cost about the same with 10 and with 3,000 PullSecrets of others', async (t) => {
    const few = await measureFloods(t, 10)
    const many = await measureFloods(t, 3_000)
    for (const [title, seconds] of many) {
      const withFew = few.get(title) ?? 0
      t.diagnostic(`${title}: ${seconds} s of CPU, ${withFew} s with few`)
      assert.ok(seconds < 2 * withFew + 0.3, `${title}: ${seconds} s of CPU, ${withFew} s with few`)
    }
  })

  test('PullSecrets above the limit of a namespace are not kept, however many they are, and those of others are used', async (t) => {
    const count = 60_000
    const { cluster, context } = await openTestCluster(t, async ({ path, query }) => {
      if (!path.endsWith('/pullsecrets')) return respond({ resources: [{ name: 'pullsecrets' }] })
      const from = Number(query.get('continue') ?? 0)
      const to = Math.min(count, from + Number(query.get('limit')))
      const items = Array.from({ length: to - from }, (_, index) => pullSecret(from + index, count))
      const metadata = { resourceVersion: '1', ...(to < count && { continue: String(to) }) }
      return respond({ kind: 'PullSecretList', apiVersion: 'pullpass.dev/v1alpha1', metadata, items })
    })
    const watched = { cluster, files: [], customResources: 'ignored', tenants: noLimits } as const
    const { tenants } = watchBothKinds(watched, { ...context, vendors })
    const { value: event } = await tenants(context).next()
    const items = event?.type === 'listed' ? event.items : assert.fail('nothing is listed')
    assert.deepEqual(
      ['team-a', 'team-b'].map((name) => items.filter(({ namespace }) => namespace === name).length),
      [200, 1],
    )
    const unused = items.filter((one) => one.unused)
    assert.deepEqual([unused.length, new Set(unused.map(({ fault }) => fault)).size], [100, 1])
    assert.deepEqual(unused[0]?.status, {})
  })
})
