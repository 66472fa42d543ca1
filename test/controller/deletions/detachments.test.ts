/** `deletionPolicy: Delete` with `attachToServiceAccounts`: which entries of accounts are removed. */
import assert from 'node:assert/strict'
import { suite, type TestContext, test } from 'node:test'
import { dockerConfigData } from '../../commands/refresh/write-as.ts'
import type { TestSandbox } from '../../support/start-test-sandbox.ts'
import { deleteResource, readResource, writeResource } from '../custom-resource.ts'
import { advanceUntil, until } from '../virtual-time.ts'
import { bySelector, deleting, kubernetes, pass, startSelected } from './start-selected.ts'

suite('with deletionPolicy: Delete, imagePullSecrets of accounts', () => {
  const attaching = { ...deleting, attachToServiceAccounts: ['default'] }
  const { attachToServiceAccounts } = attaching
  const namesIn = ({ cluster }: TestSandbox, namespace: string): readonly string[] => {
    const entries = cluster.store.read('ServiceAccount', namespace, 'default')?.['imagePullSecrets']
    return Array.isArray(entries) ? entries.map((entry: { name: string }) => entry.name) : []
  }
  const allNames = (sandbox: TestSandbox) =>
    ['team-a', 'team-b', 'team-c'].map((namespace) => namesIn(sandbox, namespace).join()).join(' ')
  /** As another client that adds an entry after ours. */
  const addEntry = ({ cluster }: TestSandbox, namespace: string) => {
    const account = cluster.store.read('ServiceAccount', namespace, 'default') ?? assert.fail()
    const imagePullSecrets = [{ name: 'first' }, { name: 'regcred' }, { name: 'last' }]
    cluster.seed({ ...account, imagePullSecrets })
  }
  async function startAttached(t: Pick<TestContext, 'after'>, spec: object = attaching) {
    const started = await startSelected(t, spec)
    await until('the accounts', () => allNames(started.sandbox) === 'regcred regcred regcred')
    addEntry(started.sandbox, 'team-b')
    return started
  }

  test('lose their entry where the namespace is no longer selected, before the Secret is deleted', async (t) => {
    const { sandbox, addNamespace, secrets } = await startAttached(t)
    addNamespace('team-a', {})
    addNamespace('team-b', {})
    await until('the first', () => secrets().length === 2)
    const written = kubernetes(sandbox).seen.filter(({ method, path }) => method !== 'GET' && path.includes('/team-a/'))
    const writes = written.map(({ method, path }) => `${method} ${path.split('/')[5]}`)
    assert.deepEqual(writes.slice(-2), ['PATCH serviceaccounts', 'DELETE secrets'])
    assert.equal(allNames(sandbox), ' first,regcred,last regcred')
  })

  test('lose it when the object is deleted; other entries stay', async (t) => {
    const { sandbox, secrets, running } = await startAttached(t)
    await deleteResource(sandbox)
    await until('the entries', () => allNames(sandbox) === ' first,last ')
    assert.deepEqual(secrets(), [])
    assert.ok(running.logged.some((line) => line.includes('a pull secret was detached from a service account')))
  })

  test('lose it when the object is deleted after the Secret', async (t) => {
    const { sandbox, running } = await startAttached(t)
    const { store, authorization } = sandbox.cluster
    authorization.forbid({ verbs: ['patch'], resources: ['secrets'], namespace: 'team-a' })
    store.remove(store.read('Secret', 'team-a', 'regcred') ?? assert.fail())
    const refused = 'failures_total{hop="kubernetes",code="KUBERNETES_FORBIDDEN"}'
    await until('the refusal', () => running.metric(refused) !== undefined)
    await deleteResource(sandbox)
    await until('the entries', () => allNames(sandbox) === ' first,last ')
  })

  test('keep it if the object has Retain, or is deleted with --cascade=orphan', async (t) => {
    for (const change of ['Retain', 'orphan'] as const) {
      const { sandbox, running, time } = await startAttached(
        t,
        change === 'Retain' ? { attachToServiceAccounts } : attaching,
      )
      const { metadata, ...object } = readResource(sandbox) ?? assert.fail()
      const marks = { deletionTimestamp: '2026-11-24T12:00:00Z', finalizers: ['orphan'] }
      if (change === 'orphan') sandbox.cluster.seed({ ...object, metadata: { ...metadata, ...marks } })
      else await deleteResource(sandbox)
      await until(
        'the deletion',
        () => running.metric('namespaces_desired{document="ClusterPullSecret/pull"}') === undefined,
      )
      await pass(time, 60, running)
      assert.equal(allNames(sandbox), 'regcred first,regcred,last regcred')
    }
  })

  test('keep it where the Secret of the name has another owner', async (t) => {
    const { sandbox, running } = await startAttached(t)
    const { store } = sandbox.cluster
    const ours = store.read('Secret', 'team-c', 'regcred') ?? assert.fail()
    const data = dockerConfigData('europe-docker.pkg.dev', 'by:hand')
    store.remove(ours)
    sandbox.cluster.seed({
      apiVersion: 'v1',
      kind: 'Secret',
      type: ours['type'],
      metadata: { namespace: 'team-c', name: 'regcred' },
      data,
    })
    await until(
      'the refusal',
      () => running.metric('failures_total{hop="kubernetes",code="SECRET_NOT_OURS"}') !== undefined,
    )
    await deleteResource(sandbox)
    await until('the entries', () => allNames(sandbox) === ' first,last regcred')
  })

  test('keep it without the permission, which is reported once, and lose it when that is granted', async (t) => {
    const { sandbox, running, time } = await startAttached(t)
    const permit = sandbox.cluster.authorization.forbid({
      verbs: ['patch'],
      resources: ['serviceaccounts'],
      namespace: 'team-a',
    })
    await deleteResource(sandbox)
    const refused = () => running.metric('failures_total{hop="kubernetes",code="KUBERNETES_FORBIDDEN"}') ?? 0
    await advanceUntil(time, { stepMs: 60_000, description: 'two attempts' }, () => refused() === 2)
    assert.equal(allNames(sandbox), 'regcred first,last ')
    const reports = running.logged.filter((line) => line.includes('KUBERNETES_FORBIDDEN'))
    assert.equal(reports.length, 1, running.logged.join('\n'))
    assert.match(reports[0] ?? '', /^error a service account could not be changed .* grant the rule .*verbs: \[patch\]/)
    permit()
    await advanceUntil(time, { stepMs: 60_000, description: 'the entry' }, () => allNames(sandbox) === ' first,last ')
  })

  test('keep it if the object is created again', async (t) => {
    const { sandbox, running } = await startAttached(t)
    await deleteResource(sandbox)
    writeResource(sandbox, { spec: { ...bySelector, ...attaching } })
    await running.whenFresh(3)
    await until('the entries', () =>
      allNames(sandbox)
        .split(' ')
        .every((names) => names.includes('regcred')),
    )
  })

  test('keep it if the object was deleted while no controller ran', async (t) => {
    const { sandbox, running, start, time } = await startAttached(t)
    await running.stop()
    await deleteResource(sandbox)
    const next = await start()
    await until('the list', () => next.health('/readyz').includes('[+]watches ok'))
    await pass(time, 120, next)
    assert.equal(allNames(sandbox), 'regcred first,regcred,last regcred')
  })
})
