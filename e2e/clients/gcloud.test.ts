/**
 * Real gcloud runs what pullpass prints for it, as printed, against the sandbox's Google: the scripts of `trust plan -o gcloud`, and
 * the commands in hints. npm test runs the same scripts with an imitation, whose refusals are compared here with the real one.
 */
import assert from 'node:assert/strict'
import { globSync } from 'node:fs'
import { suite, type TestContext, test } from 'node:test'
import { apiError } from '../../sandbox/gcp/api-errors.ts'
import { assertAsApplied, gcloudCases, refusedByGcloud, startCase } from '../../test/commands/trust/gcloud-cases.ts'
import { account, pool, provider, resultsOf, runTrust } from '../../test/commands/trust/run-trust.ts'
import { readGuide } from '../../test/docs/guides/parse-guide.ts'
import { checkFault, plantedFaults } from '../../test/doctor/check-fault.ts'
import type { RunGcloud } from '../../test/doctor/run-printed-command.ts'
import { runPullpass } from '../../test/support/run-pullpass.ts'
import { startTestSandbox, type TestSandbox } from '../../test/support/start-test-sandbox.ts'
import { withRealPart } from '../parts/real-part.ts'
import { type Gcloud, startGcloud } from '../parts/start-gcloud.ts'

/** With this machine's clock and slow operations: gcloud must wait for them although they cannot be polled. */
async function startSlow(t: TestContext, one: (typeof gcloudCases)[string]): Promise<TestSandbox> {
  const sandbox = await startCase(t, one, { now: () => new Date() })
  sandbox.gcp.adjust({ operationSeconds: 3, operationPolls: Number.POSITIVE_INFINITY })
  return sandbox
}

async function succeed({ sh }: Gcloud, sandbox: TestSandbox, script: string): Promise<string> {
  const { exitCode, stdout, stderr } = await sh(sandbox, script)
  assert.equal(exitCode, 0, `${script}\n${stdout}${stderr}`)
  return stdout
}

/** A fault whose hint ends in gcloud commands; the operator sets their variables. */
interface Hint {
  readonly inject: (sandbox: TestSandbox) => unknown
  readonly pullpass: readonly string[]
  readonly variables?: (sandbox: TestSandbox) => Readonly<Record<string, string>>
  /** What gcloud prints; absent: pullpass must succeed afterwards. */
  readonly prints?: RegExp
  readonly holds?: (sandbox: TestSandbox) => boolean
}

const plan = ['trust', 'plan', '--subject', 'image-system/pullpass', '--repository']
const images = 'projects/example-project/locations/europe/repositories/images'
const putProvider = ({ gcp, cluster }: TestSandbox, odds: object) =>
  gcp.identity.putProvider({ name: provider, issuerUri: cluster.issuer, ...odds })

const hints: Readonly<Record<string, Hint>> = {
  'a grant that is missing': {
    inject: ({ gcp, gcp: { principal } }) => gcp.accounts.denyTokens(account, principal),
    pullpass: ['refresh'],
  },
  'an API that is disabled': {
    inject: ({ gcp }) => gcp.services.disable('123456789012', 'iamcredentials.googleapis.com'),
    pullpass: ['refresh'],
  },
  'a condition that does not hold': {
    inject: (sandbox) => putProvider(sandbox, { attributeCondition: "assertion.sub == 'other'" }),
    pullpass: ['refresh'],
    prints: /^attributeCondition: assertion\.sub == 'other'$/m,
  },
  'a provider that does not exist': {
    inject(sandbox) {
      putProvider(sandbox, { state: 'DELETED' })
      putProvider(sandbox, { name: `${pool}/providers/other` })
    },
    pullpass: ['refresh'],
    prints: /^name: projects\/123456789012\/.*\/providers\/other$/m,
  },
  'a disabled pool': { inject: ({ gcp }) => gcp.identity.putPool(pool, 'DISABLED'), pullpass: [...plan, images] },
  'a disabled provider': {
    inject: (sandbox) => putProvider(sandbox, { state: 'DISABLED' }),
    pullpass: [...plan, images],
  },
  'a disabled service account': {
    inject: ({ gcp }) => gcp.accounts.setState(account, 'disabled'),
    pullpass: [...plan, images],
  },
  'a repository that does not exist': {
    inject: () => undefined,
    pullpass: [...plan, 'projects/123456789012/locations/europe/repositories/other'],
  },
  'an operator without a permission': {
    inject: ({ gcp }) => gcp.operators.withhold('iam.workloadIdentityPools.get'),
    pullpass: [...plan, images],
    variables: ({ gcp: { operator } }) => ({ PRINCIPAL: operator.member }),
    holds: ({ gcp, gcp: { operator } }) =>
      gcp.policies.grants('projects/123456789012', ['roles/iam.workloadIdentityPoolAdmin'], [operator.member]),
  },
  'a bucket that does not exist': {
    inject: () => undefined,
    pullpass: ['issuer', 'publish', '--to', 'gs://example-issuer'],
    variables: () => ({ PROJECT_ID: 'example-project' }),
    holds: ({ gcp }) => gcp.policies.grants('projects/_/buckets/example-issuer', readers, ['allUsers']),
  },
  'a bucket that the operator may not write': {
    inject({ gcp }) {
      gcp.store.remove('example-cluster', 'openid/v1/jwks')
      gcp.operators.withhold('storage.objects.create')
    },
    pullpass: ['issuer', 'publish', '--to', 'gs://example-cluster'],
    variables: ({ gcp: { operator } }) => ({ PRINCIPAL: operator.member }),
    holds: ({ gcp, gcp: { operator } }) =>
      gcp.policies.grants('projects/_/buckets/example-cluster', ['roles/storage.objectUser'], [operator.member]),
  },
}
const readers = ['roles/storage.objectViewer']

/** The gcloud commands of a guide, except gcloud auth, which needs a browser. */
function commandsOf(page: string): string {
  const blocks = readGuide(page).flatMap((step) => ('script' in step ? [step.script] : []))
  const lines = blocks.join('\n').replaceAll('\\\n', ' ').split('\n')
  return lines.filter((line) => line.startsWith('gcloud ') && !line.startsWith('gcloud auth ')).join('\n')
}

await withRealPart('gcloud', startGcloud, (gcloud) => {
  suite('the script of trust plan -o gcloud', () => {
    for (const [title, one] of Object.entries(gcloudCases)) {
      test(`creates what trust apply creates ${title}, and leaves nothing to do`, async (t) => {
        const [sandbox, other] = [await startSlow(t, one), await startCase(t, one)]
        const script = await runTrust(sandbox, ['plan', '-o', 'gcloud'], one.document)
        await succeed(gcloud, sandbox, script.stdout)
        sandbox.clock.advance('3 s') // updates are not waited for: no later command depends on them
        await assertAsApplied(sandbox, other, one)
      })
    }

    test('tries a grant again while the new service account is not known everywhere', async (t) => {
      const sandbox = await startSlow(t, gcloudCases['where only the service account was deleted'] ?? {})
      const unknown = apiError(400, 'INVALID_ARGUMENT', 'Service account puller does not exist.')
      sandbox.gcp.parts.iam.faults.inject(
        { kind: 'response', response: unknown },
        { times: 2, when: ({ path }) => path.endsWith(':setIamPolicy') },
      )
      const script = await runTrust(sandbox, ['plan', '-o', 'gcloud'])
      await succeed(gcloud, sandbox, script.stdout)

      const left = await runTrust(sandbox, ['plan'])
      assert.deepEqual(
        resultsOf(left),
        Array.from({ length: 5 }, () => 'unchanged'),
      )
    })

    test('stops at the first command that fails', async (t) => {
      const sandbox = await startSlow(t, {})
      sandbox.gcp.operators.withhold('iam.serviceAccounts.create')
      const script = await runTrust(sandbox, ['plan', '-o', 'gcloud'])
      const { exitCode, stderr } = await gcloud.sh(sandbox, script.stdout)

      assert.notEqual(exitCode, 0)
      assert.match(stderr, /iam\.serviceAccounts\.create/)
      const left = await runTrust(sandbox, ['plan'])
      assert.deepEqual(resultsOf(left), ['unchanged', 'unchanged', 'would-create', 'would-grant', 'would-grant'])
    })
  })

  suite('gcloud refuses before it sends a request, as its imitation does:', () => {
    for (const [title, [words, reason]] of Object.entries(refusedByGcloud)) {
      test(title, async (t) => {
        const sandbox = await startCase(t, {})
        const { exitCode, stderr } = await gcloud.sh(sandbox, ['gcloud', ...words].join(' '))

        assert.notEqual(exitCode, 0)
        assert.match(stderr, reason)
        const { iam, artifactRegistry } = sandbox.gcp.parts
        assert.deepEqual([...iam.seen, ...artifactRegistry.seen], [])
      })
    }
  })

  suite('the command in the hint, run as printed, fixes', () => {
    for (const [title, hint] of Object.entries(hints)) {
      test(title, async (t) => {
        const sandbox = await startTestSandbox(t, { now: () => new Date() })
        await hint.inject(sandbox)
        const refused = await runPullpass(sandbox, hint.pullpass)
        assert.equal(refused.exitCode, 1, refused.stderr)
        const [command = ''] = /gcloud .*$/m.exec(refused.stderr) ?? []
        const values = Object.entries(hint.variables?.(sandbox) ?? {}).map(([name, value]) => `${name}='${value}'\n`)
        const printed = await succeed(gcloud, sandbox, `${values.join('')}${command}`)
        sandbox.clock.advance('3 s')

        if (hint.prints !== undefined) assert.match(printed, hint.prints)
        else if (hint.holds !== undefined) assert.ok(hint.holds(sandbox), command)
        else {
          const { exitCode, stderr } = await runPullpass(sandbox, hint.pullpass)
          assert.equal(exitCode, 0, stderr)
        }
      })
    }
  })

  suite('the command of gcloud that doctor prints, run as printed, fixes', { concurrency: 2 }, () => {
    const runGcloud: RunGcloud = async ({ sandbox }, command) => {
      await succeed(gcloud, sandbox, command)
      sandbox.clock.advance('3 s')
    }
    for (const fault of plantedFaults.filter(({ imitated }) => imitated === 'gcloud'))
      test(fault.title, async (t) => await checkFault(t, fault, runGcloud))
  })

  suite('the gcloud commands of guides succeed', () => {
    for (const page of globSync('docs/guides/*.md').toSorted()) {
      const script = commandsOf(page)
      if (script === '') continue
      test(page, async (t) => {
        const sandbox = await startTestSandbox(t, { now: () => new Date() })
        await succeed(gcloud, sandbox, `set -e\n${script}`)
      })
    }
  })
})
