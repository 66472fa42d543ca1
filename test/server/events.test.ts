import assert from 'node:assert/strict'
import { suite, type TestContext, test } from 'node:test'
import { connect } from '../../src/kubernetes/connect.ts'
import { createEventRecorder } from '../../src/server/events.ts'
import { fakeContext } from '../support/fake-context.ts'
import { startTestSandbox } from '../support/start-test-sandbox.ts'

const about = { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'pullpass-system', name: 'pullpass-issuer' }

async function start(t: TestContext) {
  const sandbox = await startTestSandbox(t, { namespaces: ['pullpass-system'] })
  const context = fakeContext({ ca: sandbox.authority.ca, environment: sandbox.environment })
  const cluster = await connect({}, context)
  t.after(() => cluster.close())
  const logged: string[] = []
  const recorder = createEventRecorder(
    cluster,
    { about, component: 'issuer' },
    {
      now: sandbox.clock.now,
      random: () => sandbox.cluster.store.list('Event', 'pullpass-system').length / 1000,
      log: (level, sentence, fields = {}) => void logged.push([level, sentence, fields['code']].join(' ')),
    },
  )
  const events = () => sandbox.cluster.store.list('Event', 'pullpass-system').map((event) => event['reason'])
  return { sandbox, recorder, logged, events }
}

const warning = (reason: string, subject = '') =>
  ({ type: 'Warning', reason, subject, message: `${reason} of ${subject}` }) as const

suite('Events about an object', () => {
  test('show what reported them, about which object', async (t) => {
    const { sandbox, recorder } = await start(t)
    await recorder.record([warning('KeyUnpublished', 'key-1')])
    const [event] = sandbox.cluster.store.list('Event', 'pullpass-system')
    assert.deepEqual(event?.['involvedObject'], about)
    assert.deepEqual(event?.['source'], { component: 'pullpass-issuer' })
    assert.equal(event?.['reportingComponent'], 'pullpass.dev/issuer')
    assert.equal(event?.['message'], 'KeyUnpublished of key-1')
  })

  test('are written once an hour while a condition lasts, and flapping writes no more', async (t) => {
    const { sandbox, recorder, events } = await start(t)
    for (let minute = 0; minute < 60; minute++) {
      await recorder.record(minute % 2 === 0 ? [warning('KeyUnpublished', 'key-1')] : [])
      sandbox.clock.advance('1 min')
    }
    assert.deepEqual(events(), ['KeyUnpublished'])
    await recorder.record([warning('KeyUnpublished', 'key-1')])
    assert.deepEqual(events(), ['KeyUnpublished', 'KeyUnpublished'])
  })

  test('of one reason are five at a time, the others follow; no reason delays another', async (t) => {
    const { recorder, events } = await start(t)
    const many = [
      ...Array.from({ length: 7 }, (_, at) => warning('PublishedKeyUnknown', `key-${at}`)),
      warning('ClockSkewed'),
    ]
    const count = (reason: string) => events().filter((one) => one === reason).length
    await recorder.record(many)
    assert.deepEqual([count('PublishedKeyUnknown'), count('ClockSkewed')], [5, 1])
    await recorder.record(many)
    assert.deepEqual([count('PublishedKeyUnknown'), count('ClockSkewed')], [7, 1])
  })

  test('of one reason are at most 20 an hour, also if their subjects change each minute', async (t) => {
    const { sandbox, recorder, events } = await start(t)
    const count = (reason: string) => events().filter((one) => one === reason).length
    for (let minute = 0; minute < 60; minute++) {
      await recorder.record([warning('ApiServerUnknown', `10.0.0.${minute}`)])
      sandbox.clock.advance('1 min')
    }
    await recorder.record([warning('ClockSkewed')])
    assert.deepEqual([count('ApiServerUnknown'), count('ClockSkewed')], [20, 1])
    await recorder.record([warning('ApiServerUnknown', '10.0.1.1')])
    assert.equal(count('ApiServerUnknown'), 21)
  })

  test('that cannot be written are logged, once for each cause', async (t) => {
    const { sandbox, recorder, logged, events } = await start(t)
    sandbox.cluster.authorization.forbid({ verbs: ['create'], resources: ['events'] })
    await recorder.record([
      warning('PublishedKeyUnknown', 'key-1'),
      warning('PublishedKeyUnknown', 'key-2'),
      warning('ClockSkewed'),
    ])
    assert.deepEqual([events(), logged], [[], ['warn an Event could not be written KUBERNETES_FORBIDDEN']])
  })
})
