import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { suite, test } from 'node:test'
import { resultsOf } from '../../commands/trust/run-trust.ts'
import { runPullpass } from '../../support/run-pullpass.ts'
import { startTrustTest, type TrustTest } from './run-trust.ts'

const subjectOf = (account: string) => `system:serviceaccount:image-system:${account}`

/** Subjects that the trust policy of the role accepts. */
const acceptedBy = ({ cloud, provider }: TrustTest) =>
  [cloud.account.roles.get('puller')?.trustPolicy.Statement ?? []]
    .flat()
    .map(({ Condition }) => Condition?.['StringEquals']?.[`${provider.slice(provider.indexOf('/') + 1)}:sub`])

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
