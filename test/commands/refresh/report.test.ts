import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { renderErrors } from '../../../src/commands/refresh/report.ts'
import { PullpassError } from '../../../src/errors/pullpass-error.ts'
import type { Outcome } from '../../../src/refresh/outcome.ts'
import { documentText } from '../../support/document-text.ts'
import { runPullpass } from '../../support/run-pullpass.ts'
import { startTestSandbox, type TestSandbox } from '../../support/start-test-sandbox.ts'

const form = { format: 'text', now: new Date('2026-11-24T12:00:00Z') } as const

const failed = (namespace: string, fault: PullpassError): Outcome => ({
  document: 'ClusterPullSecret/pull',
  namespace,
  secretName: 'regcred',
  result: 'failed',
  registries: [{ name: 'google', hosts: [], state: 'absent', fault }],
  fault,
})

suite('the errors of a refresh', () => {
  test('show one cause once, also where it names a service account with the name of a selected namespace', () => {
    const denied = new PullpassError({
      code: 'IMPERSONATION_DENIED',
      hop: 'impersonation',
      seen: 'system:serviceaccount:pullpass-system:team-a may not act as puller@acme.iam.gserviceaccount.com',
    })
    const shown = renderErrors([failed('team-a', denied), failed('team-b', denied), failed('.*', denied)], form)
    assert.equal(
      shown,
      [
        'IMPERSONATION_DENIED (impersonation): system:serviceaccount:pullpass-system:team-a may not act as puller@acme.iam.gserviceaccount.com',
        '  affects 3 namespaces: team-a, team-b, .*',
      ].join('\n'),
    )
  })

  test('show a Secret of another owner once for many namespaces, and other owners separately', async (t) => {
    const sandbox = await startTestSandbox(t, { namespaces: ['team-a', 'team-b', 'team-c'] })
    seedSecretOf(sandbox, 'team-a', 'helm')
    seedSecretOf(sandbox, 'team-b', 'helm')
    seedSecretOf(sandbox, 'team-c', 'terraform')
    const include = ['team-a', 'team-b', 'team-c']
    const { stderr } = await runPullpass(sandbox, [
      'refresh',
      '-f',
      await sandbox.write('pull.yaml', documentText(sandbox, { include })),
    ])
    assert.deepEqual(
      stderr.split('\n').filter((line) => /^\S|affects/.test(line)),
      [
        'SECRET_NOT_OURS (kubernetes): Secret team-a/regcred is managed by "helm"; it was left unchanged',
        '  affects 2 namespaces: team-a, team-b',
        'SECRET_NOT_OURS (kubernetes): Secret team-c/regcred is managed by "terraform"; it was left unchanged',
      ],
    )
  })

  test('show a permission that is missing in many namespaces once', async (t) => {
    const sandbox = await startTestSandbox(t, { namespaces: ['team-a', 'team-b'] })
    for (const namespace of ['team-a', 'team-b'])
      sandbox.cluster.authorization.forbid({ verbs: ['patch'], resources: ['secrets'], namespace })
    const file = await sandbox.write('pull.yaml', documentText(sandbox))
    const { stderr } = await runPullpass(sandbox, ['refresh', '-f', file])
    assert.equal(stderr.match(/^KUBERNETES_FORBIDDEN/gm)?.length, 1)
    assert.match(stderr, /\n {2}affects 2 namespaces: team-a, team-b\n$/)
  })
})

function seedSecretOf({ cluster }: TestSandbox, namespace: string, manager: string): void {
  cluster.seed({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      name: 'regcred',
      namespace,
      managedFields: [
        {
          manager,
          operation: 'Update',
          apiVersion: 'v1',
          fieldsType: 'FieldsV1',
          fieldsV1: { 'f:data': { '.': {}, 'f:.dockerconfigjson': {} }, 'f:type': {} },
        },
      ],
    },
    type: 'kubernetes.io/dockerconfigjson',
    data: { '.dockerconfigjson': 'e30=' },
  })
}
