import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { suite, test } from 'node:test'
import { parse } from 'yaml'
import { heldBy, pool, provider, resultsOf } from './run-trust.ts'
import { bothContexts, firstContext, readJwks, secondContext, secondId, startTwoClusters } from './two-clusters.ts'

const pools = 'projects/123456789012/locations/global/workloadIdentityPools'
const apply = ['apply', '--yes', ...bothContexts]
const first = ['--context', firstContext]

suite('several clusters', { concurrency: 4 }, () => {
  test('each have their own pool, and exchange their own tokens', async (t) => {
    const { sandbox, run } = await startTwoClusters(t)
    const { stdout } = await run(['plan', ...bothContexts])
    assert.match(stdout, new RegExp(`^CLUSTER +ISSUER +MARK +TRUST DOMAIN ID\\n.* ${firstContext}\\n.* ${secondId}\\n`))
    const applied = await run(apply)

    assert.equal(applied.exitCode, 0, applied.stderr)
    assert.equal([...applied.stdout.matchAll(/^ok /gm)].length, 2)
    const providersIn = (id: string) => sandbox.gcp.identity.list(`${pools}/${id}/providers`).map(({ name }) => name)
    assert.deepEqual(providersIn(firstContext), [`${pools}/${firstContext}/providers/cluster`])
    assert.deepEqual(providersIn(secondId), [`${pools}/${secondId}/providers/cluster`])
    assert.equal(sandbox.gcp.identity.read(pool), undefined)
    const [acting] = heldBy(sandbox).accountPolicy
    const subject = 'subject/system:serviceaccount:image-system:pullpass'
    assert.deepEqual(acting?.members, [
      `principal://iam.googleapis.com/${pools}/${firstContext}/${subject}`,
      `principal://iam.googleapis.com/${pools}/${secondId}/${subject}`,
    ])
  })

  test('of which one is removed keep what the other needs, also the grants of a service account that both use', async (t) => {
    const { sandbox, run } = await startTwoClusters(t)
    await run(apply)
    const destroyed = await run(['destroy', '--yes', ...first, '--trust-domain-id', `${firstContext}=${firstContext}`])

    assert.equal(destroyed.exitCode, 0, destroyed.stderr)
    assert.deepEqual(resultsOf(destroyed), ['kept', 'deleted', 'kept', 'deleted', 'deleted'])
    assert.match(destroyed.stdout, /^note: roles\/artifactregistry\.reader on .*: one other may act as its member$/m)
    assert.equal(heldBy(sandbox).accountPolicy.length, 1)
    const other = await run([
      'apply',
      '--yes',
      '--context',
      secondContext,
      '--trust-domain-id',
      `${secondContext}=${secondId}`,
    ])
    assert.deepEqual(resultsOf(other), ['unchanged', 'unchanged', 'unchanged', 'unchanged', 'unchanged'])
  })

  test('that share a pool have one provider each, and the plan shows the consequence', async (t) => {
    const { sandbox, run } = await startTwoClusters(t)
    const plan = await run(['plan', ...bothContexts, '--share-trust-domain'])
    assert.equal(plan.exitCode, 0, plan.stderr)
    const notes = [...plan.stdout.matchAll(/^note: \S+\/pool: shared by clusters: cluster (\S+) \(issuer (\S+)\) /gm)]
    assert.deepEqual(
      notes.map(([, name, issuer]) => [name, issuer]),
      [
        [firstContext, sandbox.cluster.issuer],
        [secondContext, 'https://second.example.com'],
      ],
    )
    const applied = await run([...apply, '--share-trust-domain'])
    assert.equal(applied.exitCode, 0, applied.stderr)
    const names = sandbox.gcp.identity.list(`${pool}/providers`).map(({ name }) => name)
    assert.deepEqual(names, [`${pool}/providers/${firstContext}`, `${pool}/providers/${secondId}`])

    const chosen = ['--issuer-id', `${firstContext}=${firstContext}`, '--share-trust-domain']
    const destroyed = await run(['destroy', '--yes', ...first, ...chosen])
    assert.ok(destroyed.stdout.includes(`other clusters need it: ${pool}/providers/${secondId}`), destroyed.stdout)
  })

  test('one context twice, and two contexts of one cluster, are refused', async (t) => {
    const { sandbox, run } = await startTwoClusters(t)
    const twice = await run(['plan', ...first, ...first])
    assert.equal(twice.exitCode, 2)
    assert.match(twice.stderr, /^USAGE_INVALID \(run\): --context sandbox is given twice$/m)

    const kubeconfig = await readFile(sandbox.folder.kubeconfigFile, 'utf8')
    const context = JSON.stringify({ name: 'again', context: Object(parse(kubeconfig)).contexts[0].context })
    await sandbox.write('second-kubeconfig', `apiVersion: v1\nkind: Config\ncontexts: [${context}]\n`)
    const same = await run(['plan', ...first, '--context', 'again'])
    assert.equal(same.exitCode, 2)
    assert.match(same.stderr, /^USAGE_INVALID \(run\): the contexts sandbox and again are one cluster: both sign as /m)
  })

  test('with only one context use the provider of the document', async (t) => {
    const { run } = await startTwoClusters(t)
    const { stdout } = await run(['plan', ...first])
    assert.ok(stdout.includes(provider))
  })
})

suite('a pool in which another cluster has a provider', { concurrency: 4 }, () => {
  const theirs = `${pool}/providers/dev-1`

  async function start(t: Parameters<typeof startTwoClusters>[0]) {
    const two = await startTwoClusters(t)
    two.sandbox.gcp.identity.putProvider({ name: theirs, issuerUri: two.second.issuer, jwksJson: two.secondJwks })
    return two
  }

  test('is refused, with the provider and the consequence, and --yes does not confirm it', async (t) => {
    const { sandbox, run } = await start(t)
    const plan = await run(['plan'])
    assert.equal(plan.exitCode, 1)
    assert.deepEqual(resultsOf(plan), ['refused', 'blocked', 'would-create', 'blocked', 'blocked'])
    assert.match(
      plan.stderr,
      /^TRUST_DOMAIN_SHARED \(trust\): pool \S+ is shared by \S+ and others: provider dev-1 \(issuer https:\/\/second\.example\.com\) accepts tokens of every service account of its cluster, system:serviceaccount:image-system:pullpass among them$/m,
    )
    assert.match(plan.stderr, /^ {2}fix: .*: --share-trust-domain$/m)

    const applied = await run(['apply', '--yes'])
    assert.equal(applied.exitCode, 1)
    assert.deepEqual(resultsOf(applied), ['failed', 'blocked', 'created', 'blocked', 'blocked'])
    assert.deepEqual(heldBy(sandbox).accountPolicy, [])
  })

  test('is used with --share-trust-domain, and still reported', async (t) => {
    const { run } = await start(t)
    const applied = await run(['apply', '--yes', '--share-trust-domain'])
    assert.equal(applied.exitCode, 0, applied.stderr)
    assert.match(applied.stdout, /^note: \S+\/pool: shared by clusters: provider dev-1 \(issuer https:\/\/second/m)
    const plan = await run(['plan'])
    assert.deepEqual(
      [plan.exitCode, resultsOf(plan)],
      [1, ['refused', 'unchanged', 'unchanged', 'unchanged', 'unchanged']],
    )
  })

  for (const [response, results] of [
    ['n', ['failed', 'blocked', 'created', 'blocked', 'blocked']],
    ['y', ['unchanged', 'created', 'created', 'granted', 'granted']],
  ] as const) {
    test(`is confirmed on a terminal before all changes, with the response ${response}`, async (t) => {
      const { run } = await start(t)
      const questions: string[] = []
      const prompt = async (question: string) => {
        questions.push(question)
        return questions.length === 1 ? response : 'a'
      }
      const confirmed = await run(['apply'], undefined, { prompt })
      assert.equal(questions[0], `Share pool ${pool} with these clusters?\n  [y]es, [n]o: `)
      assert.deepEqual(resultsOf(confirmed), results)
    })
  }

  test('is not another cluster’s where the provider has this cluster’s issuer', async (t) => {
    const { sandbox, run } = await startTwoClusters(t)
    sandbox.gcp.identity.putProvider({ name: theirs, issuerUri: sandbox.cluster.issuer })
    assert.deepEqual([(await run(['plan'])).exitCode], [0])
  })

  test('is another cluster’s where uploaded keys differ under the same issuer', async (t) => {
    const { sandbox, secondJwks, run } = await startTwoClusters(t)
    sandbox.gcp.identity.putProvider({ name: theirs, issuerUri: sandbox.cluster.issuer, jwksJson: secondJwks })
    assert.match((await run(['plan'])).stderr, /^TRUST_DOMAIN_SHARED /m)
  })

  test('is another cluster’s where one uploaded key is not this cluster’s, under the same issuer', async (t) => {
    const { sandbox, secondJwks, run } = await startTwoClusters(t)
    const own = { name: theirs, issuerUri: sandbox.cluster.issuer, jwksJson: await readJwks(sandbox.cluster) }
    sandbox.gcp.identity.putProvider(own)
    assert.equal((await run(['plan'])).exitCode, 0)

    const keys = [...JSON.parse(own.jwksJson).keys, ...JSON.parse(secondJwks).keys]
    sandbox.gcp.identity.putProvider({ ...own, jwksJson: JSON.stringify({ keys }) })
    const plan = await run(['plan'])
    assert.equal(plan.exitCode, 1)
    assert.deepEqual(resultsOf(plan), ['refused', 'blocked', 'would-create', 'blocked', 'blocked'])
    const seen = `provider dev-1 (issuer ${own.issuerUri}, uploaded keys that are not this cluster's: ${keys[1].kid}) accepts`
    assert.ok(plan.stderr.includes(seen), plan.stderr)
  })

  for (const expression of ["'system:serviceaccount:image-system:pullpass'", 'assertion.name', undefined])
    test(`is another’s where the subject is mapped by ${expression ?? 'nothing'}, under the same issuer`, async (t) => {
      const { sandbox, run } = await startTwoClusters(t)
      const attributeMapping = { ...(expression !== undefined && { 'google.subject': expression }) }
      sandbox.gcp.identity.putProvider({ name: theirs, issuerUri: sandbox.cluster.issuer, attributeMapping })
      const plan = await run(['plan'])
      assert.deepEqual(resultsOf(plan), ['refused', 'blocked', 'would-create', 'blocked', 'blocked'])
      assert.ok(plan.stderr.includes(`maps google.subject by ${expression ?? 'nothing'}: `), plan.stderr)
    })

  test('that was undeleted is compared again, before anything is created in it', async (t) => {
    const { sandbox, run } = await start(t)
    await run(['apply', '--yes', '--share-trust-domain', '--no-verify'])
    const { gcp } = sandbox
    gcp.identity.putPool(pool, 'DELETED')
    gcp.identity.putProvider({ name: provider, issuerUri: sandbox.cluster.issuer, state: 'DELETED' })
    const applied = await run(['apply', '--yes'])
    assert.deepEqual(resultsOf(applied), ['failed', 'blocked', 'unchanged', 'unchanged', 'unchanged'])
    assert.match(applied.stderr, /^TRUST_DOMAIN_SHARED /m)
  })
})
