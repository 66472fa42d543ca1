import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { renderFindings } from '../../src/commands/doctor/report.ts'
import type { HopFinding } from '../../src/doctor/finding.ts'

const missingIn = (namespace: string): HopFinding => ({
  hop: 'secret',
  about: `Secret ${namespace}/regcred`,
  result: 'failed',
  code: 'SECRET_NOT_FOUND',
  namespace,
  alike: 'Secret regcred',
  seen: `Secret ${namespace}/regcred does not exist`,
  remedy: { words: 'refresh' },
})

suite('one cause in several namespaces', () => {
  for (const [one, other] of [
    ['team-a', 'team-b'],
    ['red', 'team-b'], // a part of "regcred"
  ] as const)
    test(`is reported once, for ${one} and ${other}`, () => {
      const report = renderFindings([missingIn(one), missingIn(other)], { color: 'never' })
      assert.match(report, new RegExp(`affects 2 namespaces: ${one}, ${other}`))
      assert.doesNotMatch(report, /Also failed/)
    })
})
