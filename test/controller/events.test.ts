import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { suite, test } from 'node:test'
import { dockerConfigData } from '../commands/refresh/write-as.ts'
import { documentText } from '../support/document-text.ts'
import type { TestSandbox } from '../support/start-test-sandbox.ts'
import { startControllerTest } from './start-test-controller.ts'
import { advanceUntil, until, untilRepeated } from './virtual-time.ts'

const eventsIn = (sandbox: TestSandbox, namespace: string) =>
  sandbox.cluster.store.list('Event', namespace).map((event) => {
    const about = event['involvedObject']
    const kind = typeof about === 'object' && about !== null && 'kind' in about ? about.kind : undefined
    return [kind, event['type'], event['reason'], event['message']].join(' ')
  })

const seedByHand = (sandbox: TestSandbox, namespace: string) =>
  void sandbox.cluster.seed({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { namespace, name: 'regcred' },
    type: 'kubernetes.io/dockerconfigjson',
    data: dockerConfigData('europe-docker.pkg.dev', 'by:hand'),
  })

suite('Events of the controller', () => {
  test('report a Secret of another manager in its namespace, once an hour', async (t) => {
    const { sandbox, start, time } = await startControllerTest(t)
    seedByHand(sandbox, 'team-a')
    const { metric } = await start()
    const refused = () => metric('failures_total{hop="kubernetes",code="SECRET_NOT_OURS"}')
    await until('the refusal', () => refused() === 1)
    await until('the Event', () => eventsIn(sandbox, 'team-a').length === 1)
    await advanceUntil(time, { stepMs: 60_000, description: 'another refusal' }, () => refused() === 3)
    const [event, ...others] = eventsIn(sandbox, 'team-a')
    assert.match(event ?? '', /^Secret Warning SecretNotOurs SECRET_NOT_OURS: Secret team-a\/regcred .*; fix: /)
    assert.deepEqual([others, eventsIn(sandbox, 'team-b')], [[], []])
  })

  test('report a Secret that was taken over', async (t) => {
    const { sandbox, start } = await startControllerTest(t, {
      document: (one) => documentText(one, { include: ['team-*'], more: '  conflictPolicy: Adopt' }),
    })
    seedByHand(sandbox, 'team-a')
    await start()
    await until('the Event', () => eventsIn(sandbox, 'team-a').length === 1)
    assert.deepEqual(eventsIn(sandbox, 'team-a'), [
      'Secret Normal SecretAdopted ClusterPullSecret/pull took over this Secret from its earlier manager: conflictPolicy is Adopt',
    ])
    assert.deepEqual(eventsIn(sandbox, 'team-b'), [])
  })

  test('report a refusal by the cloud and an expiry within 15 minutes about the Lease, and no token', async (t) => {
    const { sandbox, start, time } = await startControllerTest(t)
    const { whenFresh } = await start('one')
    await whenFresh(2)
    sandbox.gcp.parts.sts.faults.inject({ kind: 'response', response: { status: 403, body: '{}' } })
    const reasons = () => eventsIn(sandbox, 'default').map((line) => line.split(' ')[2])
    time.advance(50 * 60_000)
    await untilRepeated(time, 'the first two Events', () => reasons().length === 2)
    time.advance(15 * 60_000)
    await untilRepeated(time, 'the last Events', () => reasons().length === 4)
    // The token file is a test's: no kubelet renews it.
    const expected = ['ExchangeRefused', 'SecretExpired', 'SecretExpiresSoon', 'TokenExpired']
    assert.deepEqual(new Set(reasons()), new Set(expected))
    const soon = eventsIn(sandbox, 'default').find((line) => line.includes('SecretExpiresSoon'))
    assert.match(
      soon ?? '',
      /^Lease Warning .* registry \S+ of ClusterPullSecret pull expires in \d+ min: EXCHANGE_REFUSED: /,
    )
    const token = readFileSync(sandbox.folder.tokenFile, 'utf8')
    assert.ok(!eventsIn(sandbox, 'default').join().includes(token))
  })

  test('of one reason are twenty an hour, whatever the number of namespaces', async (t) => {
    const names = Array.from({ length: 30 }, (_, index) => `team-${index}`)
    const { sandbox, start } = await startControllerTest(t, { namespaces: ['default', ...names] })
    for (const name of names) seedByHand(sandbox, name)
    const { metric } = await start()
    await until('the refusals', () => metric('failures_total{hop="kubernetes",code="SECRET_NOT_OURS"}') === 30)
    const count = () => names.flatMap((name) => eventsIn(sandbox, name)).length
    await until('the Events', () => count() === 20)
    assert.equal(count(), 20)
  })
})
