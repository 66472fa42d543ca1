import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createSemaphore } from '../../../src/kubernetes/connection/semaphore.ts'

const never = new AbortController().signal

test('at most the given number of operations run concurrently, and all run in their order', async () => {
  const semaphore = createSemaphore(3, never)
  const begun: number[] = []
  let underWay = 0
  let most = 0
  const work = (number: number) => async () => {
    begun.push(number)
    underWay += 1
    most = Math.max(most, underWay)
    await new Promise(setImmediate)
    underWay -= 1
    return number
  }
  const numbers = Array.from({ length: 20 }, (_, number) => number)
  assert.deepEqual(await Promise.all(numbers.map((number) => semaphore.run(work(number)))), numbers)
  assert.deepEqual(begun, numbers)
  assert.equal(most, 3)
})

test('work that fails releases the semaphore', async () => {
  const semaphore = createSemaphore(1, never)
  await assert.rejects(
    semaphore.run(async () => {
      throw new Error('broken')
    }),
    { message: 'broken' },
  )
  assert.equal(await semaphore.run(async () => 'done'), 'done')
})

test('after the signal nothing is begun, and waiting work is rejected with its reason', async () => {
  const stop = new AbortController()
  const semaphore = createSemaphore(1, stop.signal)
  const held = Promise.withResolvers<string>()
  const underWay = semaphore.run(() => held.promise)
  const waiting = semaphore.run(async () => assert.fail('it was begun'))
  stop.abort(new Error('interrupted'))
  await assert.rejects(waiting, { message: 'interrupted' })
  await assert.rejects(
    semaphore.run(async () => assert.fail('it was begun')),
    { message: 'interrupted' },
  )
  held.resolve('finished')
  assert.equal(await underWay, 'finished')
})
