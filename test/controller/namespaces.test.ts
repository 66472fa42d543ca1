import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { documentText } from '../support/document-text.ts'
import { readPullSecret } from '../support/read-pull-secret.ts'
import { startControllerTest } from './start-test-controller.ts'
import { advanceUntil, until } from './virtual-time.ts'

suite('a controller whose document selects no namespace', () => {
  test('reports that everything was examined', async (t) => {
    const { start } = await startControllerTest(t, { namespaces: ['default'] })
    const { logged } = await start()
    await until('the log', () => logged.includes('info all pull secrets were examined 0 0'))
  })
})

suite('the controller writes the pull secret', () => {
  test('in every selected namespace after its start, with one exchange for all', async (t) => {
    const names = Array.from({ length: 200 }, (_, index) => `team-${index}`)
    const { sandbox, start, exchanges, hasSecret } = await startControllerTest(t, { namespaces: ['default', ...names] })
    const { whenFresh } = await start()
    await whenFresh(200)
    const passwords = new Set(names.flatMap((name) => Object.values(readPullSecret(sandbox, name)?.auths ?? {})))
    assert.deepEqual([exchanges(), passwords.size, hasSecret('default')], [1, 1, false])
  })

  test('in a new namespace immediately, without another exchange', async (t) => {
    const { start, addNamespace, hasSecret, exchanges } = await startControllerTest(t)
    const { whenFresh } = await start()
    await whenFresh(2)
    addNamespace('team-new')
    await until('the Secret', () => hasSecret('team-new')) // no time passes
    assert.equal(exchanges(), 1)
  })

  test('in a namespace whose labels begin to match; one that no longer matches keeps it', async (t) => {
    const { sandbox, start, addNamespace, hasSecret } = await startControllerTest(t, {
      document: (one) =>
        documentText(one, { include: ['*'] }).replace(
          '{include: ["*"]}',
          '{selector: {matchLabels: {images: private}}}',
        ),
    })
    const { whenFresh } = await start()
    addNamespace('team-a', { images: 'private' })
    await whenFresh(1)
    const before = readPullSecret(sandbox, 'team-a')
    addNamespace('team-a', { images: 'public' })
    await whenFresh(0)
    assert.deepEqual([readPullSecret(sandbox, 'team-a'), hasSecret('team-b')], [before, false])
  })

  test('in a namespace that a document names and that is created later', async (t) => {
    const { start, addNamespace } = await startControllerTest(t, {
      document: (one) => documentText(one, { include: ['team-a', 'team-later'] }),
    })
    const { whenFresh, logged } = await start()
    await whenFresh(1)
    assert.match(
      logged.join('\n'),
      /^warn a namespace does not exist yet ClusterPullSecret\/pull .*pull\.yaml:1 team-later$/m,
    )
    addNamespace('team-later')
    await whenFresh(2)
  })

  test('in many new namespaces, which is logged for ten of them, and counted; so is each refresh of all', async (t) => {
    const { start, addNamespace, time } = await startControllerTest(t)
    const { whenFresh, logged, metric } = await start()
    await whenFresh(2)
    time.advance(10_000)
    for (let index = 1; index <= 30; index++) addNamespace(`team-${index}`)
    await whenFresh(32)
    const counted = () => logged.filter((line) => line.includes('pull secrets were written'))
    await advanceUntil(time, { stepMs: 1_000, description: 'the count' }, () => counted().length > 0)
    assert.equal(logged.filter((line) => line.includes('a pull secret was written')).length, 12, logged.join('\n'))
    assert.deepEqual(counted(), ['info pull secrets were written ClusterPullSecret/pull 30'])
    const lines = logged.length
    const written = () => metric('writes_total{result="updated"}') === 32
    await advanceUntil(time, { stepMs: 60_000, description: 'the refresh' }, written)
    const refreshed = () => logged.filter((line) => line.includes('pull secrets were refreshed'))
    await advanceUntil(time, { stepMs: 1_000, description: 'its log' }, () => refreshed().length > 0)
    assert.deepEqual(refreshed(), ['info pull secrets were refreshed ClusterPullSecret/pull 32'])
    assert.equal(logged.length - lines, 2, logged.slice(lines).join('\n')) // and the credential
  })

  test('of one document, where two of them claim it: the other one is refused and reported', async (t) => {
    const { sandbox, start, addNamespace, hasSecret } = await startControllerTest(t, {
      namespaces: ['default'],
      document: (one) =>
        `${documentText(one, { include: ['team-*'] })}---\n${documentText(one, { name: 'other', include: ['team-*'] })}`,
    })
    const { metric, logged, health } = await start()
    await until('the watches', () => health('/readyz').includes('[+]watches ok'))
    addNamespace('team-new')
    await until('the refusal', () => (metric('failures_total{hop="kubernetes",code="SECRET_NOT_OURS"}') ?? 0) > 0)
    assert.deepEqual([hasSecret('team-new'), readPullSecret(sandbox, 'team-new')?.managers.length], [true, 1])
    assert.match(
      logged.join('\n'),
      /^error a refresh failed ClusterPullSecret\/\w+ team-new SECRET_NOT_OURS kubernetes /m,
    )
  })

  test('not in a namespace that is being deleted', async (t) => {
    const { sandbox, start, exchanges } = await startControllerTest(t, { namespaces: ['default'] })
    sandbox.cluster.seed({
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: 'team-ending', deletionTimestamp: '2026-11-24T11:59:00Z', finalizers: ['example.com/wait'] },
      spec: { finalizers: ['kubernetes'] },
    })
    const { metric, health } = await start()
    await until('the watches', () => health('/readyz').includes('[+]watches ok'))
    assert.deepEqual([metric('namespaces_desired{document="ClusterPullSecret/pull"}'), exchanges()], [0, 0])
  })
})
