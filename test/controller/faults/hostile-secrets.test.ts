import assert from 'node:assert/strict'
import { suite, type TestContext, test } from 'node:test'
import type { KubernetesObject, StoredObject } from '../../../sandbox/kubernetes/objects/kubernetes-object.ts'
import { dockerConfigData } from '../../commands/refresh/write-as.ts'
import { startControllerTest } from '../start-test-controller.ts'
import { until, untilRepeated } from '../virtual-time.ts'

type Hostile = (own: StoredObject) => Pick<KubernetesObject, 'metadata'> & Readonly<Record<string, unknown>>

const pullSecretType = 'kubernetes.io/dockerconfigjson'
const named = ({ metadata: { namespace = '', name } }: StoredObject) => ({ namespace, name })

/** Secrets that another client puts in the place of ours. */
const hostile: readonly { title: string; secret: Hostile; code: string }[] = [
  {
    title: 'is of another type',
    secret: (own) => ({ metadata: named(own), type: 'Opaque', data: { password: 'c2VjcmV0' } }),
    code: 'SECRET_NOT_OURS',
  },
  {
    title: 'is immutable',
    secret: (own) => ({
      metadata: named(own),
      type: pullSecretType,
      immutable: true,
      data: dockerConfigData('europe-docker.pkg.dev', 'by:hand'),
    }),
    code: 'SECRET_NOT_OURS',
  },
  {
    title: 'was ours, was edited, and is immutable',
    secret: (own) => {
      const label = { 'f:metadata': { 'f:labels': { 'f:app.kubernetes.io/managed-by': {} } } }
      const [entry] = own.metadata.managedFields ?? []
      const managedFields = entry === undefined ? [] : [{ ...entry, fieldsV1: label }]
      const data = dockerConfigData('europe-docker.pkg.dev', 'by:hand')
      return { ...own, metadata: { ...own.metadata, managedFields }, data, immutable: true }
    },
    code: 'SECRET_IMMUTABLE',
  },
  {
    title: 'has 1 MiB of annotations',
    secret: (own) => ({
      metadata: {
        ...named(own),
        annotations: { note: 'x'.repeat(1 << 20), 'pullpass.dev/registries': '['.repeat(1 << 18) },
      },
      type: pullSecretType,
      data: dockerConfigData('europe-docker.pkg.dev', 'by:hand'),
    }),
    code: 'SECRET_NOT_OURS',
  },
  {
    title: 'is a copy of another namespace with our annotations, by a replicator',
    secret: (own) => ({
      metadata: {
        ...named(own),
        annotations: { ...own.metadata.annotations, 'pullpass.dev/expires-at': '2036-01-01T00:00:00Z' },
        managedFields: (own.metadata.managedFields ?? []).map((entry) => ({ ...entry, manager: 'replicator' })),
      },
      type: pullSecretType,
      data: dockerConfigData('europe-docker.pkg.dev', 'by:hand'),
    }),
    code: 'SECRET_NOT_OURS',
  },
]

async function replace(t: TestContext, secret: Hostile, code: string): Promise<void> {
  const { sandbox, start, time, exchanges } = await startControllerTest(t)
  const { whenFresh, metric, logged } = await start()
  await whenFresh(2)
  const { store } = sandbox.cluster
  const own = store.read('Secret', 'team-a', 'regcred')
  assert.ok(own)
  const { uid: _, resourceVersion: __, ...metadata } = own.metadata
  store.remove(own)
  const put = store.put({
    apiVersion: 'v1',
    kind: 'Secret',
    ...secret({ ...own, metadata: { ...metadata, uid: '', resourceVersion: '' } }),
  })
  const failures = () => metric(`failures_total{hop="kubernetes",code="${code}"}`) ?? 0
  // Its deletion and its creation are two events.
  await until('the refusal', () => failures() > 0 && metric('queue_depth') === 0)
  const refused = failures()
  time.advance(10 * 60_000)
  await untilRepeated(time, 'another attempt', () => failures() === refused + 1)
  assert.deepEqual(store.read('Secret', 'team-a', 'regcred'), put)
  assert.equal(logged.filter((line) => line.includes(code)).length, 1, logged.join('\n'))
  assert.equal(exchanges(), 1)
  store.remove(put)
  await whenFresh(2)
}

suite('a Secret in the place of ours is left as it is, reported once, and replaced when it is deleted, where it', () => {
  for (const { title, secret, code } of hostile) test(title, async (t) => await replace(t, secret, code))
})
