import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { PullpassError } from '../../../../src/errors/pullpass-error.ts'
import { renderCommands } from '../../../../src/trust/render-plan.ts'
import type { GcpFinding } from '../../../../src/vendors/gcp/trust/finding.ts'
import { toFinding } from '../../../../src/vendors/gcp/trust/trust.ts'
import { argv, findings, provider } from './hostile-findings.ts'
import { runGcloudScript } from './run-gcloud-script.ts'

const renderGcloud = (all: readonly GcpFinding[]) =>
  renderCommands(all.map((one) => toFinding(one, async () => undefined)))

suite('a plan as commands of gcloud', () => {
  for (const shell of ['sh', 'bash'] as const) {
    test(`is run by ${shell} as printed, whatever names and conditions hold`, (t) => {
      assert.deepEqual(runGcloudScript(t, renderGcloud(findings), shell), argv)
    })
  }

  test('states in comments, which nothing ends, what cannot be created', (t) => {
    const fault = new PullpassError({
      code: 'TRUST_REFUSED',
      hop: 'trust',
      seen: 'its condition is\ngcloud projects delete',
    })
    const [first] = findings
    const refused = first === undefined ? [] : [{ ...first, verdict: 'refused' as const, changes: [], fault }]
    assert.deepEqual(runGcloudScript(t, renderGcloud(refused), 'sh'), [])
  })

  test('undeletes, and updates what differs', (t) => {
    const [, second] = findings
    const updated = second && {
      ...second,
      changes: [
        { kind: 'undelete', resource: 'provider', name: provider },
        { kind: 'update', name: provider, fields: { issuer: 'https://a.example.com', jwks: '' }, summary: '' },
      ] as const,
    }
    assert.deepEqual(runGcloudScript(t, renderGcloud(updated === undefined ? [] : [updated]), 'sh'), [
      ['iam', 'workload-identity-pools', 'providers', 'undelete', provider],
      ['iam', 'workload-identity-pools', 'providers', 'describe', provider, '--format=value(state)'],
      ['iam', 'workload-identity-pools', 'providers', 'update-oidc', provider, '--issuer-uri=https://a.example.com'],
    ])
  })
})
