import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { startTestSandbox } from '../../support/start-test-sandbox.ts'
import { runGcloudScript } from '../../vendors/gcp/trust/run-gcloud-script.ts'
import { assertAsApplied, gcloudCases, refusedByGcloud, startCase } from './gcloud-cases.ts'
import { imitateGcloud } from './imitate-gcloud.ts'
import { runTrust } from './run-trust.ts'

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
      await assertAsApplied(sandbox, other, one)
    })
  }
})
