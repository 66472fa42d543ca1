import assert from 'node:assert/strict'
import { suite, type TestContext, test } from 'node:test'
import { startTestSandbox, type TestSandbox } from '../../support/start-test-sandbox.ts'
import { runGcloudScript } from '../../trust/google/render/run-gcloud-script.ts'
import { imitateGcloud } from './imitate-gcloud.ts'
import { account, heldBy, provider, resultsOf, runTrust, type TrustDocument } from './run-trust.ts'

const condition = `attributeCondition: "assertion.sub.startsWith('system:serviceaccount:image-system:')"`

interface World {
  readonly document?: TrustDocument
  /** What is there before. */
  readonly before?: (sandbox: TestSandbox) => Promise<void> | void
}

const worlds: Readonly<Record<string, World>> = {
  'where nothing is there': { document: { trust: [condition] } },
  'with keys to upload and an audience': {
    document: { trust: ['uploadKeys: Always'], registry: ['audience: "images,and,more"'] },
  },
  'in direct federation': { document: { impersonation: 'direct' } },
  'where all was deleted': {
    async before(sandbox) {
      await runTrust(sandbox, ['apply', '--yes'])
      await runTrust(sandbox, ['destroy', '--yes'])
    },
  },
  'where somebody deleted the account alone': {
    async before(sandbox) {
      await runTrust(sandbox, ['apply', '--yes'])
      sandbox.google.accounts.remove(account)
    },
  },
  'where a provider lacks something': {
    document: { trust: [condition], registry: ['audience: images'] },
    before: async (sandbox) => {
      await runTrust(sandbox, ['apply', '--yes'])
      sandbox.google.identity.putProvider({ name: provider, issuerUri: sandbox.cluster.issuer }) // without a condition
    },
  },
}

/** But for the record, and the marks of an issuer that has a port of its own. */
function stateOf(sandbox: TestSandbox): string {
  const { record: _, ...held } = heldBy(sandbox)
  return JSON.stringify(held)
    .replaceAll(sandbox.cluster.issuer, 'ISSUER')
    .replaceAll(/pullpass:[0-9a-f]{12}/g, 'MARK')
}

async function start(t: TestContext, { before }: World): Promise<TestSandbox> {
  const sandbox = await startTestSandbox(t, { trust: 'absent' })
  await before?.(sandbox)
  return sandbox
}

suite('the gcloud of these tests', () => {
  for (const wrong of ['--no-such-flag=x', '--no-such-flag', '--display-name=x', '--condition=None']) {
    test(`refuses ${wrong} where gcloud would`, async (t) => {
      const sandbox = await startTestSandbox(t, { trust: 'absent' })
      const create = ['iam', 'workload-identity-pools', 'create', 'pool', '--project=1', '--location=global', wrong]
      await assert.rejects(imitateGcloud(sandbox, create), /knows no such flag|no flag with a value/)
    })
  }
})

suite('what plan -o gcloud prints, run by a shell', { concurrency: 4 }, () => {
  for (const [title, world] of Object.entries(worlds)) {
    test(`makes what apply makes ${title}, and leaves nothing to do`, async (t) => {
      const [sandbox, other] = [await start(t, world), await start(t, world)]
      const script = await runTrust(sandbox, ['plan', '-o', 'gcloud'], world.document)
      for (const words of runGcloudScript(t, script.stdout, 'sh')) await imitateGcloud(sandbox, words)
      const left = await runTrust(sandbox, ['plan'], world.document)
      const applied = await runTrust(other, ['apply', '--yes'], world.document)

      assert.ok(
        resultsOf(left).every((result) => result === 'ok'),
        left.stdout,
      )
      assert.equal(applied.exitCode, 0, applied.stderr)
      const kids = /\\"(?:kid|n)\\":\\"[^"\\]+\\"/g // each cluster has keys of its own
      assert.equal(stateOf(sandbox).replaceAll(kids, ''), stateOf(other).replaceAll(kids, ''))
    })
  }
})
