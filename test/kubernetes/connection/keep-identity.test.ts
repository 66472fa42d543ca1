import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { keepIdentity } from '../../../src/kubernetes/connection/identity.ts'
import { Redacted } from '../../../src/text/redacted.ts'

function prepare(tokens: string[]) {
  let nowMs = 0
  const reads: string[] = []
  const identify = keepIdentity(
    async (because) => {
      reads.push(because)
      return new Redacted(`Bearer ${tokens.length > 1 ? tokens.shift() : tokens[0]}`)
    },
    () => new Date(nowMs),
  )
  const authorization = async (because: 'needed' | 'refused' = 'needed') =>
    (await identify(because)).authorization?.reveal()
  return { identify, authorization, reads, wait: (ms: number) => (nowMs += ms) }
}

suite('an identity', () => {
  test('is read once for concurrent requests, and kept for a minute', async () => {
    const { authorization, reads, wait } = prepare(['one', 'two'])
    assert.deepEqual(await Promise.all([authorization(), authorization()]), ['Bearer one', 'Bearer one'])
    wait(59_999)
    assert.equal(await authorization(), 'Bearer one')
    wait(1)
    assert.equal(await authorization(), 'Bearer two')
    assert.deepEqual(reads, ['needed', 'needed'])
  })

  test('is read immediately after it was refused', async () => {
    const { authorization, reads } = prepare(['one', 'two'])
    assert.equal(await authorization(), 'Bearer one')
    assert.equal(await authorization('refused'), 'Bearer two')
    assert.deepEqual(reads, ['needed', 'refused'])
  })

  test('that did not change is the same object, so that no request is repeated with it', async () => {
    const { identify } = prepare(['one'])
    assert.equal(await identify('refused'), await identify('refused'))
  })

  test('that could not be read is read again for the next request', async () => {
    let broken = true
    const identify = keepIdentity(
      async () => {
        if (broken) throw new Error('broken')
        return new Redacted('Bearer one')
      },
      () => new Date(0),
    )
    await assert.rejects(identify('needed'), { message: 'broken' })
    broken = false
    assert.equal((await identify('needed')).authorization?.reveal(), 'Bearer one')
  })
})
