import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { startTestSandbox } from '../../support/start-test-sandbox.ts'
import { heldBy, resultsOf, runTrust } from './run-trust.ts'

const apply = ['apply', '--yes']
const command = 'kubectl create namespace images && kubectl create serviceaccount newcomer -n images'
const nowhere = { subject: { namespace: 'images', name: 'newcomer' } } as const
const beside = { subject: { namespace: 'image-system', name: 'newcomer' } } as const

suite('trust apply for an account that does not exist yet', { concurrency: 4 }, () => {
  test('makes nothing where its namespace does not exist to record the grants in, and says what makes both', async (t) => {
    const sandbox = await startTestSandbox(t, { trust: 'absent' })
    const run = await runTrust(sandbox, apply, nowhere)

    assert.deepEqual([run.exitCode, run.stdout], [1, ''])
    assert.match(
      run.stderr,
      /^NAMESPACE_NOT_FOUND \(kubernetes\): namespace images does not exist; .* nothing was created$/m,
    )
    assert.ok(run.stderr.endsWith(`; or: ${command}\n`), run.stderr)
    const { pool, provider, account } = heldBy(sandbox)
    assert.deepEqual([pool, provider, account], [undefined, undefined, undefined])
  })

  test('without a record makes all of it, and exits 1: what could not be tried is not proven', async (t) => {
    const sandbox = await startTestSandbox(t, { trust: 'absent' })
    const run = await runTrust(sandbox, [...apply, '--no-record'], nowhere)

    assert.equal(run.exitCode, 1)
    assert.deepEqual(resultsOf(run), ['created', 'created', 'created', 'granted', 'granted'])
    assert.match(run.stdout, /^untried +registry google .* Namespace images does not exist/m)
    assert.ok(run.stderr.includes(`\n  fix: ${command}, or correct the reference\n`), run.stderr)
  })

  test('in a namespace that is there, all is made and recorded, and the account’s command is the fix', async (t) => {
    const sandbox = await startTestSandbox(t, { trust: 'absent' })
    const run = await runTrust(sandbox, apply, beside)

    assert.equal(run.exitCode, 1)
    assert.deepEqual(resultsOf(run), ['created', 'created', 'created', 'granted', 'granted'])
    assert.match(
      run.stderr,
      /^TOKEN_REQUEST_REFUSED \(subject-token\): ServiceAccount image-system\/newcomer does not exist/m,
    )
    assert.match(run.stderr, /^ {2}fix: kubectl create serviceaccount newcomer -n image-system, or /m)
  })

  test('is not held up by a webhook that refuses dry runs alone', async (t) => {
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

  test('is no failure where all is granted already, whoever may write there', async (t) => {
    const sandbox = await startTestSandbox(t)
    sandbox.cluster.authorization.forbid({ verbs: ['patch', 'create'], resources: ['configmaps'] })
    const run = await runTrust(sandbox, apply)
    assert.deepEqual(
      [run.exitCode, resultsOf(run)],
      [0, ['unchanged', 'unchanged', 'unchanged', 'unchanged', 'unchanged']],
    )
  })
})
