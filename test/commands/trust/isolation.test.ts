import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { runPullpass } from '../../support/run-pullpass.ts'
import { heldBy, provider, resultsOf, trustDocument } from './run-trust.ts'
import { secondContext, startTwoClusters } from './two-clusters.ts'

suite('a provider that believes another cluster', { concurrency: 4 }, () => {
  const uploaded = { trust: ['uploadKeys: Always'] }

  async function start(t: Parameters<typeof startTwoClusters>[0]) {
    const two = await startTwoClusters(t)
    const { sandbox, second, secondJwks } = two
    sandbox.google.identity.putProvider({ name: provider, issuerUri: second.issuer, jwksJson: secondJwks })
    return two
  }

  test('gets no grant on top of it, and the other cluster cannot pull', async (t) => {
    const { sandbox, environment, run } = await start(t)
    const applied = await run(['apply', '--yes'], uploaded)

    assert.equal(applied.exitCode, 1)
    assert.deepEqual(resultsOf(applied), ['unchanged', 'failed', 'made', 'blocked', 'blocked'])
    assert.match(
      applied.stderr,
      /^TRUST_REFUSED \(trust\): provider .* its issuer is https:\/\/second\.example\.com, not /m,
    )
    const { accountPolicy, repositoryPolicy } = heldBy(sandbox)
    assert.deepEqual([accountPolicy, repositoryPolicy], [[], []])

    const file = await sandbox.write('attack.yaml', trustDocument(sandbox, uploaded))
    const attack = await runPullpass(sandbox, ['refresh', '-f', file, '--context', secondContext], { environment })
    assert.equal(attack.exitCode, 1)
    assert.match(attack.stderr, /^IMPERSONATION_DENIED \(impersonation\): /m)
  })

  test('is refused in the plan, and what needs it is blocked, with the reason', async (t) => {
    const { run } = await start(t)
    const plan = await run(['plan'], uploaded)

    assert.equal(plan.exitCode, 1)
    assert.deepEqual(resultsOf(plan), ['ok', 'refused', 'create', 'blocked', 'blocked'])
    assert.match(plan.stdout, /^One change would be made by pullpass trust apply:\n {2}create service account /m)
    const reasons = [...plan.stdout.matchAll(/^note: (roles\/\S+) on .*: blocked by (\S+) \((\w+)\)/gm)]
    assert.deepEqual(
      reasons.map(([, ...reason]) => reason),
      [
        ['roles/iam.workloadIdentityUser', provider, 'refused'],
        ['roles/artifactregistry.reader', provider, 'refused'],
      ],
    )
    const { findings } = JSON.parse((await run(['plan', '-o', 'json'], uploaded)).stdout)
    assert.deepEqual(findings[3].missingNeeds, [{ name: provider, state: 'refused' }])
  })

  test('is left out of printed commands and HCL, with what needs it', async (t) => {
    const { run } = await start(t)
    const script = (await run(['plan', '-o', 'gcloud'], uploaded)).stdout
    const hcl = (await run(['plan', '-o', 'terraform'], uploaded)).stdout

    assert.deepEqual(script.match(/^gcloud .*? create /gm), ['gcloud iam service-accounts create '])
    assert.match(script, /^# grant roles\/iam\.workloadIdentityUser on .* is not created: blocked by .* \(refused\)$/m)
    assert.doesNotMatch(script, /^gcloud .*add-iam-policy-binding/m)
    assert.doesNotMatch(hcl, /iam_member/)
    assert.match(hcl, /^# grant roles\/artifactregistry\.reader on .* is not created: blocked by .* \(refused\)$/m)
  })

  test('is named where what needs it is in place already', async (t) => {
    const two = await startTwoClusters(t, {})
    two.sandbox.google.identity.putProvider({ name: provider, issuerUri: two.second.issuer, jwksJson: two.secondJwks })
    const plan = await two.run(['plan'], uploaded)

    assert.deepEqual(resultsOf(plan), ['ok', 'refused', 'ok', 'ok', 'ok'])
    assert.match(
      plan.stdout,
      /^note: roles\/iam\.workloadIdentityUser on .*: in place, although it needs .* \(refused\)$/m,
    )
  })
})
