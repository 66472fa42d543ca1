/** `deletionPolicy: Delete`: what is deleted where a document no longer selects a namespace, and what is not. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { ResourceStatus } from '../../../src/document/custom-resource.ts'
import { applyAs, dockerConfigData, patchAs } from '../../commands/refresh/write-as.ts'
import { readPullSecret } from '../../support/read-pull-secret.ts'
import type { TestSandbox } from '../../support/start-test-sandbox.ts'
import { deleteResource, readResource, writeResource } from '../custom-resource.ts'
import { selectTeams, startControllerTest } from '../start-test-controller.ts'
import { advanceUntil, until } from '../virtual-time.ts'
import { bySelector, deleting, kubernetes, labels, pass, startSelected } from './start-selected.ts'

const deletions = (sandbox: TestSandbox): string[] =>
  kubernetes(sandbox)
    .seen.filter(({ method }) => method === 'DELETE')
    .map(({ path }) => path.split('/')[4] ?? '')
const messageOf = (sandbox: TestSandbox): string => {
  const status = readResource(sandbox)?.['status']
  const { conditions }: Partial<ResourceStatus> = JSON.parse(JSON.stringify(status ?? {}))
  return conditions?.[0]?.message ?? ''
}

suite('a namespace that a ClusterPullSecret no longer selects', () => {
  test('loses its Secret immediately with Delete, and gets it again without an exchange', async (t) => {
    const { sandbox, addNamespace, secrets, running, exchanges } = await startSelected(t)
    addNamespace('team-a', {})
    await until('the deletion', () => secrets().join() === 'team-b,team-c') // no time passes
    await until('the metric', () => running.metric('writes_total{result="deleted"}') === 1)
    const events = () => sandbox.cluster.store.list('Event', 'team-a').map((one) => [one['reason'], one['message']])
    await until('the Event', () => events().length > 0)
    assert.deepEqual(events(), [
      ['SecretDeleted', 'ClusterPullSecret/pull no longer selects this namespace: deletionPolicy is Delete'],
    ])
    assert.match(
      running.logged.join('\n'),
      /^info a pull secret was deleted: its namespace is not selected ClusterPullSecret\/pull team-a deleted$/m,
    )
    addNamespace('team-a', labels)
    await running.whenFresh(3)
    assert.deepEqual([secrets().length, exchanges()], [3, 1])
  })

  test('loses it also after the clock was set back by an hour', async (t) => {
    const { sandbox, addNamespace, secrets, running, time } = await startSelected(t)
    time.set(new Date(time.now().getTime() - 3_600_000).toISOString())
    sandbox.clock.advance('60 min')
    const isReported = () => running.logged.some((line) => line.includes('the clock of this machine was set back'))
    await advanceUntil(time, { stepMs: 5_000, description: 'the report' }, isReported)
    await running.whenFresh(3)
    await pass(time, 40, running)
    addNamespace('team-a', {})
    await until('the deletion', () => secrets().join() === 'team-b,team-c')
  })

  test('keeps it with Retain', async (t) => {
    const { addNamespace, secrets, running, time, sandbox } = await startSelected(t, {})
    addNamespace('team-a', {})
    await running.whenFresh(2)
    await pass(time, 60, running)
    assert.deepEqual([secrets().length, deletions(sandbox)], [3, []])
  })

  test('that the API server shows as selected again loses nothing', async (t) => {
    const { sandbox, addNamespace, secrets, running, time } = await startSelected(t)
    addNamespace('team-a', {})
    addNamespace('team-a', labels) // before the first event arrives
    await pass(time, 5, running)
    assert.deepEqual([secrets().length, deletions(sandbox)], [3, []])
  })

  test('keeps a Secret that another client created, changed, labelled or owns, and a copy, also after a restart', async (t) => {
    const { sandbox, start, addNamespace, hasSecret, running, time } = await startSelected(t, {
      ...deleting,
      conflictPolicy: 'Adopt',
    })
    const { store } = sandbox.cluster
    const content = { type: 'kubernetes.io/dockerconfigjson', data: dockerConfigData('quay.io', 'some:one') }
    const edits: Readonly<Record<string, object>> = {
      edited: { data: content.data },
      unlabelled: { metadata: { labels: null } },
      annotated: { metadata: { annotations: { 'pullpass.dev/target': 'annotated/other' } } },
      released: { metadata: { ownerReferences: null } },
    }
    const namespaces = ['adopted', ...Object.keys(edits), 'untouched']
    addNamespace('adopted', {})
    await applyAs(sandbox, 'adopted', 'kubectl', content)
    for (const name of namespaces) addNamespace(name, labels)
    await running.whenFresh(3 + namespaces.length)
    await running.stop()
    for (const [name, body] of Object.entries(edits)) await patchAs(sandbox, name, 'kubectl-edit', body)
    for (const name of [...namespaces, 'copy']) addNamespace(name, {})
    const { metadata, ...copied } = store.read('Secret', 'untouched', 'regcred') ?? assert.fail()
    sandbox.cluster.seed({ ...copied, metadata: { ...metadata, namespace: 'copy' } })
    const next = await start()
    await next.whenFresh(3)
    await pass(time, 29, next)
    assert.ok(hasSecret('untouched'))
    await pass(time, 31, next)
    const kept = [...namespaces, 'copy'].filter(hasSecret)
    assert.deepEqual(kept, ['adopted', ...Object.keys(edits), 'copy'])
    assert.deepEqual(deletions(sandbox), ['untouched'])
  })

  test('because the object was changed: after 30 s, one in a second, which its status reports', async (t) => {
    const { sandbox, secrets, running, time } = await startSelected(t)
    const exclude = { namespaces: { ...bySelector.namespaces, exclude: ['team-a', 'team-b'] } }
    writeResource(sandbox, { spec: { ...deleting, ...exclude } })
    await running.whenFresh(1)
    await pass(time, 29, running)
    assert.equal(
      messageOf(sandbox),
      '1 of 1 namespace is fresh; 2 Secrets are being deleted in namespaces that are not selected',
    )
    assert.equal(secrets().length, 3)
    await advanceUntil(time, { stepMs: 100, description: 'the first' }, () => secrets().length === 2)
    const firstMs = time.elapsedMs()
    await advanceUntil(time, { stepMs: 100, description: 'the second' }, () => secrets().length === 1)
    assert.ok(time.elapsedMs() - firstMs >= 900)
    await advanceUntil(
      time,
      { stepMs: 1_000, description: 'the status' },
      () => messageOf(sandbox) === '1 of 1 namespace is fresh',
    )
  })

  test('because the object selects nothing at all: each keeps its Secret until one is selected', async (t) => {
    const { sandbox, secrets, running, time, addNamespace } = await startSelected(t)
    writeResource(sandbox, { spec: { ...deleting, namespaces: { selector: { matchLabels: { images: 'privat' } } } } })
    await running.whenFresh(0)
    await pass(time, 60, running)
    assert.equal(messageOf(sandbox), 'no namespace is selected; 3 Secrets are kept until one is selected')
    assert.equal(secrets().length, 3)
    addNamespace('team-new', { images: 'privat' })
    await running.whenFresh(1)
    await advanceUntil(time, { stepMs: 1_000, description: 'the others' }, () => secrets().length === 0)
  })

  test('nor does any other: with emptyPolicy Allow, the last one loses its Secret', async (t) => {
    const { sandbox, secrets, running, time } = await startSelected(t)
    const namespaces = { ...bySelector.namespaces, exclude: ['team-*'], emptyPolicy: 'Allow' }
    writeResource(sandbox, { spec: { ...deleting, namespaces } })
    await running.whenFresh(0)
    await advanceUntil(time, { stepMs: 1_000, description: 'all' }, () => secrets().length === 0)
    assert.equal(deletions(sandbox).length, 3)
  })

  test('by a version that is invalid keeps its Secret', async (t) => {
    const { sandbox, secrets, running, time, addNamespace } = await startSelected(t)
    writeResource(sandbox, { spec: { ...deleting, namespaces: { include: ['team-a'] }, serviceAccountRef: undefined } })
    await until('the error', () => running.logged.some((line) => line.includes('serviceAccountRef is missing')))
    addNamespace('team-b', {})
    await running.whenFresh(2)
    await pass(time, 60, running)
    assert.deepEqual([secrets().length, deletions(sandbox)], [3, []])
    writeResource(sandbox, { spec: { ...deleting, ...bySelector } })
    await advanceUntil(
      time,
      { stepMs: 1_000, description: 'the valid version' },
      () => secrets().join() === 'team-a,team-c',
    )
  })

  test('while watches fail keeps its Secret, and for 30 s after the list that follows', async (t) => {
    const { sandbox, secrets, running, time, addNamespace } = await startSelected(t)
    const isList = ({ path }: { path: string }) => path === '/api/v1/namespaces'
    const { faults } = kubernetes(sandbox)
    faults.inject({ kind: 'response', response: { status: 403, body: '{}' } }, { when: isList, times: 3 })
    sandbox.cluster.store.compact()
    addNamespace('team-a', {})
    await advanceUntil(
      time,
      { stepMs: 1_000, description: 'the list' },
      () => running.metric('namespaces_desired{document="ClusterPullSecret/pull"}') === 2,
    )
    await pass(time, 25, running)
    assert.equal(secrets().length, 3)
    await advanceUntil(time, { stepMs: 1_000, description: 'the deletion' }, () => secrets().length === 2)
  })

  test('that is absent from a list keeps its Secret', async (t) => {
    const { sandbox, secrets, running, time } = await startSelected(t)
    const body = JSON.stringify({ kind: 'PartialObjectMetadataList', metadata: { resourceVersion: '1' }, items: [] })
    const isList = ({ path }: { path: string }) => path === '/api/v1/namespaces'
    kubernetes(sandbox).faults.inject(
      { kind: 'response', response: { status: 200, body } },
      { when: isList, times: 1000 },
    )
    sandbox.cluster.store.compact()
    await advanceUntil(
      time,
      { stepMs: 10_000, description: 'the list' },
      () => running.metric('namespaces_desired{document="ClusterPullSecret/pull"}') === 0,
    )
    await pass(time, 60, running)
    assert.deepEqual([secrets().length, deletions(sandbox)], [3, []])
  })

  test('keeps it without the permission, which is reported once with its rule, and loses it when that is granted', async (t) => {
    const { sandbox, secrets, running, time, addNamespace } = await startSelected(t)
    const permit = sandbox.cluster.authorization.forbid({ verbs: ['delete'], resources: ['secrets'] })
    addNamespace('team-a', {})
    const refused = () => running.metric('failures_total{hop="kubernetes",code="KUBERNETES_FORBIDDEN"}') ?? 0
    await advanceUntil(time, { stepMs: 60_000, description: 'two attempts' }, () => refused() === 2)
    const reports = running.logged.filter((line) => line.includes('KUBERNETES_FORBIDDEN'))
    assert.equal(reports.length, 1, running.logged.join('\n'))
    assert.match(reports[0] ?? '', /^error a pull secret was not deleted .* grant the rule .*verbs: \[delete\]/)
    permit()
    await advanceUntil(time, { stepMs: 60_000, description: 'the deletion' }, () => secrets().length === 2)
  })
})

suite('deletionPolicy: Delete of a ClusterPullSecret', () => {
  test('deletes the Secrets that pullpass created with the object, and no other', async (t) => {
    const { sandbox, start, hasSecret } = await startControllerTest(t, { document: 'none' })
    sandbox.cluster.installDefinitions()
    const { whenFresh } = await start()
    const foreign = { type: 'kubernetes.io/dockerconfigjson', data: dockerConfigData('quay.io', 'some:one') }
    await applyAs(sandbox, 'team-a', 'kubectl', foreign)
    writeResource(sandbox, { spec: { ...deleting, conflictPolicy: 'Adopt' } })
    await whenFresh(2)
    await deleteResource(sandbox)
    assert.deepEqual([hasSecret('team-a'), hasSecret('team-b')], [true, false])
  })

  test('nothing is restored while the object is being deleted, as by kubectl delete --cascade=orphan', async (t) => {
    const { sandbox, start, time } = await startControllerTest(t, { document: 'none' })
    sandbox.cluster.installDefinitions()
    const running = await start()
    const { metadata, ...written } = writeResource(sandbox, { spec: deleting })
    await running.whenFresh(2)
    const deletionTimestamp = '2026-11-24T12:00:00Z'
    sandbox.cluster.seed({ ...written, metadata: { ...metadata, deletionTimestamp, finalizers: ['orphan'] } })
    await until(
      'the deletion',
      () => running.metric('namespaces_desired{document="ClusterPullSecret/pull"}') === undefined,
    )
    await patchAs(sandbox, 'team-a', 'kube-controller-manager', { metadata: { ownerReferences: null } })
    await pass(time, 120, running)
    const secret = sandbox.cluster.store.read('Secret', 'team-a', 'regcred')
    assert.equal(secret?.metadata.ownerReferences, undefined)
  })

  test('can be set and unset later', async (t) => {
    const { sandbox, start } = await startControllerTest(t, { document: 'none' })
    sandbox.cluster.installDefinitions()
    const { whenFresh } = await start()
    writeResource(sandbox)
    await whenFresh(2)
    const before = readPullSecret(sandbox, 'team-a')
    const { metadata } = writeResource(sandbox, { spec: deleting })
    const owners = () =>
      ['team-a', 'team-b'].map((namespace) =>
        sandbox.cluster.store.read('Secret', namespace, 'regcred')?.metadata.ownerReferences?.map(({ uid }) => uid),
      )
    await until('the owner', () => owners().every((uids) => uids?.[0] === metadata.uid))
    assert.equal(readPullSecret(sandbox, 'team-a')?.uid, before?.uid)
    writeResource(sandbox)
    await until('no owner', () => owners().every((uids) => uids === undefined))
    assert.equal(readPullSecret(sandbox, 'team-a')?.uid, before?.uid)
  })

  test('is refused in a file', async (t) => {
    await assert.rejects(
      (async () => {
        const { start } = await startControllerTest(t, {
          document: (sandbox) => selectTeams(sandbox).replace('spec:', 'spec:\n  deletionPolicy: Delete'),
        })
        await start()
      })(),
      { code: 'DOCUMENT_INVALID' },
    )
  })
})
