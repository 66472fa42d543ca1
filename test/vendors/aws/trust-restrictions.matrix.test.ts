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

const withNetwork = (text: string) => text.replace('"StringEquals":{', '"StringEquals":{"aws:SourceVpc":"vpc-1",')

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

      const terraform = await world.trust(['plan', '-o', 'terraform'])
      assert.match(terraform.stdout, /assume_role_policy += .*203\.0\.113\.0/)

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

  await t.test('in the same operator, stays and is named, also in a role of another owner', async (own) => {
    const world = await startTrustTest(own)
    await world.trust(apply)
    change(world, withNetwork)
    for (const description of [roleNow(world).description, 'made by hand']) {
      world.cloud.account.roles.set('puller', { ...roleNow(world), description })
      const before = roleNow(world)
      const refused = await world.trust(apply)
      assert.equal(refused.exitCode, 1)
      assert.match(
        refused.stderr,
        /^TRUST_REFUSED \(trust\): role \S+ accepts .* only with further conditions: StringEquals aws:SourceVpc "vpc-1" \(statement /m,
      )
      assert.equal(roleNow(world), before)
    }
  })

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

const statementOf = (text: string, account: string) => {
  const statements: object[] = JSON.parse(text).Statement
  const index = statements.findIndex((one) => JSON.stringify(one).includes(`:${account}"`))
  return { statements, index, found: statements[index] }
}

/** Changes to the statement of a former service account. */
const additions: Readonly<Record<string, (text: string) => string>> = {
  'another principal': (text) =>
    text.replace('"Principal":{', '"Principal":{"AWS":"arn:aws:iam::999999999999:role/breakglass",'),
  'another provider': (text) =>
    text.replace(
      /"Federated":("[^"]+")/,
      '"Federated":[$1,"arn:aws:iam::123456789012:oidc-provider/other.example.com"]',
    ),
  'a condition': withAddress,
  'a condition on the same operator': withNetwork,
  'an action': (text) => text.replace(/"Action":("[^"]+")/, '"Action":[$1,"sts:TagSession"]'),
}

test('the statement of a former service account', async (t) => {
  for (const [name, edit] of Object.entries(additions)) {
    await t.test(`to which ${name} was added stays, and is reported`, async (own) => {
      const world = await startTrustTest(own)
      await world.trust(apply, { account: 'old' })
      change(world, edit)
      const { found } = statementOf(roleNow(world).trustText, 'old')
      await world.trust([...apply, '--replace', 'subjects'])
      assert.deepEqual(statementOf(roleNow(world).trustText, 'old').found, found)
      const plan = await world.trust(['plan'])
      assert.match(
        plan.stdout,
        /it also trusts system:serviceaccount:image-system:old of \S+, by a statement of another owner/,
      )

      const destroyed = await world.trust(['destroy', '--yes'])
      assert.equal(destroyed.exitCode, 0, destroyed.stderr)
      assert.deepEqual(statementOf(roleNow(world).trustText, 'old').found, found)
    })
  }
})

test('destroy keeps statements whose ids only begin like those of pullpass', async (t) => {
  const world = await startTrustTest(t)
  await world.trust(apply)
  const breakglass = {
    Sid: `Pullpass${world.mark}x`,
    Effect: 'Allow',
    Principal: { AWS: 'arn:aws:iam::123456789012:role/breakglass' },
    Action: 'sts:AssumeRole',
  }
  change(world, (text) => text.replace('"Statement":[', `"Statement":[${JSON.stringify(breakglass)},`))
  const run = await world.trust(['destroy', '--yes'])
  assert.equal(run.exitCode, 0, run.stderr)
  assert.deepEqual(statementsOf(world), [breakglass])
})

test('destroy names statements of pullpass that were changed, and keeps them', async (t) => {
  const world = await startTrustTest(t)
  await world.trust(apply)
  change(world, withAddress)
  const before = statementsOf(world)
  const run = await world.trust(['destroy', '--yes'])
  assert.match(
    run.stdout,
    /its trust policy has statements that pullpass did not write, or that were changed: Pullpass\w{28}/,
  )
  assert.deepEqual(statementsOf(world), before)
})
