import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { PullpassError } from '../../src/errors/pullpass-error.ts'
import { keepRenewed } from '../../src/http/renewed-token.ts'

const minuteMs = 60_000

/** Grants that live an hour, numbered, by a clock that is set by hand. */
function startGranting() {
  const state = { minute: 0, granted: 0, refused: false }
  const now = () => new Date(state.minute * minuteMs)
  const grant = async () => {
    if (state.refused) throw new PullpassError({ code: 'EXCHANGE_UNAVAILABLE', hop: 'exchange', seen: 'it is down' })
    state.granted += 1
    return { number: state.granted, expiresAt: new Date((state.minute + 60) * minuteMs) }
  }
  const signal = new AbortController().signal
  const current = keepRenewed(grant, { now, log: () => undefined, signal })
  const numberAt = async (minute: number) => {
    state.minute = minute
    return (await current()).number
  }
  return { state, numberAt }
}

suite('a credential that is kept renewed', () => {
  test('is requested once, and again when half of its lifetime is left', async () => {
    const { numberAt } = startGranting()
    assert.deepEqual([await numberAt(0), await numberAt(29), await numberAt(30)], [1, 1, 2])
  })

  test('is kept if it cannot be renewed, until a minute before its expiry', async () => {
    const { state, numberAt } = startGranting()
    await numberAt(0)
    state.refused = true
    assert.equal(await numberAt(59), 1)
    await assert.rejects(numberAt(60), { code: 'EXCHANGE_UNAVAILABLE' })
  })

  test('is requested again if the clock was ahead when it was granted, and has been corrected', async () => {
    const { numberAt } = startGranting()
    assert.deepEqual([await numberAt(2880), await numberAt(1), await numberAt(2)], [1, 2, 2])
  })
})
