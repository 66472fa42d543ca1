import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { suite, test } from 'node:test'
import { alarmReasons } from '../../src/publish/watch/alarm.ts'

suite('docs/issuer.md', () => {
  test('every alarm of watch has a line, and every line is of one', () => {
    const [, alarms = ''] = /^\| alarm \|.*\n.*\n((?:\|.*\n)+)/m.exec(readFileSync('docs/issuer.md', 'utf8')) ?? []
    const reasons = [...alarms.matchAll(/^\| (\w+) \|/gm)].map(([, reason]) => reason)
    assert.deepEqual(new Set(reasons), new Set<unknown>(alarmReasons))
  })
})
