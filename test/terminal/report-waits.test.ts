import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { reportWaits } from '../../src/terminal/report-waits.ts'

/** Waits that end on request of the test. */
function makeClock() {
  const sleeping: { ms: number; signal: AbortSignal; wake: () => void }[] = []
  return {
    sleeping,
    sleep: (ms: number, signal: AbortSignal) => new Promise<void>((wake) => sleeping.push({ ms, signal, wake })),
  }
}

const settled = () => new Promise((resolve) => setImmediate(resolve))
const google = { hop: 'exchange', endpoint: 'Google at https://sts.googleapis.com/v1/token' } as const
const server = { hop: 'kubernetes', endpoint: 'the API server at https://10.0.0.1' } as const

suite('a wait of a run', () => {
  test('is shown with hop and endpoint after two seconds, until the response arrives', async () => {
    const shown: (string | undefined)[] = []
    const { sleeping, sleep } = makeClock()
    const waiting = reportWaits((line) => shown.push(line), { sleep, signal: new AbortController().signal })
    const [googleResponded, serverResponded] = [waiting(google), waiting(server)]
    assert.deepEqual(
      sleeping.map(({ ms }) => ms),
      [2_000, 2_000],
    )
    for (const { wake } of sleeping) wake()
    await settled()
    googleResponded()
    serverResponded()
    const line = 'waiting for Google at https://sts.googleapis.com/v1/token (exchange)'
    assert.deepEqual(shown, [line, line, 'waiting for the API server at https://10.0.0.1 (kubernetes)', undefined])
  })

  test('is not shown where the response arrives sooner, and its timer ends', () => {
    const shown: (string | undefined)[] = []
    const { sleeping, sleep } = makeClock()
    const waiting = reportWaits((line) => shown.push(line), { sleep, signal: new AbortController().signal })
    waiting(google)()
    assert.equal(sleeping[0]?.signal.aborted, true)
    assert.deepEqual(shown, [])
  })
})
