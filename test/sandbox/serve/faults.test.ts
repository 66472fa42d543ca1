import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { createFaultPlan } from '../../../sandbox/serve/faults.ts'

const request = { method: 'POST', path: '/v1/token' }

suite('fault plan', () => {
  test('a fault for two requests does not affect the third', () => {
    const plan = createFaultPlan()
    plan.inject({ kind: 'truncate' }, { times: 2 })

    assert.deepEqual(
      [1, 2, 3].map(() => plan.take(request)?.kind),
      ['truncate', 'truncate', undefined],
    )
  })

  test('a fault for one path does not affect others and is not consumed by them', () => {
    const plan = createFaultPlan()
    plan.inject({ kind: 'stall', at: 'request' }, { when: ({ path }) => path === '/v1/token', times: 1 })

    assert.equal(plan.take({ method: 'GET', path: '/healthz' }), undefined)
    assert.equal(plan.take(request)?.kind, 'stall')
  })

  test('faults apply in the order of injection, and not after clear', () => {
    const plan = createFaultPlan()
    plan.inject({ kind: 'reset', at: 'request' }, { times: 1 })
    plan.inject({ kind: 'latency', ms: 1 })

    assert.deepEqual(
      [1, 2, 3].map(() => plan.take(request)?.kind),
      ['reset', 'latency', 'latency'],
    )
    plan.clear()
    assert.equal(plan.take(request), undefined)
  })
})
