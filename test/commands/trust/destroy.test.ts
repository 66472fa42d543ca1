import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { suite, test } from 'node:test'
import { parse } from 'yaml'
import { createKubernetesApi } from '../../../sandbox/kubernetes/kubernetes-api.ts'
import { servePart } from '../../../sandbox/serve/serve-part.ts'
import { seedCluster } from '../../../sandbox/start/seed-cluster.ts'
import { startTestSandbox, type TestSandbox } from '../../support/start-test-sandbox.ts'
import { account, accountPolicy, heldBy, pool, provider, resultsOf, runTrust } from './run-trust.ts'

const apply = ['apply', '--yes']
const destroy = ['destroy', '--yes']

suite('trust destroy', { concurrency: 4 }, () => {
  test('takes back all that apply made', async (t) => {
    const sandbox = await startTestSandbox(t, { trust: 'absent' })
    await runTrust(sandbox, apply)
    const run = await runTrust(sandbox, destroy)

    assert.equal(run.exitCode, 0, run.stderr)
    assert.deepEqual(resultsOf(run), ['removed', 'removed', 'removed', 'removed', 'removed'])
    const held = heldBy(sandbox)
    assert.deepEqual([held.accountPolicy, held.repositoryPolicy, held.account], [[], [], undefined])
    assert.deepEqual([held.pool?.state, held.provider?.state], ['DELETED', 'DELETED'])
    assert.deepEqual(
      Object.keys(held.record ?? {}).filter((key) => !key.startsWith('account-')),
      [],
    )
    assert.match(run.stdout, /^note: .*\/pool: Google keeps it, and its id, for 30 days/m)
  })

  test('with --dry-run says what would go and what would stay, on no terminal, and changes nothing', async (t) => {
    const sandbox = await startTestSandbox(t, { trust: 'absent' })
    await runTrust(sandbox, apply)
    const before = heldBy(sandbox)
    const run = await runTrust(sandbox, ['destroy', '--dry-run'])

    assert.deepEqual([run.exitCode, run.stderr], [0, ''])
    assert.deepEqual(resultsOf(run), ['remove', 'remove', 'remove', 'remove', 'remove'])
    assert.match(run.stdout, /^Dry run: nothing was removed, and nothing written\.$/m)
    assert.deepEqual(heldBy(sandbox), before)
  })

  test('with --dry-run foretells what others hold, and leaves a record of what is gone', async (t) => {
    const sandbox = await startTestSandbox(t, { trust: 'absent' })
    await runTrust(sandbox, apply)
    sandbox.google.policies.allow(accountPolicy, 'roles/iam.serviceAccountUser', 'user:other@example.com')
    sandbox.google.policies.write(sandbox.repository, [])
    const before = heldBy(sandbox)
    const foretold = await runTrust(sandbox, ['destroy', '--dry-run'])
    assert.deepEqual(resultsOf(foretold), ['absent', 'remove', 'kept', 'remove', 'remove'])
    assert.deepEqual(heldBy(sandbox), before)
    assert.deepEqual(resultsOf(await runTrust(sandbox, destroy)), ['absent', 'removed', 'kept', 'removed', 'removed'])
  })

  test('run a second time, finds nothing', async (t) => {
    const sandbox = await startTestSandbox(t, { trust: 'absent' })
    await runTrust(sandbox, apply)
    await runTrust(sandbox, destroy)
    const run = await runTrust(sandbox, destroy)

    assert.deepEqual([run.exitCode, run.stderr], [0, ''])
    assert.deepEqual(resultsOf(run), ['absent', 'absent', 'absent', 'absent', 'absent'])
  })

  test('leaves what was there before apply, though apply needed it', async (t) => {
    const sandbox = await startTestSandbox(t)
    await runTrust(sandbox, apply)
    const before = heldBy(sandbox)
    const run = await runTrust(sandbox, destroy)

    assert.equal(run.exitCode, 0, run.stderr)
    assert.deepEqual(resultsOf(run), ['kept', 'kept', 'kept', 'kept', 'kept'])
    assert.deepEqual(heldBy(sandbox), before)
  })

  test('leaves what others hold: members of the policies, and a pool with other providers', async (t) => {
    const sandbox = await startTestSandbox(t, { trust: 'absent' })
    await runTrust(sandbox, apply)
    sandbox.google.policies.allow(accountPolicy, 'roles/iam.serviceAccountUser', 'user:other@example.com')
    sandbox.google.policies.allow(sandbox.repository, 'roles/artifactregistry.reader', 'user:other@example.com')
    sandbox.google.identity.putProvider({ name: `${pool}/providers/other`, issuerUri: 'https://other.example.com' })
    const run = await runTrust(sandbox, destroy)

    assert.equal(run.exitCode, 0, run.stderr)
    assert.deepEqual(resultsOf(run), ['removed', 'removed', 'kept', 'removed', 'kept'])
    const held = heldBy(sandbox)
    assert.deepEqual(held.accountPolicy, [
      { role: 'roles/iam.serviceAccountUser', members: ['user:other@example.com'] },
    ])
    assert.deepEqual(held.repositoryPolicy, [
      { role: 'roles/artifactregistry.reader', members: ['user:other@example.com'] },
    ])
    assert.ok(run.stdout.includes(`\nnote: ${account}: one other may still act as it\n`))
    assert.ok(run.stdout.includes(`\nnote: ${pool}: it holds other providers: ${pool}/providers/other`))
  })

  test('believes no record that names what the document does not need', async (t) => {
    const sandbox = await startTestSandbox(t, { trust: 'absent' })
    await runTrust(sandbox, apply)
    sandbox.google.policies.allow(accountPolicy, 'roles/iam.serviceAccountAdmin', 'user:owner@example.com')
    const planted = { role: 'roles/iam.serviceAccountAdmin', on: account, member: 'user:owner@example.com' }
    const found = sandbox.cluster.store.read('ConfigMap', 'image-system', 'pullpass-trust')
    sandbox.cluster.seed({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { namespace: 'image-system', name: 'pullpass-trust' },
      data: { ...Object(found?.['data']), 'grant-0000000000000000': JSON.stringify(planted) },
    })
    const run = await runTrust(sandbox, destroy)

    assert.equal(run.exitCode, 0, run.stderr)
    assert.deepEqual(heldBy(sandbox).accountPolicy, [
      { role: 'roles/iam.serviceAccountAdmin', members: ['user:owner@example.com'] },
    ])
  })

  test('without a terminal and without --yes takes nothing', async (t) => {
    const sandbox = await startTestSandbox(t)
    const run = await runTrust(sandbox, ['destroy'])

    assert.equal(run.exitCode, 2)
    assert.match(run.stderr, /^USAGE_INVALID \(run\): trust destroy asks before each change/)
    assert.match(run.stderr, /: pullpass trust destroy --dry-run$/m)
  })

  test('says which right is missing, and does the rest', async (t) => {
    const sandbox = await startTestSandbox(t, { trust: 'absent' })
    await runTrust(sandbox, apply)
    sandbox.google.operators.withhold('iam.workloadIdentityPoolProviders.delete')
    const run = await runTrust(sandbox, destroy)

    assert.equal(run.exitCode, 1)
    assert.deepEqual(resultsOf(run), ['removed', 'removed', 'removed', 'failed', 'kept'])
    assert.match(run.stderr, /^ {2}expected the operator to hold iam\.workloadIdentityPoolProviders\.delete, which /m)
  })
})

/** A second cluster, whose issuer's keys are uploaded, and a kubeconfig with a context for each. */
async function addCluster(t: Parameters<typeof startTestSandbox>[0], sandbox: TestSandbox): Promise<void> {
  const token = 'the-token-of-the-second-cluster'
  const issuer = 'https://second.example.com'
  const cluster = await createKubernetesApi({ issuer, now: sandbox.clock.now, tokens: { [token]: 'kubernetes-admin' } })
  seedCluster(cluster, ['team-a'], { namespace: 'image-system', name: 'pullpass' })
  const tls = { authority: sandbox.authority, http2: 'offered', clientCertificates: 'asked' } as const
  const part = await servePart({ handler: cluster.handle, now: sandbox.clock.now, tls })
  t.after(part.close)
  const text = await readFile(sandbox.folder.kubeconfigFile, 'utf8')
  const second = text
    .replaceAll('sandbox', 'gke_example_europe-west1_second')
    .replaceAll('kubernetes-admin', 'second-admin')
    .replace(/server: .*/, `server: ${part.url}`)
    .replace(/token: .*/, `token: ${token}`)
  await sandbox.write('second-kubeconfig', second)
}

/** What its first context names: a cluster and a user. */
const contextIn = (kubeconfig: string): unknown => Object(parse(kubeconfig)).contexts[0].context

suite('many clusters at once', { concurrency: 4 }, () => {
  async function start(t: Parameters<typeof startTestSandbox>[0]) {
    const sandbox = await startTestSandbox(t, { trust: 'absent' })
    await addCluster(t, sandbox)
    const { KUBECONFIG: first } = sandbox.environment
    const environment = { KUBECONFIG: `${first}:${sandbox.folder.path}/second-kubeconfig` }
    const both = ['--context', 'sandbox', '--context', 'gke_example_europe-west1_second']
    const run = (words: readonly string[], contexts: readonly string[] = both) =>
      runTrust(sandbox, [...words, ...contexts], { trust: ['uploadKeys: Always'] }, { environment })
    return { sandbox, run }
  }
  const second = `${pool}/providers/gke-example-europe-west1-fd317f`

  test('there is one pool, a provider for each, and each exchanges its own tokens', async (t) => {
    const { sandbox, run } = await start(t)
    const made = await run(apply)

    assert.equal(made.exitCode, 0, made.stderr)
    assert.equal([...made.stdout.matchAll(/^works /gm)].length, 2)
    const names = sandbox.google.identity.list(`${pool}/providers`).map(({ name }) => name)
    assert.deepEqual(names.toSorted(), [second, `${pool}/providers/sandbox`].toSorted())
  })

  test('one that goes takes its provider, and leaves what the other needs', async (t) => {
    const { sandbox, run } = await start(t)
    await run(apply)
    const gone = await run(destroy, ['--context', 'sandbox', '--provider-id', 'sandbox=sandbox'])

    assert.equal(gone.exitCode, 0, gone.stderr)
    assert.deepEqual(resultsOf(gone), ['kept', 'kept', 'kept', 'removed', 'kept'])
    assert.ok(gone.stdout.includes(`other clusters need it: ${second}`))
    assert.equal(heldBy(sandbox).accountPolicy.length, 1)
  })

  test('an id may be chosen, and is refused where two contexts share it', async (t) => {
    const { run } = await start(t)
    const chosen = await run(['plan', '--provider-id', 'sandbox=first'])
    const shared = await run(['plan', '--provider-id', 'sandbox=gke-example-europe-west1-fd317f'])

    assert.equal(chosen.exitCode, 0, chosen.stderr)
    assert.ok(chosen.stdout.includes(`${pool}/providers/first`))
    assert.equal(shared.exitCode, 2)
    assert.match(shared.stderr, /^USAGE_INVALID \(run\): two contexts have the provider gke-example-europe-west1-/)
  })

  test('one context twice, and two contexts of one cluster, are refused', async (t) => {
    const { sandbox, run } = await start(t)
    const twice = await run(['plan'], ['--context', 'sandbox', '--context', 'sandbox'])
    assert.equal(twice.exitCode, 2)
    assert.match(twice.stderr, /^USAGE_INVALID \(run\): --context sandbox stands twice$/m)

    const kubeconfig = await readFile(sandbox.folder.kubeconfigFile, 'utf8')
    const context = JSON.stringify({ name: 'again', context: contextIn(kubeconfig) })
    await sandbox.write('second-kubeconfig', `apiVersion: v1\nkind: Config\ncontexts: [${context}]\n`)
    const same = await run(['plan'], ['--context', 'sandbox', '--context', 'again'])
    assert.equal(same.exitCode, 2)
    assert.match(same.stderr, /^USAGE_INVALID \(run\): the contexts sandbox and again are one cluster: both sign as /m)
  })

  test('the document’s own provider is that of a single cluster', async (t) => {
    const { run } = await start(t)
    const { stdout } = await run(['plan'], ['--context', 'sandbox'])
    assert.ok(stdout.includes(provider))
  })
})
