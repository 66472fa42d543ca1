import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { listenUrl } from '../../../src/commands/issuer/watch-progress.ts'

suite('listenUrl', () => {
  const addresses: readonly [host: string | undefined, shown: string][] = [
    ['127.0.0.1', 'http://127.0.0.1:8080'],
    ['::1', 'http://[::1]:8080'],
    [undefined, 'http://*:8080'],
  ]
  for (const [host, shown] of addresses) {
    test(`is ${shown}`, () => assert.equal(listenUrl({ host, port: 0 }, 8080), shown))
  }
})
