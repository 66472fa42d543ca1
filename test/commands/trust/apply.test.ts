import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { runPullpass } from '../../support/run-pullpass.ts'
import { startTestSandbox } from '../../support/start-test-sandbox.ts'
import { account, accountPolicy, heldBy, pool, provider, resultsOf, runTrust } from './run-trust.ts'

suite('trust apply', { concurrency: 4 }, () => {
  test('creates everything that a document needs: a refresh writes its pull secrets', async (t) => {
    const sandbox = await startTestSandbox(t, { trust: 'absent' })
    const run = await runTrust(sandbox, ['apply', '--yes'])

    assert.equal(run.exitCode, 0, run.stderr)
    assert.deepEqual(resultsOf(run), ['created', 'created', 'created', 'granted', 'granted'])
    assert.match(run.stdout, /^ok +google +ClusterPullSecret\/pull +\S/m)
    const held = heldBy(sandbox)
    assert.deepEqual(held.accountPolicy, [{ role: 'roles/iam.workloadIdentityUser', members: [sandbox.gcp.principal] }])
    assert.deepEqual(held.repositoryPolicy, [
      { role: 'roles/artifactregistry.reader', members: [`serviceAccount:${account}`] },
    ])
    const refresh = await runPullpass(sandbox, ['refresh', '-f', `${sandbox.folder.path}/trust.yaml`])
    assert.equal(refresh.exitCode, 0, refresh.stderr)
  })

  test('run a second time, changes nothing', async (t) => {
    const sandbox = await startTestSandbox(t, { trust: 'absent' })
    await runTrust(sandbox, ['apply', '--yes'])
    const before = [heldBy(sandbox), sandbox.gcp.policies.read(accountPolicy).etag]
    const run = await runTrust(sandbox, ['apply', '--yes'])

    assert.deepEqual([run.exitCode, run.stderr], [0, ''])
    assert.deepEqual(resultsOf(run), ['unchanged', 'unchanged', 'unchanged', 'unchanged', 'unchanged'])
    assert.deepEqual([heldBy(sandbox), sandbox.gcp.policies.read(accountPolicy).etag], before)
  })

  test('without a service account grants the repository to the principal itself', async (t) => {
    const sandbox = await startTestSandbox(t, { trust: 'absent' })
    const run = await runTrust(sandbox, ['apply', '--yes'], { impersonation: 'direct' })

    assert.equal(run.exitCode, 0, run.stderr)
    assert.deepEqual(heldBy(sandbox).repositoryPolicy, [
      { role: 'roles/artifactregistry.reader', members: [sandbox.gcp.principal] },
    ])
    assert.equal(heldBy(sandbox).account, undefined)
  })

  test('uploads the keys where nothing is published, and a token is exchanged with them', async (t) => {
    const sandbox = await startTestSandbox(t, { trust: 'absent', issuerDocuments: 'absent' })
    const run = await runTrust(sandbox, ['apply', '--yes'], { trust: ['uploadKeys: Always'] })

    assert.equal(run.exitCode, 0, run.stderr)
    const { oidc } = Object(heldBy(sandbox).provider)
    const { keys } = JSON.parse(oidc.jwksJson)
    assert.deepEqual(Object.keys(keys[0]).toSorted(), ['alg', 'e', 'kid', 'kty', 'n', 'use'])
  })

  test('prompts before each change, and skips a declined change and its dependents', async (t) => {
    const sandbox = await startTestSandbox(t, { trust: 'absent' })
    const questions: string[] = []
    const prompt = async (question: string) => {
      questions.push(question)
      return question.startsWith('create service account') ? 'no' : 'y'
    }
    const run = await runTrust(sandbox, ['apply'], {}, { prompt })

    assert.equal(run.exitCode, 1)
    assert.deepEqual(resultsOf(run), ['created', 'created', 'declined', 'blocked', 'blocked'])
    assert.match(run.stdout, /^Not verified: not all resources are in place\.$/m)
    assert.equal(questions[0], `create pool ${pool}\n  [y]es, [n]o, [a]ll: `)
    assert.equal(questions.length, 3)
    assert.equal(sandbox.gcp.accounts.find(account), undefined)
  })

  test('prompts no more after "all"', async (t) => {
    const sandbox = await startTestSandbox(t, { trust: 'absent' })
    const questions: string[] = []
    const prompt = async (question: string) => {
      questions.push(question)
      return 'a'
    }
    const run = await runTrust(sandbox, ['apply'], {}, { prompt })

    assert.equal(run.exitCode, 0, run.stderr)
    assert.equal(questions.length, 1)
  })

  test('prompts again after an invalid response', async (t) => {
    const sandbox = await startTestSandbox(t, { trust: 'absent' })
    const lines = ['foo', '', ' Yes ', 'all']
    const prompt = async () => lines.shift()
    const run = await runTrust(sandbox, ['apply'], {}, { prompt })

    assert.equal(run.exitCode, 0, run.stderr)
    assert.deepEqual(lines, [])
  })

  test('declines the remaining changes at the end of the input', async (t) => {
    const sandbox = await startTestSandbox(t, { trust: 'absent' })
    const lines = ['y']
    const run = await runTrust(sandbox, ['apply'], {}, { prompt: async () => lines.shift() })

    assert.equal(run.exitCode, 1)
    assert.deepEqual(resultsOf(run), ['created', 'declined', 'declined', 'blocked', 'blocked'])
  })

  test('without a terminal and without --yes is refused before anything is read', async (t) => {
    const sandbox = await startTestSandbox(t, { trust: 'absent' })
    const run = await runTrust(sandbox, [
      'apply',
      '--share-trust-domain',
      '--replace',
      'keys',
      '--no-verify',
      '-o',
      'json',
    ])

    assert.equal(run.exitCode, 2)
    assert.match(run.stderr, /^USAGE_INVALID \(run\): trust apply requires confirmation, and there is no terminal/)
    assert.match(run.stderr, /: pullpass trust plan -f \S+\/trust\.yaml --share-trust-domain --replace keys$/m)
    assert.equal(sandbox.gcp.identity.read(pool), undefined)
  })

  test('undeletes a pool, a provider and an account', async (t) => {
    const sandbox = await startTestSandbox(t, { trust: 'absent' })
    await runTrust(sandbox, ['apply', '--yes'])
    await runTrust(sandbox, ['destroy', '--yes'])
    const plan = await runTrust(sandbox, ['plan'])
    const run = await runTrust(sandbox, ['apply', '--yes'])

    assert.deepEqual(resultsOf(plan), [
      'would-undelete',
      'would-undelete',
      'would-undelete',
      'would-grant',
      'would-grant',
    ])
    assert.equal(run.exitCode, 0, run.stderr)
    assert.match(run.stderr, new RegExp(`^undelete pool ${pool}\nundelete provider ${provider}\n`))
    assert.equal(heldBy(sandbox).pool?.state, 'ACTIVE')
  })

  test('waits until a new grant is propagated', async (t) => {
    const sandbox = await startTestSandbox(t, { trust: 'absent' })
    sandbox.gcp.adjust({ bindingDelaySeconds: 75 })
    const sleep = async (ms: number, signal: AbortSignal) => {
      signal.throwIfAborted()
      if (ms >= 60_000) return await new Promise<void>(() => undefined) // the timeout of the run
      sandbox.clock.advance(`${Math.ceil(ms / 1000)} s`)
    }
    const run = await runTrust(sandbox, ['apply', '--yes'], {}, { sleep })

    assert.equal(run.exitCode, 0, run.stderr)
    assert.match(run.stdout, /^ok /m)
  })

  test('ends in time where the grant does not become effective, and reports the last response', async (t) => {
    const sandbox = await startTestSandbox(t, { trust: 'absent' })
    sandbox.gcp.adjust({ bindingDelaySeconds: 86_400 })
    const run = await runTrust(sandbox, ['apply', '--yes'])

    assert.equal(run.exitCode, 1)
    assert.deepEqual(resultsOf(run), ['created', 'created', 'created', 'granted', 'granted'])
    assert.match(run.stderr, /^IMPERSONATION_DENIED \(impersonation\): /m)
  })

  test('reports why nothing could be verified where the operator gets no token', async (t) => {
    const sandbox = await startTestSandbox(t, { trust: 'absent' })
    sandbox.cluster.authorization.forbid({ verbs: ['create'], resources: ['serviceaccounts/token'] })
    const run = await runTrust(sandbox, ['apply', '--yes'])

    assert.equal(run.exitCode, 1)
    assert.match(run.stdout, /^Skipped registries are not verified/m)
    assert.match(run.stderr, /^TOKEN_REQUEST_REFUSED .*\n {2}expected .*\n {2}fix: grant the rule /m)
    assert.match(run.stdout, /^skipped +google .* +no token is available: .*serviceaccounts\\?"?.*token/m)
  })

  test('does not report a registry that is unavailable as a missing permission', async (t) => {
    const sandbox = await startTestSandbox(t, { trust: 'absent' })
    sandbox.parts.registry.faults.inject({ kind: 'response', response: { status: 503, body: 'down' } })
    const run = await runTrust(sandbox, ['apply', '--yes'])
    assert.equal(run.exitCode, 1)
    assert.match(
      run.stderr,
      /^TRUST_UNVERIFIED \(trust\): \S+ responded with 503: whether registry google .* is unknown$/m,
    )
    assert.match(run.stderr, /^ +fix: no action at the vendor: /m)
    assert.doesNotMatch(run.stderr, /does not let/)
  })

  test('creates all resources with --no-verify, and verifies nothing', async (t) => {
    const sandbox = await startTestSandbox(t, { trust: 'absent' })
    sandbox.cluster.authorization.forbid({ verbs: ['create'], resources: ['serviceaccounts/token'] })
    const run = await runTrust(sandbox, ['apply', '--yes', '--no-verify'])

    assert.equal(run.exitCode, 0, run.stderr)
    assert.match(run.stdout, /^Not verified\.$/m)
  })

  test('accepts the drop-in variables, with the repository and the account as flags', async (t) => {
    const sandbox = await startTestSandbox(t, { trust: 'absent' })
    const named = ['--repository', sandbox.gcp.repository, '--subject', 'system:serviceaccount:image-system:pullpass']
    const run = await runPullpass(sandbox, ['trust', 'apply', '--yes', ...named])

    assert.equal(run.exitCode, 0, run.stderr)
    assert.match(run.stdout, /^ok /m)
  })
})
