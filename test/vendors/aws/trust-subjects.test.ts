import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { suite, test } from 'node:test'
import type { Policy } from '../../../sandbox/aws/iam/policy.ts'
import { resultsOf } from '../../commands/trust/run-trust.ts'
import { runPullpass } from '../../support/run-pullpass.ts'
import { startTrustTest, type TrustTest } from './run-trust.ts'

const subjectOf = (account: string) => `system:serviceaccount:image-system:${account}`

/** Subjects that the trust policy of the role accepts. */
const acceptedBy = ({ cloud, provider }: TrustTest) =>
  [cloud.account.roles.get('puller')?.trustPolicy.Statement ?? []]
    .flat()
    .map(({ Condition }) => Condition?.['StringEquals']?.[`${provider.slice(provider.indexOf('/') + 1)}:sub`])

/** The hashes of their subjects begin with the same 32 bits. */
const alike = ['sa-2277', 'sa-18040'] as const

test('service accounts whose hashes begin alike do not displace each other', async (t) => {
  const [first, second] = alike
  const world = await startTrustTest(t)
  const more = ['-f', await world.file({ account: second, name: 'second' })]
  const together = await world.trust(['apply', '--yes', '--no-verify', ...more], { account: first, name: 'first' })
  assert.equal(together.exitCode, 0, together.stderr)
  assert.deepEqual(new Set(acceptedBy(world)), new Set(alike.map(subjectOf)))

  const other = await startTrustTest(t)
  for (const account of alike) await other.trust(['apply', '--yes', '--no-verify'], { account, name: account })
  assert.deepEqual(acceptedBy(other), alike.map(subjectOf))
})

test('a statement with an id of an earlier version is recognized, and is not in the way of another one', async (t) => {
  const [first, second] = alike
  const world = await startTrustTest(t)
  await world.trust(['apply', '--yes', '--no-verify'], { account: first })
  const role = world.cloud.account.roles.get('puller')
  assert.ok(role !== undefined)
  const trustText = role.trustText.replace(/"Sid":"(Pullpass\w{20})\w{8}"/, '"Sid":"$1"')
  assert.notEqual(trustText, role.trustText)
  world.cloud.account.roles.set('puller', { ...role, trustText, trustPolicy: JSON.parse(trustText) })

  const again = await world.trust(['apply', '--yes', '--no-verify'], { account: first })
  assert.deepEqual(resultsOf(again), ['unchanged', 'unchanged', 'unchanged'])
  await world.trust(['apply', '--yes', '--no-verify'], { account: second })
  assert.deepEqual(acceptedBy(world), [subjectOf(first), subjectOf(second)])
  await world.trust(['apply', '--yes', '--no-verify'], { account: second })
  assert.deepEqual(acceptedBy(world), [subjectOf(second)])
})

suite('a service account that a document no longer names', () => {
  test('is trusted until the next apply, so that refreshes with it succeed while the document is rolled out', async (t) => {
    const world = await startTrustTest(t)
    const { trust } = world
    await trust(['apply', '--yes', '--no-verify'], { account: 'old' })
    const added = await trust(['apply', '--yes', '--no-verify'], { account: 'new' })
    assert.deepEqual(resultsOf(added), ['unchanged', 'updated', 'unchanged'])
    assert.deepEqual(acceptedBy(world), [subjectOf('old'), subjectOf('new')])
    assert.match(added.stdout, new RegExp(`it still trusts ${subjectOf('old')}, .* run trust apply again`))

    const plan = await trust(['plan'], { account: 'new' })
    assert.match(
      plan.stdout,
      new RegExp(`its trust policy no longer accepts ${subjectOf('old')}, which no document uses$`, 'm'),
    )
    const removed = await trust(['apply', '--yes', '--no-verify'], { account: 'new' })
    assert.deepEqual(resultsOf(removed), ['unchanged', 'updated', 'unchanged'])
    assert.deepEqual(acceptedBy(world), [subjectOf('new')])
    assert.doesNotMatch((await trust(['plan'], { account: 'new' })).stdout, /old/)
  })

  test('is reported, and stays, while other documents of the cluster use the role', async (t) => {
    const world = await startTrustTest(t)
    const { trust } = world
    await trust(['apply', '--yes', '--no-verify'], { account: 'other', name: 'other' })
    for (let run = 0; run < 2; run++) await trust(['apply', '--yes', '--no-verify'], { account: 'new' })
    assert.deepEqual(acceptedBy(world), [subjectOf('other'), subjectOf('new')])
    const plan = await trust(['plan', '-o', 'json'], { account: 'new' })
    assert.match(
      plan.stdout,
      new RegExp(`it still trusts ${subjectOf('other')}, .* other documents of the cluster use the role \\(pullpass-`),
    )
    const both = await trust(['plan', '-f', await world.file({ account: 'other', name: 'other' })], { account: 'new' })
    assert.doesNotMatch(both.stdout, /still trusts/)

    await trust(['apply', '--yes', '--no-verify', '--replace', 'subjects'], { account: 'new' })
    assert.deepEqual(acceptedBy(world), [subjectOf('new')])
  })

  test('stays where --subject names the accounts of a document one after another', async (t) => {
    const world = await startTrustTest(t)
    const { trust, sandbox, file } = world
    const text = await readFile(await file(), 'utf8')
    const byFile = await sandbox.write('node.yaml', text.replace(/ {2}serviceAccountRef.*\n/, ''))
    const apply = async (account: string) =>
      await runPullpass(sandbox, ['trust', 'apply', '--yes', '--no-verify', '-f', byFile, '--subject', account])
    await apply('team-a/default')
    for (let run = 0; run < 2; run++) await apply('team-b/default')
    assert.deepEqual(acceptedBy(world), [
      'system:serviceaccount:team-a:default',
      'system:serviceaccount:team-b:default',
    ])
    assert.match((await apply('team-b/default')).stdout, /it still trusts .*, which --subject does not name/)
    assert.deepEqual((await trust(['destroy', '--yes'])).exitCode, 0)
  })

  test('is reported as that of another owner where the statement is not as pullpass wrote it', async (t) => {
    const world = await startTrustTest(t)
    const { trust, cloud } = world
    await trust(['apply', '--yes', '--no-verify'], { account: 'old' })
    const role = cloud.account.roles.get('puller')
    assert.ok(role !== undefined)
    const edited = role.trustText.replace(subjectOf('old'), subjectOf('attacker'))
    cloud.account.roles.set('puller', { ...role, trustPolicy: JSON.parse(edited), trustText: edited })
    for (let run = 0; run < 2; run++) await trust(['apply', '--yes', '--no-verify'])
    const plan = await trust(['plan'])
    assert.match(
      plan.stdout,
      new RegExp(`it also trusts ${subjectOf('attacker')} of arn:\\S+, by a statement of another owner`),
    )
    assert.ok(acceptedBy(world).includes(subjectOf('attacker')))
  })
})

test('a former audience of a service account is removed by the next apply, which reports it', async (t) => {
  const world = await startTrustTest(t)
  const { trust } = world
  await trust(['apply', '--yes', '--no-verify'], { registry: 'audience: former' })
  const added = await trust(['apply', '--yes', '--no-verify'])
  assert.match(
    added.stdout,
    new RegExp(`it still trusts ${subjectOf('pullpass')} with audience former, .* run trust apply again`),
  )
  assert.equal(acceptedBy(world).length, 2)
  const plan = await trust(['plan'])
  assert.match(
    plan.stdout,
    new RegExp(
      `its trust policy no longer accepts ${subjectOf('pullpass')} with audience former, which no document uses$`,
      'm',
    ),
  )
  await trust(['apply', '--yes', '--no-verify'])
  assert.equal(acceptedBy(world).length, 1)
  assert.doesNotMatch(world.cloud.account.roles.get('puller')?.trustText ?? '', /former/)
})

test('another audience of a service account, by a statement of another owner, is reported', async (t) => {
  const world = await startTrustTest(t)
  await world.trust(['apply', '--yes', '--no-verify'], { registry: 'audience: former' })
  const role = world.cloud.account.roles.get('puller')
  assert.ok(role !== undefined)
  const trustText = role.trustText.replace(/"Sid":"\w+",/, '')
  world.cloud.account.roles.set('puller', { ...role, trustText, trustPolicy: JSON.parse(trustText) })
  for (let run = 0; run < 2; run++) await world.trust(['apply', '--yes', '--no-verify'])
  const plan = await world.trust(['plan'])
  assert.match(
    plan.stdout,
    new RegExp(
      `it also trusts ${subjectOf('pullpass')} with audience former of arn:\\S+, by a statement of another owner`,
    ),
  )
  assert.equal(acceptedBy(world).length, 2)
})

suite('policies of other documents', () => {
  const policy: Policy = { Version: '2012-10-17', Statement: { Effect: 'Allow', Action: 'a:b', Resource: '*' } }

  /** A role with as many other policies as the first page of a list contains, and that of another document behind them. */
  async function withManyPolicies(world: TrustTest) {
    await world.trust(['apply', '--yes', '--no-verify'], { account: 'other', name: 'other' })
    const role = world.cloud.account.roles.get('puller')
    assert.ok(role !== undefined)
    const many = Array.from(
      { length: 100 },
      (_, index) => [`a-${index}`, { policy, text: JSON.stringify(policy) }] as const,
    )
    world.cloud.account.roles.set('puller', { ...role, policies: new Map([...many, ...role.policies]) })
  }

  test('are read from all pages, and keep its service account', async (t) => {
    const world = await startTrustTest(t)
    await withManyPolicies(world)
    for (let run = 0; run < 2; run++) await world.trust(['apply', '--yes', '--no-verify'], { account: 'new' })
    assert.deepEqual(acceptedBy(world), [subjectOf('other'), subjectOf('new')])
    const destroyed = await world.trust(['destroy', '--yes'], { account: 'new' })
    assert.match(destroyed.stdout, /other documents need it: pullpass-/)
  })

  for (const [name, marker] of [
    ['without an end', '<Marker>next</Marker>'],
    ['whose next page has no marker', ''],
  ] as const) {
    test(`in a list ${name} are unknown: everything is kept`, async (t) => {
      const world = await startTrustTest(t)
      await world.trust(['apply', '--yes', '--no-verify'], { account: 'old' })
      await world.trust(['apply', '--yes', '--no-verify'], { account: 'new' })
      const body = `<ListRolePoliciesResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><ListRolePoliciesResult><IsTruncated>true</IsTruncated>${marker}<PolicyNames></PolicyNames></ListRolePoliciesResult></ListRolePoliciesResponse>`
      const when = ({ body: sent }: { body?: Buffer }) =>
        new URLSearchParams(sent?.toString()).get('Action') === 'ListRolePolicies'
      const response = { status: 200, headers: { 'content-type': 'text/xml' }, body }
      world.cloud.parts.iam.faults.inject({ kind: 'response', response }, { when })
      const again = await world.trust(['apply', '--yes', '--no-verify'], { account: 'new' })
      assert.match(again.stdout, /it still trusts \S+:old, .* the list of its policies is incomplete/)
      const destroyed = await world.trust(['destroy', '--yes'], { account: 'new' })
      assert.match(destroyed.stdout, /the list of its policies is incomplete/)
      assert.deepEqual(acceptedBy(world), [subjectOf('old'), subjectOf('new')])
    })
  }
})
