import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { type Connection, reuseConnection } from '../../../src/kubernetes/connection/connection.ts'

interface FakeLine extends Connection {
  now: ReturnType<Connection['state']>
}

function fakeLine(): FakeLine {
  const line: FakeLine = {
    now: 'usable',
    send: () => Promise.reject(new Error('nothing is sent here')),
    state: () => line.now,
    stream: () => assert.fail('no stream is opened'),
    destroy: () => {
      line.now = 'ended'
    },
  }
  return line
}

function prepare() {
  const opened: FakeLine[] = []
  const lines = reuseConnection(async () => {
    const line = fakeLine()
    opened.push(line)
    return line
  })
  return { lines, opened }
}

suite('the line to the API server', () => {
  test('is opened once for concurrent callers, and kept', async () => {
    const { lines, opened } = prepare()
    const [one, other] = await Promise.all([lines.current(), lines.current()])
    assert.equal(one, other)
    assert.equal(await lines.current(), one)
    assert.equal(opened.length, 1)
  })

  test('is replaced after a GOAWAY, and the requests of the old one complete', async () => {
    const { lines, opened } = prepare()
    await lines.current()
    const [first] = opened
    assert.ok(first)
    first.now = 'draining'
    assert.notEqual(await lines.current(), first)
    assert.equal(first.now, 'draining')
    await lines.end()
    assert.deepEqual(
      opened.map(({ now }) => now),
      ['ended', 'ended'],
    )
  })

  test('that could not be opened is opened again for the next caller', async () => {
    let broken = true
    const lines = reuseConnection(async () => {
      if (broken) throw new Error('broken')
      return fakeLine()
    })
    await assert.rejects(lines.current(), { message: 'broken' })
    broken = false
    assert.equal((await lines.current()).state(), 'usable')
  })
})
