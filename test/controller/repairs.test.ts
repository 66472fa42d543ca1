import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { dockerConfigData, patchAs } from '../commands/refresh/write-as.ts'
import { documentText } from '../support/document-text.ts'
import { readPullSecret } from '../support/read-pull-secret.ts'
import type { TestSandbox } from '../support/start-test-sandbox.ts'
import { type ControllerTest, startControllerTest } from './start-test-controller.ts'
import { until, untilRepeated } from './virtual-time.ts'

function remove({ sandbox }: ControllerTest, namespace: string): void {
  const secret = sandbox.cluster.store.read('Secret', namespace, 'regcred')
  assert.ok(secret)
  sandbox.cluster.store.remove(secret)
}

const fresh = 'namespaces_fresh{document="ClusterPullSecret/pull"}'

const slowed =
  'warn another client changes a pull secret again and again: repairs are slowed down ClusterPullSecret/pull team-a'

const slowedEvents = ({ cluster }: TestSandbox): string[] =>
  cluster.store
    .list('Event', 'team-a')
    .map((one) => JSON.parse(JSON.stringify(one)))
    .flatMap(({ reason, message }) => (reason === 'RepairsSlowed' ? [String(message)] : []))

suite('a pull secret of the controller', () => {
  test('that is deleted is restored immediately, with the same credential', async (t) => {
    const controlled = await startControllerTest(t)
    const { sandbox, start, hasSecret, exchanges } = controlled
    const { whenFresh, metric, logged } = await start()
    await whenFresh(2)
    const { auths } = readPullSecret(sandbox, 'team-a') ?? {}
    remove(controlled, 'team-a')
    await until('the Secret', () => hasSecret('team-a'))
    await until('its count', () => metric('repairs_total') === 1)
    assert.deepEqual(
      ['exchange', 'apply'].map((work) => metric(`${work}_duration_seconds_count{result="succeeded"}`)),
      [1, 3],
    )
    assert.deepEqual([readPullSecret(sandbox, 'team-a')?.auths, exchanges()], [auths, 1])
    assert.match(logged.join('\n'), /^warn a pull secret was restored ClusterPullSecret\/pull team-a created$/m)
  })

  test('whose credential is modified is restored immediately, and the field manager of the edit is logged', async (t) => {
    const { sandbox, start, exchanges } = await startControllerTest(t)
    const { whenFresh, logged } = await start()
    await whenFresh(2)
    const before = readPullSecret(sandbox, 'team-a')
    await edit(sandbox, 'kubectl-edit')
    await until('the restored Secret', () => isFromGoogle(sandbox))
    assert.deepEqual([readPullSecret(sandbox, 'team-a')?.uid, exchanges()], [before?.uid, 1])
    await until('the log', () => logged.some((line) => line.startsWith('warn a pull secret was restored')))
    assert.match(logged.join('\n'), / team-a updated it had been changed by kubectl-edit, and was restored$/m)
  })

  test('whose expiry is later than any vendor grants, under the name of our field manager, is restored', async (t) => {
    const { sandbox, start } = await startControllerTest(t)
    const { whenFresh } = await start()
    await whenFresh(2)
    const stored = sandbox.cluster.store.read('Secret', 'team-a', 'regcred') ?? assert.fail()
    const { annotations = {} } = stored.metadata
    const registries = annotations['pullpass.dev/registries']?.replace(
      /"expiresAt":"[^"]+"/,
      '"expiresAt":"2100-01-01T00:00:00.000Z"',
    )
    assert.match(registries ?? '', /2100/)
    sandbox.cluster.seed({
      ...stored,
      metadata: { ...stored.metadata, annotations: { ...annotations, 'pullpass.dev/registries': registries ?? '' } },
      data: dockerConfigData('europe-docker.pkg.dev', 'by:hand'),
    })
    await until('the restored Secret', () => isFromGoogle(sandbox))
  })

  for (const [action, change, report] of [
    ['rewrites', async ({ sandbox }: ControllerTest) => await edit(sandbox, 'other-tool'), 'edited by other-tool'],
    ['deletes', (controlled: ControllerTest) => remove(controlled, 'team-a'), 'deleted'],
    [
      'makes due, under the name of our field manager,',
      ({ sandbox }: ControllerTest) => makeDue(sandbox),
      'edited by pullpass:ClusterPullSecret:pull',
    ],
  ] as const) {
    test(`that another client ${action} each time is restored three times immediately, then with increasing delays, which is reported once`, async (t) => {
      const controlled = await startControllerTest(t)
      const { sandbox, start, time } = controlled
      const { whenFresh, metric, logged } = await start()
      await whenFresh(2)
      const delays: number[] = []
      for (let repair = 1; repair <= 6; repair++) {
        await change(controlled)
        const isRepaired = () => metric('repairs_total') === repair
        const isDelayed = () => metric('queue_depth') === 0 && metric(fresh) === 1
        let delayMs = 0
        for (;;) {
          await until('the evaluation', () => isRepaired() || isDelayed())
          if (isRepaired()) break
          time.advance(500)
          delayMs += 500
          await turn()
        }
        delays.push(delayMs)
      }
      assert.deepEqual(delays, [0, 0, 0, 1000, 2000, 4000])
      const [line = '', ...others] = logged.filter((one) => one.includes('repairs are slowed down'))
      assert.ok(line.startsWith(`${slowed} ${report}`), line)
      assert.deepEqual(others, [])
      await until('the Event', () => slowedEvents(sandbox).length === 1)
      assert.ok(slowedEvents(sandbox)[0]?.startsWith(`this Secret was ${report}`), slowedEvents(sandbox)[0])
    })
  }

  test('that another client replaces each time by one of its own is tried three times immediately, then with increasing delays, which is reported once', async (t) => {
    const controlled = await startControllerTest(t)
    const { sandbox, start, time, addNamespace, hasSecret } = controlled
    const { whenFresh, metric, logged } = await start()
    await whenFresh(2)
    const attempts = () => metric('failures_total{hop="kubernetes",code="SECRET_NOT_OURS"}') ?? 0
    const replace = async (marker: string) => {
      addNamespace(marker)
      await until('the Secret of the same watch', () => hasSecret(marker))
      remove(controlled, 'team-a')
      sandbox.cluster.seed({
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { namespace: 'team-a', name: 'regcred' },
        type: 'kubernetes.io/dockerconfigjson',
        data: dockerConfigData('europe-docker.pkg.dev', 'by:hand'),
      })
      remove(controlled, marker)
      await until('the events before', () => hasSecret(marker) && metric('queue_depth') === 0)
    }
    for (let index = 1; index <= 12; index++) await replace(`team-${index}`)
    // Each time, the deletion and the creation are two events.
    assert.ok(attempts() >= 3 && attempts() <= 6, `${attempts()}`)
    const lines = () => logged.filter((one) => one.includes('repairs are slowed down'))
    assert.match(lines().join('\n'), new RegExp(`^${slowed} (?:deleted|replaced by an unknown client) stop [^\n]*$`))
    const before = attempts()
    time.advance(1_000)
    await until('the attempt after a second', () => attempts() > before)
    await until('the Event', () => slowedEvents(sandbox).length === 1)
    time.advance(5 * 60_000)
    remove(controlled, 'team-a')
    await untilRepeated(time, 'our Secret', () => isFromGoogle(sandbox))
    assert.equal(lines().length, 1)
  })

  test('that another client created is refused, and reported once; it is written when that one is deleted', async (t) => {
    const controlled = await startControllerTest(t)
    const { sandbox, start, time, hasSecret } = controlled
    const data = dockerConfigData('europe-docker.pkg.dev', 'by:hand')
    sandbox.cluster.seed({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { namespace: 'team-a', name: 'regcred' },
      type: 'kubernetes.io/dockerconfigjson',
      data,
    })
    const { logged, metric } = await start()
    const refused = () => metric('failures_total{hop="kubernetes",code="SECRET_NOT_OURS"}')
    await until('the refusal', () => refused() === 1 && hasSecret('team-b'))
    time.advance(10 * 60_000)
    await untilRepeated(time, 'another attempt', () => refused() === 2)
    assert.equal(logged.filter((line) => line.includes('SECRET_NOT_OURS')).length, 1, logged.join('\n'))
    assert.deepEqual(readPullSecret(sandbox, 'team-a')?.auths, { 'europe-docker.pkg.dev': 'by:hand' })
    remove(controlled, 'team-a')
    await until('our Secret', () => isFromGoogle(sandbox))
  })

  test('that another client created is taken over with conflictPolicy: Adopt', async (t) => {
    const { sandbox, start } = await startControllerTest(t, {
      document: (one) => documentText(one, { include: ['team-*'], more: '  conflictPolicy: Adopt' }),
    })
    const data = dockerConfigData('europe-docker.pkg.dev', 'by:hand')
    const metadata = { namespace: 'team-a', name: 'regcred' }
    sandbox.cluster.seed({ apiVersion: 'v1', kind: 'Secret', metadata, type: 'kubernetes.io/dockerconfigjson', data })
    const { whenFresh } = await start()
    await whenFresh(2)
    assert.ok(isFromGoogle(sandbox))
  })
})

const edit = async (sandbox: TestSandbox, fieldManager: string) =>
  await patchAs(sandbox, 'team-a', fieldManager, { data: dockerConfigData('europe-docker.pkg.dev', 'by:hand') })

function makeDue({ cluster }: TestSandbox): void {
  const stored = cluster.store.read('Secret', 'team-a', 'regcred') ?? assert.fail()
  const { annotations = {} } = stored.metadata
  const registries = annotations['pullpass.dev/registries']?.replace(/(?<="expiresAt":")20\d\d/, '2020') ?? ''
  const forged = { ...annotations, 'pullpass.dev/registries': registries }
  cluster.seed({ ...stored, metadata: { ...stored.metadata, annotations: forged } })
}

const isFromGoogle = (sandbox: TestSandbox): boolean =>
  readPullSecret(sandbox, 'team-a')?.auths['europe-docker.pkg.dev']?.startsWith('oauth2accesstoken:ya29.') === true
