/** A refresh of 200 namespaces whose API server fails in the middle: the required writes, and the permitted retries. */
import assert from 'node:assert/strict'
import { type Fault, throttled } from '../../../sandbox/serve/faults.ts'
import { documentText } from '../../support/document-text.ts'
import { runPullpass } from '../../support/run-pullpass.ts'
import type { TestSandbox } from '../../support/start-test-sandbox.ts'

export const many: readonly string[] = Array.from({ length: 200 }, (_, index) => `ns-${String(index).padStart(3, '0')}`)

export interface Report {
  readonly secrets: readonly {
    readonly namespace: string
    readonly result: string
    readonly notes: readonly string[]
    readonly error?: { readonly code: string }
  }[]
}

export const patches = ({ parts }: TestSandbox): TestSandbox['parts']['kubernetes']['seen'] =>
  parts.kubernetes.seen.filter(({ method }) => method === 'PATCH')

/** From the hundredth apply on. */
function inTheMiddle(): { when: (request: { method: string }) => boolean } {
  let applies = 0
  return { when: ({ method }) => method === 'PATCH' && ++applies > 100 }
}

interface FaultCase {
  readonly fault: Fault
  readonly times: number
  readonly mostRepeats: number
}

export const faults: Record<string, FaultCase> = {
  'throttles some applies': { fault: throttled(1), times: 20, mostRepeats: 20 },
  'is unavailable for some applies': {
    fault: { kind: 'response', response: { status: 503, body: 'unavailable' } },
    times: 20,
    mostRepeats: 20,
  },
  'truncates some responses': { fault: { kind: 'truncate' }, times: 5, mostRepeats: 5 },
  // Requests in flight on that connection, at most 50, are lost.
  'breaks the connection before an apply': { fault: { kind: 'reset', at: 'request' }, times: 1, mostRepeats: 50 },
  'breaks the connection after an apply': { fault: { kind: 'reset', at: 'response' }, times: 1, mostRepeats: 50 },
  'closes the connection after the requests in progress': {
    fault: { kind: 'goaway', request: 'processed' },
    times: 1,
    mostRepeats: 0,
  },
  'goes away, and refuses an apply': { fault: { kind: 'goaway', request: 'refused' }, times: 1, mostRepeats: 50 },
}

export async function refreshMany(sandbox: TestSandbox, { fault, times, mostRepeats }: FaultCase): Promise<void> {
  const file = await sandbox.write('many.yaml', documentText(sandbox, { include: ['ns-*'] }))
  const { store } = sandbox.cluster
  sandbox.parts.kubernetes.faults.inject(fault, { ...inTheMiddle(), times })
  const before = { version: store.resourceVersion, applies: patches(sandbox).length }
  const { exitCode, stdout, stderr } = await runPullpass(sandbox, ['refresh', '-f', file, '-o', 'json'])
  sandbox.parts.kubernetes.faults.clear()

  assert.deepEqual([exitCode, stderr], [0, ''])
  const { secrets }: Report = JSON.parse(stdout)
  const others = secrets.filter(({ result, notes }) => !/^(created|updated)$/.test(result) || notes.length > 0)
  assert.deepEqual(others, [])
  const namespaces = secrets.map(({ namespace }) => namespace)
  assert.deepEqual(namespaces, many)
  assert.equal(store.resourceVersion - before.version, 200) // each write counts one
  const repeats = patches(sandbox).length - before.applies - 200
  assert.ok(repeats >= 0 && repeats <= mostRepeats, `${repeats} applies were repeated`)
}
