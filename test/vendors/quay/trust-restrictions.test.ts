import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { apply, subject } from '../trust-runs.ts'
import { start } from './start-trust.ts'

suite('a robot at Quay that pullpass did not set up alone:', () => {
  test('a former subject, and an issuer that differs in form, are reported, and removed only if that is requested', async (t) => {
    const { sandbox, run, entries, setUp } = await start(t)
    const { issuer } = sandbox.cluster
    const own = { issuer, subject }
    const former = { issuer, subject: 'system:serviceaccount:ci:deployer' }
    const slash = { issuer: `${issuer}/`, subject }
    setUp({ entries: [former, slash] })
    const applied = await run(apply)
    assert.equal(applied.exitCode, 0, applied.stderr + applied.stdout)
    assert.match(
      applied.stdout,
      /system:serviceaccount:ci:deployer of \S+ still signs in as the robot, which these documents do not use/,
    )
    assert.match(
      applied.stdout,
      /\/example-cluster\/, which is not exactly the issuer of the cluster: it accepts no token of it; /,
    )
    assert.deepEqual(entries(), [former, slash, own])
    const replaced = await run([...apply, '--replace', 'subjects'])
    assert.equal(replaced.exitCode, 0, replaced.stderr)
    assert.deepEqual(entries(), [own])
    setUp({ entries: [{ issuer: issuer.replace('example', 'Example'), subject }] })
    assert.match((await run(apply)).stderr, /^TRUST_DOMAIN_SHARED /m) // another path is of another cluster
  })

  test('a role that permits more is reported, and changed only if that is requested', async (t) => {
    const { quay, run, role, setUp } = await start(t)
    setUp()
    quay.state.repositories.get(quay.repository)?.set(quay.robot, 'admin')
    const plan = await run(['trust', 'plan'])
    assert.equal(plan.exitCode, 0)
    assert.match(plan.stdout, /it has the role admin there, which permits more: --replace role changes it to read/)
    const destroyed = await run(['trust', 'destroy', '--yes'])
    assert.match(destroyed.stdout, /it is not in the record/)
    assert.equal((await run([...apply, '--replace', 'role'])).exitCode, 0)
    assert.equal(role(), 'read')
    quay.state.repositories.get(quay.repository)?.set(quay.robot, 'write')
    const kept = await run(['trust', 'destroy', '--yes'])
    assert.match(kept.stdout, /it is the role write, which pullpass did not grant/)
    assert.equal(role(), 'write')
  })

  test('an entry with audiences, which Quay drops from a list that is sent, stays: nothing is changed', async (t) => {
    const { quay, run, entries, role, setUp, sandbox } = await start(t)
    const job = { issuer: 'https://ci.example.com', subject: 'repo:acme/app', audiences: ['quay'] }
    setUp({ entries: [job] })
    quay.state.repositories.get(quay.repository)?.clear()
    const refused = await run(apply)
    assert.equal(refused.exitCode, 1)
    assert.match(
      refused.stderr,
      /^TRUST_REFUSED \(trust\): the entry of \S+ for repo:acme\/app of https:\/\/ci\.example\.com has the further fields audiences$/m,
    )
    assert.deepEqual([entries(), role()], [[job], undefined])
    setUp({ entries: [job, { issuer: sandbox.cluster.issuer, subject }] })
    assert.equal((await run(apply)).exitCode, 0)
  })

  test('as which service accounts of another cluster sign in, is refused, unless sharing is accepted', async (t) => {
    const { sandbox, run, entries, role, setUp, quay } = await start(t)
    const other = { issuer: 'https://other.example.com', subject }
    setUp({ entries: [other] })
    quay.state.repositories.get(quay.repository)?.clear()
    const refused = await run(apply)
    assert.equal(refused.exitCode, 1)
    assert.match(
      refused.stderr,
      /^TRUST_DOMAIN_SHARED \(trust\): \S+\/example-project\+puller is used by another cluster: system:serviceaccount:image-system:pullpass of another cluster \(issuer https:\/\/other\.example\.com\) signs in as it$/m,
    )
    assert.match(refused.stderr, /, or the issuer is a former one of this cluster: --share-trust-domain$/m)
    assert.deepEqual([entries(), role()], [[other], undefined])
    const shared = await run([...apply, '--share-trust-domain'])
    assert.equal(shared.exitCode, 0, shared.stderr + shared.stdout)
    assert.deepEqual(entries(), [other, { issuer: sandbox.cluster.issuer, subject }])
    const destroyed = await run(['trust', 'destroy', '--yes'])
    assert.match(destroyed.stdout, /^kept +permission /m)
    assert.deepEqual([entries(), role()], [[other], 'read'])
  })

  test('after a change of the issuer, the new one is added, and destroy removes the former one', async (t) => {
    const { sandbox, run, entries, role, robot } = await start(t)
    const former = ['--issuer', 'https://former.example.com/cluster']
    assert.equal((await run([...apply, '--no-verify', ...former])).exitCode, 0)
    assert.equal((await run([...apply, '--share-trust-domain'])).exitCode, 0)
    assert.equal((await run(['trust', 'destroy', '--yes', ...former])).exitCode, 0)
    assert.deepEqual([entries(), role()], [[{ issuer: sandbox.cluster.issuer, subject }], 'read'])
    assert.match((await run(['trust', 'plan'])).stdout, /^No changes are required\.$/m)
    await run(['trust', 'destroy', '--yes'])
    assert.deepEqual([robot()?.entries, role()], [[], undefined])
  })

  test('that pullpass created is kept by destroy while something else uses it', async (t) => {
    const { quay, run, robot, entries } = await start(t)
    assert.equal((await run(apply)).exitCode, 0)
    const job = { issuer: 'https://ci.example.com', subject: 'repo:acme/app' }
    Object.assign(robot() ?? {}, { entries: [...entries(), job], teams: ['developers'] })
    quay.state.repositories.set('example-project/other', new Map([[quay.robot, 'read']]))
    const destroyed = await run(['trust', 'destroy', '--yes'])
    assert.match(
      destroyed.stdout,
      /repo:acme\/app of https:\/\/ci\.example\.com signs in as it; it has a permission on example-project\//,
    )
    assert.match(destroyed.stdout, /it has a permission on example-project\/other; it is in team developers$/m)
    assert.deepEqual(entries(), [job])
  })
})

test('nothing is created at Quay for', async (t) => {
  const { quay, run, robot, recorded } = await start(t)
  const { state, operator } = quay
  const refused = async (words: RegExp, environment: Readonly<Record<string, string | undefined>> = {}) => {
    const { exitCode, stdout, stderr } = await run(apply, { environment })
    assert.equal(exitCode, 1)
    assert.match(stderr, words)
    assert.ok(!(stdout + stderr).includes(operator.token))
    assert.equal(robot(), undefined)
    return stderr
  }
  await t.test('an operator without a token, or with something else', async () => {
    const without = await refused(
      /^TRUST_CREDENTIALS_MISSING \(trust\): no credentials for Quay were found: variable QUAY_TOKEN is not set$/m,
      { QUAY_TOKEN: undefined },
    )
    assert.match(without, /Generate Token; and set it: read -rs QUAY_TOKEN && export QUAY_TOKEN$/m)
    const other = await refused(/variable QUAY_TOKEN is not an access token$/m, {
      QUAY_TOKEN: 'a password with spaces',
    })
    assert.doesNotMatch(other, /a password with/)
  })
  await t.test('a token that has expired', async () => {
    operator.state = 'expired'
    const expired = await refused(/^TRUST_DENIED \(trust\): Quay responded with 401 "Requires authentication"$/m)
    assert.match(expired, /create another one, and set it: read -rs QUAY_TOKEN && export QUAY_TOKEN$/m)
    operator.state = 'valid'
  })
  await t.test('a token without the scope for organizations', async () => {
    operator.scopes.delete('org:admin')
    const denied = await refused(/^TRUST_DENIED \(trust\): Quay responded with 403 "Unauthorized"$/m)
    assert.match(denied, /with the scopes "Administer Organization" and "Administer Repositories"$/m)
    operator.scopes.add('org:admin')
  })
  await t.test('an organization that does not exist, or is a user', async () => {
    state.organizations.clear()
    await refused(/^TRUST_REFUSED \(trust\): https:\/\/127\.0\.0\.1:\d+ has no organization example-project$/m)
    state.organizations.add('example-project')
  })
  assert.deepEqual(recorded(), [])
})

test('a repository at Quay that does not exist is refused, and so is a token without the scope for repositories', async (t) => {
  const { quay, run, role } = await start(t)
  const { state, operator, repository } = quay
  operator.scopes.delete('repo:admin')
  assert.match((await run(apply)).stderr, /^TRUST_DENIED \(trust\): Quay responded with 403 "Unauthorized"$/m)
  operator.scopes.add('repo:admin')
  state.repositories.clear()
  const refused = await run(apply)
  assert.match(refused.stderr, /^TRUST_REFUSED \(trust\): https:\S+ has no repository example-project\/images\/hello$/m)
  state.repositories.set(repository, new Map())
  assert.equal((await run(apply)).exitCode, 0)
  assert.equal(role(), 'read')
})
