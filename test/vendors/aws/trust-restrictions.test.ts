import assert from 'node:assert/strict'
import { test } from 'node:test'
import { resultsOf } from '../../commands/trust/run-trust.ts'
import { startTrustTest, type TrustTest } from './run-trust.ts'

const apply = ['apply', '--yes', '--no-verify']

const roleNow = ({ cloud }: TrustTest) => {
  const role = cloud.account.roles.get('puller')
  assert.ok(role !== undefined)
  return role
}

const statementsOf = (world: TrustTest) => [roleNow(world).trustPolicy.Statement].flat()

function change(world: TrustTest, edit: (text: string) => string) {
  const role = roleNow(world)
  const trustText = edit(role.trustText)
  assert.notEqual(trustText, role.trustText)
  world.cloud.account.roles.set('puller', { ...role, trustText, trustPolicy: JSON.parse(trustText) })
}

const withAddress = (text: string) =>
  text.replace('"Condition":{', '"Condition":{"IpAddress":{"aws:SourceIp":"203.0.113.0/24"},')

test('a condition that was added to a statement of pullpass', async (t) => {
  for (const [name, edit] of Object.entries({
    'with its id': withAddress,
    'without its id': (text: string) => withAddress(text).replace(/"Sid":"\w+",/, ''),
  })) {
    await t.test(`${name}, stays until its removal is requested`, async (own) => {
      const world = await startTrustTest(own)
      await world.trust(apply)
      change(world, edit)
      const before = roleNow(world)

      const refused = await world.trust(apply)
      assert.equal(refused.exitCode, 1)
      assert.match(
        refused.stderr,
        /^TRUST_REFUSED \(trust\): role \S+ accepts system:serviceaccount:image-system:pullpass of \S+ with audience sts\.amazonaws\.com only with further conditions: IpAddress aws:SourceIp "203\.0\.113\.0\/24" \(statement /m,
      )
      assert.match(refused.stderr, /--replace trustPolicy$/m)
      assert.equal(roleNow(world), before)

      const plan = await world.trust(['plan', '--replace', 'trustPolicy'])
      assert.match(plan.stdout, /without IpAddress aws:SourceIp "203\.0\.113\.0\/24"/)
      const replaced = await world.trust([...apply, '--replace', 'trustPolicy'])
      assert.equal(replaced.exitCode, 0, replaced.stderr)
      assert.deepEqual(
        statementsOf(world).map(({ Condition }) => Object.keys(Condition ?? {})),
        [['StringEquals']],
      )
    })
  }

  await t.test('while trust apply runs, stays', async (own) => {
    const world = await startTrustTest(own)
    await world.trust(apply)
    const policy = roleNow(world)
    change(world, (text) => text.replace('"sts.amazonaws.com"', '"former"').replace(/"Sid":"\w+",/, ''))
    let reads = 0
    world.cloud.adjust({
      beforeAction(action) {
        if (action !== 'GetRole') return
        reads += 1
        if (reads !== 2) return
        const trustText = withAddress(policy.trustText)
        world.cloud.account.roles.set('puller', { ...policy, trustText, trustPolicy: JSON.parse(trustText) })
      },
    })
    const run = await world.trust(apply)
    assert.equal(run.exitCode, 1, run.stdout)
    assert.match(JSON.stringify(statementsOf(world)), /203\.0\.113\.0/)
  })
})

test('a statement that has the id of pullpass and other tokens is not replaced', async (t) => {
  const world = await startTrustTest(t)
  await world.trust(apply)
  change(world, (text) => text.replace(':image-system:pullpass', ':team-b:other'))
  const before = roleNow(world)
  for (const more of [[], ['--replace', 'trustPolicy']]) {
    const run = await world.trust([...apply, ...more])
    assert.deepEqual(resultsOf(run), ['unchanged', 'failed', 'unchanged'])
    assert.match(run.stderr, /^TRUST_REFUSED \(trust\): the statement Pullpass\w+ of role \S+ was changed/m)
    assert.equal(roleNow(world), before)
  }
})
