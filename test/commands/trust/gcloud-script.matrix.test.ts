import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { startTestSandbox } from '../../support/start-test-sandbox.ts'
import { runGcloudScript } from '../../vendors/gcp/trust/run-gcloud-script.ts'
import { gcloudCases, refusedByGcloud, startCase, stateOf } from './gcloud-cases.ts'
import { imitateGcloud } from './imitate-gcloud.ts'
import { resultsOf, runTrust } from './run-trust.ts'

suite('the simulated gcloud refuses what the real one refuses (e2e/clients/gcloud.test.ts):', () => {
  for (const [title, [words, reason]] of Object.entries(refusedByGcloud)) {
    test(title, async (t) => {
      const sandbox = await startTestSandbox(t, { trust: 'absent' })
      await assert.rejects(imitateGcloud(sandbox, words), reason)
    })
  }
})

suite('the script of plan -o gcloud', { concurrency: 4 }, () => {
  for (const [title, one] of Object.entries(gcloudCases)) {
    test(`creates what apply creates ${title}, and leaves no changes`, async (t) => {
      const [sandbox, other] = [await startCase(t, one), await startCase(t, one)]
      const script = await runTrust(sandbox, ['plan', '-o', 'gcloud'], one.document)
      for (const words of runGcloudScript(t, script.stdout, 'sh')) await imitateGcloud(sandbox, words)
      const left = await runTrust(sandbox, ['plan'], one.document)
      const applied = await runTrust(other, ['apply', '--yes'], one.document)

      assert.ok(
        resultsOf(left).every((result) => result === 'unchanged'),
        left.stdout,
      )
      assert.equal(applied.exitCode, 0, applied.stderr)
      assert.deepEqual(stateOf(sandbox), stateOf(other))
    })
  }
})
