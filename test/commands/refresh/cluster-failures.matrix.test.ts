import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { startTestSandbox } from '../../support/start-test-sandbox.ts'
import { faults, many, refreshMany } from './many.ts'

// Concurrent: a connection that is lost silently is detected after some seconds.
suite('every Secret of 200 namespaces is written once, though the API server', { concurrency: true }, () => {
  for (const [name, fault] of Object.entries(faults)) {
    test(name, async (t) => {
      await refreshMany(await startTestSandbox(t, { namespaces: many }), fault)
    })
  }

  for (const name of ['throttles some applies', 'truncates some responses', 'breaks the connection after an apply']) {
    test(`${name}, over HTTP/1.1`, async (t) => {
      const sandbox = await startTestSandbox(t, { namespaces: many, kubernetesHttp2: 'absent' })
      await refreshMany(sandbox, faults[name] ?? assert.fail())
    })
  }

  test('breaks the connection after an apply that updates, so that its retry has a conflict', async (t) => {
    const sandbox = await startTestSandbox(t, { namespaces: many })
    const fault = { fault: { kind: 'reset', at: 'response' }, times: 1, mostRepeats: 50 } as const
    await refreshMany(sandbox, { ...fault, times: 0, mostRepeats: 0 })
    await refreshMany(sandbox, fault)
  })
})
