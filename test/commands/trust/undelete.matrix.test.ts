import assert from 'node:assert/strict'
import { suite, type TestContext, test } from 'node:test'
import { startTestSandbox, type TestSandbox } from '../../support/start-test-sandbox.ts'
import { account, accountPolicy, heldBy, resultsOf, runTrust } from './run-trust.ts'

const apply = ['apply', '--yes']
const reader = 'roles/artifactregistry.reader'
const others = 'projects/example-project/locations/europe/repositories/others'

interface Deleted {
  readonly sandbox: TestSandbox
  readonly uniqueId: string
  /** Members of another repository's policy, to which the account was added. */
  readonly othersPolicy: () => readonly string[]
}

/** Applies trust, grants the account another role, and deletes it. */
async function startDeleted(t: TestContext, words: readonly string[] = apply): Promise<Deleted> {
  const sandbox = await startTestSandbox(t, { trust: 'absent' })
  const made = await runTrust(sandbox, words)
  assert.equal(made.exitCode, 0, made.stderr)
  const uniqueId = sandbox.gcp.accounts.find(account)?.uniqueId ?? ''
  sandbox.gcp.policies.allow(others, reader, `serviceAccount:${account}`)
  sandbox.gcp.accounts.remove(account)
  const othersPolicy = () => sandbox.gcp.policies.read(others).bindings.flatMap(({ members }) => members)
  return { sandbox, uniqueId, othersPolicy }
}

/** Edits the record without pullpass. */
function editRecord(sandbox: TestSandbox, edit: (key: string, text: unknown) => unknown): void {
  const edited = Object.entries(Object(heldBy(sandbox).record)).map(([key, text]) => [key, edit(key, text)])
  sandbox.cluster.seed({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { namespace: 'image-system', name: 'pullpass-trust' },
    data: Object.fromEntries(edited.filter(([, text]) => text !== undefined)),
  })
}

const other = 'other-account@example-project.iam.gserviceaccount.com'
const isUndelete = ({ path }: { readonly path: string }) => path.endsWith(':undelete')

/** The record names another deleted account; `uniqueId`: of that account. */
async function startForged(t: TestContext): Promise<Pick<Deleted, 'sandbox' | 'uniqueId'>> {
  const { sandbox } = await startDeleted(t)
  sandbox.gcp.accounts.put(other)
  const { uniqueId = '' } = sandbox.gcp.accounts.find(other) ?? {}
  sandbox.gcp.accounts.remove(other)
  const forged = JSON.stringify({ email: account, uniqueId })
  editRecord(sandbox, (key, text) => (key.startsWith('account-') ? forged : text))
  return { sandbox, uniqueId }
}

function assertRefused(run: Awaited<ReturnType<typeof runTrust>>, became: string): void {
  assert.deepEqual(resultsOf(run), ['unchanged', 'unchanged', 'failed', 'blocked', 'blocked'])
  assert.match(
    run.stderr,
    /^TRUST_REFUSED \(trust\): unique ID \d+ is recorded for puller@\S+, and belongs to other-account@/m,
  )
  assert.ok(run.stderr.includes(`  expected the unique ID of ${account}; the other account ${became}\n`), run.stderr)
}

suite('a deleted service account', { concurrency: 4 }, () => {
  test('is undeleted by the unique id that apply recorded, with all its grants', async (t) => {
    const { sandbox, uniqueId, othersPolicy } = await startDeleted(t)
    assert.deepEqual(othersPolicy(), [`deleted:serviceAccount:${account}?uid=${uniqueId}`])
    const plan = await runTrust(sandbox, ['plan'])
    assert.match(plan.stdout, new RegExp(`^  undelete service account ${account}, unique ID ${uniqueId}, `, 'm'))
    assert.match(
      plan.stdout,
      /^note: roles\/artifactregistry\.reader .*: a deleted account of this name has this grant, /m,
    )
    const run = await runTrust(sandbox, apply)

    assert.equal(run.exitCode, 0, run.stderr)
    assert.deepEqual(resultsOf(run), ['unchanged', 'unchanged', 'undeleted', 'unchanged', 'unchanged'])
    assert.equal(sandbox.gcp.accounts.find(account)?.uniqueId, uniqueId)
    assert.deepEqual(othersPolicy(), [`serviceAccount:${account}`])
    assert.match(run.stdout, /^ok {2,}google /m)
  })

  test('is undeleted by the unique id in the policy of the repository, where nothing is recorded', async (t) => {
    const { sandbox, uniqueId } = await startDeleted(t, [...apply, '--no-record'])
    const run = await runTrust(sandbox, apply)

    assert.equal(run.exitCode, 0, run.stderr)
    assert.equal(sandbox.gcp.accounts.find(account)?.uniqueId, uniqueId)
  })

  test('is undeleted after destroy, which keeps its unique id in the record', async (t) => {
    const sandbox = await startTestSandbox(t, { trust: 'absent' })
    await runTrust(sandbox, apply)
    const uniqueId = sandbox.gcp.accounts.find(account)?.uniqueId ?? ''
    const destroyed = await runTrust(sandbox, ['destroy', '--yes'])
    assert.match(destroyed.stdout, new RegExp(`^note: ${account}: Google keeps it for 30 days, .* ${uniqueId}; `, 'm'))
    const run = await runTrust(sandbox, apply)

    assert.equal(run.exitCode, 0, run.stderr)
    assert.equal(sandbox.gcp.accounts.find(account)?.uniqueId, uniqueId)
    assert.deepEqual(heldBy(sandbox).account?.startsWith('pullpass:'), true)
  })

  test('is created again where its unique id is unknown, and the lost grants are reported first', async (t) => {
    const { sandbox, uniqueId } = await startDeleted(t)
    editRecord(sandbox, (key, text) => (key.startsWith('account-') ? undefined : text))
    sandbox.gcp.policies.forget(sandbox.gcp.repository)
    const run = await runTrust(sandbox, apply)

    assert.equal(run.exitCode, 0, run.stderr)
    const lost = 'the grants of a deleted account of this name are not restored'
    assert.ok(run.stderr.includes(`create service account ${account}: ${lost}\n`), run.stderr)
    assert.ok(run.stdout.includes(`, and ${lost}: the unique id of the deleted one is`))
    assert.notEqual(sandbox.gcp.accounts.find(account)?.uniqueId, uniqueId)
  })

  test('is created again after its retention at Google ended', async (t) => {
    const { sandbox } = await startDeleted(t)
    sandbox.gcp.policies.forget(sandbox.gcp.repository)
    const old = '1'.repeat(21)
    const longAgo = JSON.stringify({ email: account, uniqueId: old })
    editRecord(sandbox, (key, text) => (key.startsWith('account-') ? longAgo : text))
    const run = await runTrust(sandbox, apply)

    assert.equal(run.exitCode, 0, run.stderr)
    assert.ok(run.stdout.includes(`: Google can no longer restore the deleted one (${old})`), run.stdout)
    const { uniqueId = '' } = sandbox.gcp.accounts.find(account) ?? {}
    assert.ok(JSON.stringify(heldBy(sandbox).record).includes(uniqueId), 'the new one is recorded in its place')
  })

  test('without permission to undelete is reported with the required role, and no account is created', async (t) => {
    const { sandbox } = await startDeleted(t)
    sandbox.gcp.operators.withhold('iam.serviceAccounts.undelete')
    const run = await runTrust(sandbox, apply)

    assert.deepEqual(resultsOf(run), ['unchanged', 'unchanged', 'failed', 'blocked', 'blocked'])
    assert.match(run.stderr, /iam\.serviceAccounts\.undelete, which roles\/iam\.serviceAccountAdmin contains/)
    assert.equal(sandbox.gcp.accounts.find(account), undefined)
  })

  test('is detected as undeleted where only the response of Google was lost, and no account is created', async (t) => {
    const { sandbox, uniqueId } = await startDeleted(t)
    sandbox.gcp.parts.iam.faults.inject({ kind: 'reset', at: 'response' }, { times: 1, when: isUndelete })
    const run = await runTrust(sandbox, apply)

    assert.equal(run.exitCode, 0, run.stderr)
    assert.deepEqual(resultsOf(run), ['unchanged', 'unchanged', 'undeleted', 'unchanged', 'unchanged'])
    assert.equal(sandbox.gcp.accounts.find(account)?.uniqueId, uniqueId)
  })

  test('is not another that a forged record names: that one is deleted again immediately', async (t) => {
    const { sandbox } = await startForged(t)
    const run = await runTrust(sandbox, apply)

    assertRefused(run, 'was deleted again')
    assert.equal(sandbox.gcp.accounts.find(other), undefined)
  })

  test('is not another, where the response of Google was lost: the undeleted account is read, and deleted again', async (t) => {
    const { sandbox } = await startForged(t)
    sandbox.gcp.parts.iam.faults.inject({ kind: 'reset', at: 'response' }, { times: 1, when: isUndelete })
    const run = await runTrust(sandbox, apply)

    assertRefused(run, 'was deleted again')
    assert.equal(sandbox.gcp.accounts.find(other), undefined)
    assert.equal(sandbox.gcp.accounts.find(account), undefined, 'none is made in its place')
  })

  test('is not another, where the response of Google does not identify the account', async (t) => {
    const { sandbox } = await startForged(t)
    sandbox.gcp.parts.iam.faults.inject({ kind: 'reset', at: 'response' }, { times: 1, when: isUndelete })
    sandbox.gcp.parts.iam.faults.inject(
      { kind: 'response', response: { status: 200, body: {} } },
      { times: 1, when: isUndelete },
    )
    const run = await runTrust(sandbox, apply)

    assertRefused(run, 'was deleted again')
    assert.equal(sandbox.gcp.accounts.find(other), undefined)
  })

  test('is not another that exists: it is left unchanged', async (t) => {
    const { sandbox, uniqueId } = await startForged(t)
    const deleted = sandbox.gcp.accounts.findDeleted(uniqueId)
    assert.ok(deleted)
    sandbox.gcp.accounts.undelete(deleted)
    const run = await runTrust(sandbox, apply)

    assertRefused(run, 'exists, and was not changed')
    assert.equal(sandbox.gcp.accounts.find(other)?.uniqueId, uniqueId)
  })

  test('whose undeletion could not be verified is reported, and the next run identifies it', async (t) => {
    const { sandbox, uniqueId } = await startForged(t)
    const isRead = ({ method, path }: { method: string; path: string }) =>
      method === 'GET' && path.endsWith(uniqueId) && sandbox.gcp.accounts.find(other) !== undefined
    sandbox.gcp.parts.iam.faults.inject({ kind: 'reset', at: 'response' }, { times: 1, when: isUndelete })
    sandbox.gcp.parts.iam.faults.inject(
      { kind: 'response', response: { status: 503, body: '' } },
      { times: 4, when: isRead },
    )
    const run = await runTrust(sandbox, apply)
    assert.match(
      run.stderr,
      /^TRUST_UNAVAILABLE \(trust\): it is unknown whether unique ID \d+ was undeleted: Google /m,
    )
    assert.deepEqual(resultsOf(run), ['unchanged', 'unchanged', 'failed', 'blocked', 'blocked'])

    assertRefused(await runTrust(sandbox, apply), 'exists, and was not changed')
  })

  for (const [format, expected] of [
    ['gcloud', /^gcloud iam service-accounts undelete 1\d{20} --project=example-project$/m],
    [
      'terraform',
      /^# Terraform does not undelete; run first: gcloud iam service-accounts undelete 1\d{20} --project=/m,
    ],
  ] as const) {
    test(`is undeleted by the output of plan -o ${format}`, async (t) => {
      const { sandbox } = await startDeleted(t)
      const run = await runTrust(sandbox, ['plan', '-o', format])

      assert.equal(run.exitCode, 0, run.stderr)
      assert.match(run.stdout, expected)
      assert.doesNotMatch(run.stdout, /service-accounts create/)
    })
  }

  test('whose name a new one has is not undeleted, and the new one is recorded', async (t) => {
    const { sandbox, uniqueId } = await startDeleted(t)
    sandbox.gcp.policies.forget(sandbox.gcp.repository)
    sandbox.gcp.accounts.put(account)
    const run = await runTrust(sandbox, apply)

    assert.equal(run.exitCode, 0, run.stderr)
    assert.deepEqual(resultsOf(run), ['unchanged', 'unchanged', 'unchanged', 'granted', 'granted'])
    const { uniqueId: present } = sandbox.gcp.accounts.find(account) ?? {}
    assert.notEqual(present, uniqueId)
    assert.ok(JSON.stringify(heldBy(sandbox).record).includes(`${present}`))
    assert.ok(sandbox.gcp.policies.read(accountPolicy).bindings.length > 0)
  })
})
