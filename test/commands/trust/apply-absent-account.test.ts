import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { startTestSandbox } from '../../support/start-test-sandbox.ts'
import { heldBy, resultsOf, runTrust } from './run-trust.ts'

const apply = ['apply', '--yes']
const command = 'kubectl create namespace images && kubectl create serviceaccount newcomer -n images'
const absentNamespace = { subject: { namespace: 'images', name: 'newcomer' } } as const
const existingNamespace = { subject: { namespace: 'image-system', name: 'newcomer' } } as const

suite('trust apply for an account that does not exist yet', { concurrency: 4 }, () => {
  test('creates nothing where the namespace for the record does not exist, and prints the command that creates both', async (t) => {
    const sandbox = await startTestSandbox(t, { trust: 'absent' })
    const run = await runTrust(sandbox, apply, absentNamespace)

    assert.deepEqual([run.exitCode, run.stdout], [1, ''])
    assert.match(
      run.stderr,
      /^NAMESPACE_NOT_FOUND \(kubernetes\): namespace images does not exist; .* nothing was created$/m,
    )
    assert.ok(run.stderr.endsWith(`; or create the namespace: ${command}\n`), run.stderr)
    const { pool, provider, account } = heldBy(sandbox)
    assert.deepEqual([pool, provider, account], [undefined, undefined, undefined])
  })

  test('without a record creates everything, and exits 1, because the grant could not be verified', async (t) => {
    const sandbox = await startTestSandbox(t, { trust: 'absent' })
    const run = await runTrust(sandbox, [...apply, '--no-record'], absentNamespace)

    assert.equal(run.exitCode, 1)
    assert.deepEqual(resultsOf(run), ['created', 'created', 'created', 'granted', 'granted'])
    assert.match(run.stdout, /^skipped +google .* Namespace images does not exist/m)
    assert.ok(run.stderr.includes(`\n  fix: correct the name, or create both: ${command}\n`), run.stderr)
  })

  test('in an existing namespace, everything is created and recorded, and the fix is to create the account', async (t) => {
    const sandbox = await startTestSandbox(t, { trust: 'absent' })
    const run = await runTrust(sandbox, apply, existingNamespace)

    assert.equal(run.exitCode, 1)
    assert.deepEqual(resultsOf(run), ['created', 'created', 'created', 'granted', 'granted'])
    assert.match(
      run.stderr,
      /^TOKEN_REQUEST_REFUSED \(subject-token\): ServiceAccount image-system\/newcomer does not exist/m,
    )
    assert.match(run.stderr, /^ {2}fix: correct the name, .*: kubectl create serviceaccount newcomer -n image-system$/m)
  })

  test('is not prevented by a webhook that refuses only dry runs', async (t) => {
    const sandbox = await startTestSandbox(t, { trust: 'absent' })
    const message = 'admission webhook "audit.example.com" does not support dry run'
    const body = { kind: 'Status', apiVersion: 'v1', status: 'Failure', message, reason: 'BadRequest', code: 400 }
    sandbox.parts.kubernetes.faults.inject(
      { kind: 'response', response: { status: 400, body } },
      { when: ({ method, path }) => method === 'PATCH' && path.endsWith('/configmaps/pullpass-trust'), times: 1 },
    )
    const run = await runTrust(sandbox, apply)
    assert.equal(run.exitCode, 0, run.stderr)
    assert.deepEqual(resultsOf(run), ['created', 'created', 'created', 'granted', 'granted'])
  })

  test('succeeds where everything is granted already, without permission to write the record', async (t) => {
    const sandbox = await startTestSandbox(t)
    sandbox.cluster.authorization.forbid({ verbs: ['patch', 'create'], resources: ['configmaps'] })
    const run = await runTrust(sandbox, apply)
    assert.deepEqual(
      [run.exitCode, resultsOf(run)],
      [0, ['unchanged', 'unchanged', 'unchanged', 'unchanged', 'unchanged']],
    )
  })
})
