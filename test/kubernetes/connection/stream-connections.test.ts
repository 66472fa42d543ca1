import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { Connection } from '../../../src/kubernetes/connection/connection.ts'
import { createStreamConnections } from '../../../src/kubernetes/connection/stream-connections.ts'

function prepare() {
  const opened: Connection[] = []
  const open = async (ended: AbortSignal): Promise<Connection> => {
    ended.throwIfAborted()
    let state: ReturnType<Connection['state']> = 'usable'
    const connection: Connection = {
      send: () => assert.fail('no request is sent'),
      stream: () => assert.fail('no stream is opened'),
      state: () => state,
      destroy: () => {
        state = 'ended'
      },
    }
    opened.push(connection)
    return connection
  }
  return { streams: createStreamConnections(open, 2), opened }
}

suite('connections for streams', () => {
  test('have at most the given number of streams each, also if they are opened concurrently', async () => {
    const { streams, opened } = prepare()
    const taken = await Promise.all([1, 2, 3, 4, 5].map(() => streams.take()))
    const [one, two, three] = opened
    assert.deepEqual(
      taken.map(({ connection }) => connection),
      [one, one, two, two, three],
    )
  })

  test('are used again when a stream has ended, and end with their last one', async () => {
    const { streams, opened } = prepare()
    const [first, second, third] = await Promise.all([streams.take(), streams.take(), streams.take()])
    first.release()
    first.release()
    assert.equal((await streams.take()).connection, opened[0])
    assert.equal((await streams.take()).connection, opened[1])
    second.release()
    third.release()
    assert.deepEqual(
      opened.map((connection) => connection.state()),
      ['usable', 'usable'],
    )
    const fourth = await streams.take()
    assert.equal(fourth.connection, opened[0])
    await streams.end()
    assert.deepEqual(
      opened.map((connection) => connection.state()),
      ['ended', 'ended'],
    )
    await assert.rejects(Promise.all([streams.take(), streams.take()]), { name: 'AbortError' })
  })

  test('that cannot be opened occupy nothing', async () => {
    const refused = new Error('refused')
    let attempts = 0
    const streams = createStreamConnections(async () => {
      attempts += 1
      throw refused
    }, 1)
    await assert.rejects(streams.take(), refused)
    await assert.rejects(streams.take(), refused)
    assert.equal(attempts, 2)
  })
})
