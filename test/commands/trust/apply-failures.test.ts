import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { SandboxResponse } from '../../../sandbox/serve/handler.ts'
import { runPullpass } from '../../support/run-pullpass.ts'
import { startTestSandbox } from '../../support/start-test-sandbox.ts'
import { account, accountPolicy, heldBy, pool, provider, resultsOf, runTrust } from './run-trust.ts'

const apply = ['apply', '--yes']
const all = ['created', 'created', 'created', 'granted', 'granted']

const refusal = (code: number, status: string, message: string): { kind: 'response'; response: SandboxResponse } => ({
  kind: 'response',
  response: { status: code, body: { error: { code, message, status } } },
})
const conflict = refusal(409, 'ABORTED', 'There were concurrent policy changes.')

suite('where a permission is missing', { concurrency: 4 }, () => {
  const cases: readonly [permission: string, role: string, results: readonly string[]][] = [
    [
      'iam.workloadIdentityPools.create',
      'roles/iam.workloadIdentityPoolAdmin',
      ['failed', 'blocked', 'created', 'blocked', 'blocked'],
    ],
    [
      'iam.workloadIdentityPoolProviders.create',
      'roles/iam.workloadIdentityPoolAdmin',
      ['created', 'failed', 'created', 'blocked', 'blocked'],
    ],
    [
      'iam.serviceAccounts.create',
      'roles/iam.serviceAccountCreator',
      ['created', 'created', 'failed', 'blocked', 'blocked'],
    ],
    [
      'iam.serviceAccounts.setIamPolicy',
      'roles/iam.serviceAccountAdmin',
      ['created', 'created', 'created', 'failed', 'granted'],
    ],
    [
      'artifactregistry.repositories.setIamPolicy',
      'roles/artifactregistry.admin',
      ['created', 'created', 'created', 'granted', 'failed'],
    ],
  ]
  for (const [permission, role, results] of cases) {
    test(`${permission}: it is reported with its role, independent resources are created, and the next run creates the rest`, async (t) => {
      const sandbox = await startTestSandbox(t, { trust: 'absent' })
      sandbox.gcp.operators.withhold(permission)
      const run = await runTrust(sandbox, apply)

      assert.equal(run.exitCode, 1)
      assert.deepEqual(resultsOf(run), results)
      const faults = run.stderr.split('\n').filter((line) => /^[A-Z_]+ \(/.test(line))
      assert.equal(faults.length, 1)
      assert.ok(
        faults[0]?.startsWith(`TRUST_DENIED (trust): Google responded with 403 "Permission '${permission}' denied`),
      )
      assert.ok(run.stderr.includes(`\n  expected the operator to have ${permission}, which ${role} contains\n`))

      const project = permission.includes('workloadIdentityPool') ? '123456789012' : 'example-project'
      assert.match(
        run.stderr,
        new RegExp(
          `^ {2}fix: grant it, .*: gcloud projects add-iam-policy-binding ${project} --role=${role} --member=`,
          'm',
        ),
      )

      sandbox.gcp.operators.restore(permission)
      const next = await runTrust(sandbox, apply)
      assert.equal(next.exitCode, 0, next.stderr)
      assert.deepEqual(
        resultsOf(next),
        results.map((result, at) => (['failed', 'blocked'].includes(result) ? all[at] : 'unchanged')),
      )
    })
  }

  test('to read the pool, the rest is created nevertheless', async (t) => {
    const sandbox = await startTestSandbox(t)
    sandbox.gcp.operators.withhold('iam.workloadIdentityPools.get')
    const run = await runTrust(sandbox, apply)

    assert.equal(run.exitCode, 1)
    assert.deepEqual(resultsOf(run), ['failed', 'unchanged', 'unchanged', 'unchanged', 'unchanged'])
  })

  test('to write the record, nothing is created: every grant can be revoked by its record', async (t) => {
    const sandbox = await startTestSandbox(t, { trust: 'absent' })
    sandbox.cluster.authorization.forbid({ verbs: ['patch', 'create'], resources: ['configmaps'] })
    const run = await runTrust(sandbox, apply)

    assert.deepEqual([run.exitCode, run.stdout], [1, ''])
    assert.match(
      run.stderr,
      /^KUBERNETES_FORBIDDEN \(kubernetes\): .*grants are recorded there, so nothing was created$/m,
    )
    assert.match(run.stderr, /^ {2}fix: --no-record creates them without a record, .*; or grant the rule /m)
    assert.deepEqual([heldBy(sandbox).pool, heldBy(sandbox).account], [undefined, undefined])
    const without = await runTrust(sandbox, [...apply, '--no-record'])
    assert.equal(without.exitCode, 0, without.stderr)
  })

  test('for a grant, the record does not contain it: another operator can create it', async (t) => {
    const sandbox = await startTestSandbox(t, { trust: 'absent' })
    sandbox.gcp.operators.withhold('iam.serviceAccounts.setIamPolicy')
    await runTrust(sandbox, apply)

    const recorded = Object.entries(Object(heldBy(sandbox).record)).filter(([key]) => key.startsWith('grant-'))
    const grants = recorded.map(([, text]) => JSON.parse(String(text)).role)
    assert.deepEqual(grants, ['roles/artifactregistry.reader'])
  })
})

suite('where requests to Google fail', { concurrency: 4 }, () => {
  test('an operation that fails is reported, and retried by the next run', async (t) => {
    const sandbox = await startTestSandbox(t, { trust: 'absent' })
    sandbox.gcp.adjust({ operationEnd: (name) => (name.includes('/providers/') ? 'fails' : 'succeeds') })
    const run = await runTrust(sandbox, apply)

    assert.equal(run.exitCode, 1)
    assert.deepEqual(resultsOf(run), ['created', 'failed', 'created', 'blocked', 'blocked'])
    assert.match(run.stderr, /^TRUST_OPERATION_FAILED \(trust\): Google's operation projects\/.* failed: "Internal/m)
    sandbox.gcp.adjust({ operationEnd: () => 'succeeds' })
    assert.equal((await runTrust(sandbox, apply)).exitCode, 0)
  })

  test('an operation that never ends times out after two minutes, and the next run detects that it ended', async (t) => {
    const sandbox = await startTestSandbox(t, { trust: 'absent' })
    sandbox.gcp.adjust({ operationEnd: () => 'never-ends' })
    const run = await runTrust(sandbox, apply)

    assert.equal(run.exitCode, 1)
    assert.deepEqual(resultsOf(run), ['failed', 'blocked', 'created', 'blocked', 'blocked'])
    assert.match(run.stderr, /^TRUST_OPERATION_UNFINISHED \(trust\): .* is not done after 120 s$/m)
    sandbox.gcp.adjust({ operationEnd: () => 'succeeds' })
    const next = await runTrust(sandbox, apply)
    assert.equal(next.exitCode, 0, next.stderr)
  })

  test('a policy that others changed meanwhile is read and merged again, and their changes are kept', async (t) => {
    const sandbox = await startTestSandbox(t, { trust: 'absent' })
    sandbox.gcp.accounts.put(account)
    let times = 0
    sandbox.gcp.parts.iam.faults.inject(
      { kind: 'latency', ms: 0 },
      {
        when: ({ path }) => {
          if (!path.endsWith(':setIamPolicy') || times++ > 2) return false
          const role = 'roles/iam.serviceAccountUser'
          sandbox.gcp.policies.allow(accountPolicy, role, `user:other-${times}@example.com`)
          return true
        },
      },
    )
    const run = await runTrust(sandbox, apply)

    assert.equal(run.exitCode, 0, run.stderr)
    assert.deepEqual(heldBy(sandbox).accountPolicy, [
      {
        role: 'roles/iam.serviceAccountUser',
        members: ['user:other-1@example.com', 'user:other-2@example.com', 'user:other-3@example.com'],
      },
      { role: 'roles/iam.workloadIdentityUser', members: [sandbox.gcp.principal] },
    ])
  })

  test('a policy that others change each time is an error after several attempts', async (t) => {
    const sandbox = await startTestSandbox(t, { trust: 'absent' })
    sandbox.gcp.parts.artifactRegistry.faults.inject(conflict, { when: ({ path }) => path.endsWith(':setIamPolicy') })
    const run = await runTrust(sandbox, apply)

    assert.deepEqual(resultsOf(run), [...all.slice(0, 4), 'failed'])
    assert.match(
      run.stderr,
      /^TRUST_CONFLICT \(trust\): the policy of projects\/.* was changed by other writers between each read and write, 8 times/m,
    )
  })

  test('a policy at its limit is reported before anything is written', async (t) => {
    const sandbox = await startTestSandbox(t, { trust: 'absent' })
    const members = Array.from({ length: 1500 }, (_, index) => `user:puller-${index}@example.com`)
    sandbox.gcp.policies.write(sandbox.gcp.repository, [{ role: 'roles/artifactregistry.writer', members }])
    const { etag } = sandbox.gcp.policies.read(sandbox.gcp.repository)
    const run = await runTrust(sandbox, apply)

    assert.deepEqual(resultsOf(run), [...all.slice(0, 4), 'failed'])
    assert.match(run.stderr, /^TRUST_POLICY_FULL \(trust\): the policy of projects\/.* has 1500 members/m)
    assert.equal(sandbox.gcp.policies.read(sandbox.gcp.repository).etag, etag)
  })

  test('conditional grants of others are kept, with their conditions', async (t) => {
    const sandbox = await startTestSandbox(t, { trust: 'absent' })
    const condition = { title: 'until spring', expression: 'request.time < timestamp("2027-03-01T00:00:00Z")' }
    const theirs = { role: 'roles/artifactregistry.reader', members: ['user:other@example.com'], condition }
    sandbox.gcp.policies.write(sandbox.gcp.repository, [theirs])
    const run = await runTrust(sandbox, apply)

    assert.equal(run.exitCode, 0, run.stderr)
    assert.deepEqual(heldBy(sandbox).repositoryPolicy, [
      theirs,
      { role: 'roles/artifactregistry.reader', members: [`serviceAccount:${account}`] },
    ])
  })

  test('an unreachable API is reported, with the fix', async (t) => {
    const sandbox = await startTestSandbox(t, { trust: 'absent' })
    sandbox.gcp.parts.iam.faults.inject(refusal(503, 'UNAVAILABLE', 'The service is currently unavailable.'))
    const run = await runTrust(sandbox, apply)

    assert.equal(run.exitCode, 1)
    assert.match(run.stderr, /^TRUST_UNAVAILABLE \(trust\): Google responded with 503/m)
  })
})

suite('existing resources that differ', { concurrency: 4 }, () => {
  const theirs = { name: provider, issuerUri: 'https://other.example.com' }
  const condition = "assertion.sub == 'system:serviceaccount:ci:pusher'"

  test('an issuer is kept without --replace', async (t) => {
    const sandbox = await startTestSandbox(t)
    sandbox.gcp.identity.putProvider(theirs)
    const run = await runTrust(sandbox, apply)

    assert.equal(run.exitCode, 1)
    assert.match(run.stderr, /^TRUST_REFUSED \(trust\): provider .* its issuer is https:\/\/other\.example\.com, not /m)
    assert.equal(Object(heldBy(sandbox).provider).oidc.issuerUri, 'https://other.example.com')
    const replaced = await runTrust(sandbox, [...apply, '--replace', 'issuer'])
    assert.equal(replaced.exitCode, 0, replaced.stderr)
    assert.equal(Object(heldBy(sandbox).provider).oidc.issuerUri, sandbox.cluster.issuer)
  })

  test('a condition that is not in the document is kept, and reported', async (t) => {
    const sandbox = await startTestSandbox(t)
    const held = "assertion.sub.startsWith('system:serviceaccount:image-system:')"
    sandbox.gcp.identity.putProvider({ name: provider, issuerUri: sandbox.cluster.issuer, attributeCondition: held })
    const run = await runTrust(sandbox, apply)

    assert.equal(run.exitCode, 0, run.stderr)
    assert.ok(run.stdout.includes(`\nnote: ${provider}: its condition stays: ${held}\n`))
  })

  test('a condition that differs from the document is kept without --replace', async (t) => {
    const sandbox = await startTestSandbox(t)
    sandbox.gcp.identity.putProvider({
      name: provider,
      issuerUri: sandbox.cluster.issuer,
      attributeCondition: condition,
    })
    const document = {
      trust: [`attributeCondition: "assertion.sub.startsWith('system:serviceaccount:image-system:')"`],
    }
    const run = await runTrust(sandbox, apply, document)

    assert.equal(run.exitCode, 1)
    assert.match(run.stderr, /^TRUST_REFUSED \(trust\): .* but its condition is assertion\.sub == /m)
    assert.equal(Object(heldBy(sandbox).provider).attributeCondition, condition)
    const replaced = await runTrust(sandbox, [...apply, '--replace', 'condition'], document)
    assert.equal(replaced.exitCode, 0, replaced.stderr)
  })

  test('a disabled pool is not enabled', async (t) => {
    const sandbox = await startTestSandbox(t)
    sandbox.gcp.identity.putPool(pool, 'DISABLED')
    const run = await runTrust(sandbox, [...apply, '--replace', 'issuer', '--replace', 'condition'])

    assert.equal(run.exitCode, 1)
    assert.match(run.stderr, /^TRUST_REFUSED \(trust\): pool .* is disabled, and with it all its providers$/m)
  })

  test('a repository that does not exist is not created', async (t) => {
    const sandbox = await startTestSandbox(t)
    const named = ['--repository', 'projects/example-project/locations/europe/repositories/absent']
    const absent = await runPullpass(sandbox, ['trust', 'plan', '--subject', 'image-system/pullpass', ...named])
    assert.equal(absent.exitCode, 1)
    assert.match(absent.stderr, /^TRUST_REFUSED \(trust\): repository .*\/absent does not exist$/m)
  })
})
