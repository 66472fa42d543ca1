import assert from 'node:assert/strict'
import { test } from 'node:test'
import { documentText } from '../../support/document-text.ts'
import { runPullpass } from '../../support/run-pullpass.ts'
import { startTestSandbox } from '../../support/start-test-sandbox.ts'
import { documentOf } from '../../vendors/exchange-registry.ts'

const fromSecret = 'hosts: [docker.io], static: {secretRef: {namespace: image-system, name: hub}}'

test('trust leaves out registries that it cannot set up, and fails only where there are no others', async (t) => {
  const sandbox = await startTestSandbox(t)
  const more =
    '    - {name: hub, hosts: [docker.io], static: {secretRef: {namespace: image-system, name: hub}}}\n' +
    '  serviceAccountRef: {namespace: image-system, name: pullpass}'
  const both = await sandbox.write('both.yaml', documentText(sandbox, { more }))
  const planned = ['trust', 'plan', '-f', both, '--repository', sandbox.gcp.repository]
  const plan = await runPullpass(sandbox, planned)
  assert.deepEqual([plan.exitCode, plan.stderr], [0, ''])
  const seen =
    'registry hub of ClusterPullSecret/pull was skipped: static credential needs no trust: no token is exchanged'
  assert.match(plan.stdout, new RegExp(`^note: ${seen}$`, 'm'))
  const script = await runPullpass(sandbox, [...planned, '-o', 'gcloud'])
  assert.equal(script.stderr, `note: ${seen}\n`)
  const json = await runPullpass(sandbox, [...planned, '-o', 'json'])
  assert.deepEqual(JSON.parse(json.stdout).skippedRegistries, [
    {
      document: 'ClusterPullSecret/pull',
      registry: 'hub',
      vendor: 'static',
      reason: 'static credential needs no trust: no token is exchanged',
    },
  ])
  const dry = ['trust', 'destroy', '-f', both, '--repository', sandbox.gcp.repository, '--dry-run']
  assert.match((await runPullpass(sandbox, dry)).stdout, new RegExp(`^note: ${seen}$`, 'm'))
  const alone = await sandbox.write('alone.yaml', documentOf(fromSecret))
  const { exitCode, stderr } = await runPullpass(sandbox, ['trust', 'plan', '-f', alone])
  assert.equal(exitCode, 2)
  assert.match(stderr, /^USAGE_INVALID \(run\): pullpass cannot set up trust for registries of static credential$/m)
})
