import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { renderFindings } from '../../src/commands/doctor/report.ts'
import type { HopFinding } from '../../src/doctor/finding.ts'

const refusedIn = (namespace: string, causeKey: string): HopFinding => ({
  hop: 'write',
  about: `Secret ${namespace}/regcred`,
  result: 'failed',
  code: 'KUBERNETES_REFUSED',
  namespace,
  alike: 'Secret regcred',
  causeKey,
  seen: `a policy refuses Secret ${namespace}/regcred`,
  remedy: { words: 'exempt it' },
})

suite('findings in several namespaces', () => {
  test('with the same code and cause are reported once, however their texts differ', () => {
    const report = renderFindings([refusedIn('team-a', 'policy-1'), refusedIn('team-b', 'policy-1')], {
      color: 'never',
    })
    assert.match(report, /^ {2}affects 2 namespaces: team-a, team-b$/m)
    assert.doesNotMatch(report, /Also failed/)
  })

  test('with different causes are reported each', () => {
    const report = renderFindings([refusedIn('team-a', 'policy-1'), refusedIn('team-b', 'policy-2')], {
      color: 'never',
    })
    assert.doesNotMatch(report, /affects/)
    assert.match(report, /^Also failed:\n {2}KUBERNETES_REFUSED \(write\): a policy refuses Secret team-b\/regcred$/m)
  })

  test('without a stated cause are the same where they show the same', () => {
    const found = ['team-a', 'team-b'].map((namespace) => ({
      ...refusedIn(namespace, ''),
      causeKey: undefined,
      code: 'SECRET_NOT_FOUND' as const,
      seen: 'it does not exist',
    }))
    assert.match(renderFindings(found, { color: 'never' }), /^ {2}affects 2 namespaces: team-a, team-b$/m)
  })
})
