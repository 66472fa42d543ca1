import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { suite, test } from 'node:test'
import { alarmCodes } from '../../src/publish/watch/alarm.ts'

suite('docs/issuer.md', () => {
  test('every alarm of issuer watch has a row, and every row is about an alarm', () => {
    const [, alarms = ''] = /^\| alarm \|.*\n.*\n((?:\|.*\n)+)/m.exec(readFileSync('docs/issuer.md', 'utf8')) ?? []
    const codes = [...alarms.matchAll(/^\| (\w+) \|/gm)].map(([, code]) => code)
    assert.deepEqual(new Set(codes), new Set<unknown>(alarmCodes))
  })
})
