import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { deleteRobot } from '../../../sandbox/quay/state.ts'
import { runCurl } from '../../support/run-curl.ts'
import { runCurlScript } from '../../support/run-curl-script.ts'
import { apply, subject } from '../trust-runs.ts'
import { start } from './start-trust.ts'

const name = 'example-project+puller'
/** With characters that change what a terminal shows. */
const strange = { issuer: "https://ci.example.com/it's", subject: '$(id) "`\u202ex`"\n' }
const job = { issuer: 'https://token.actions.githubusercontent.com', subject: 'repo:acme/app:ref:refs/heads/main' }

suite('trust at Quay', () => {
  test('where Quay cannot read the issuer, and does not state that, the fix is to check the issuer', async (t) => {
    const { sandbox, run } = await start(t)
    assert.equal((await run(apply)).exitCode, 0)
    sandbox.gcp.parts.storage.faults.inject({ kind: 'response', response: { status: 404, body: '' } })
    assert.match(
      (await run(['refresh'])).stderr,
      /^EXCHANGE_UNAVAILABLE .* responded with 500 .*\n.*\n +fix: no action if .*; Quay also .*: pullpass issuer check https:\S+ --for quay$/m,
    )
  })

  test('plans, applies, verifies, refreshes, has nothing to do, and destroys what it created', async (t) => {
    const { sandbox, quay, run, robot, entries, role, recorded } = await start(t)
    const { issuer } = sandbox.cluster
    quay.parts.tokens.faults.inject(
      {
        kind: 'response',
        response: { status: 500, body: 'the response to this request contains passwords of robots' },
      },
      {
        when: ({ method, path, query }) =>
          method === 'GET' && /\/robots(?:\/[^/]+)?$/.test(path) && query?.get('token') !== 'false',
      },
    )
    assert.match((await run(['refresh'])).stderr, /^PROVIDER_NOT_FOUND .* 400 "Could not find robot with specified /m)
    const plan = await run(['trust', 'plan'])
    assert.deepEqual([plan.exitCode, plan.stderr], [0, ''])
    assert.match(plan.stdout, /^would-create +robot account +\S+\/example-project\+puller$/m)
    assert.match(plan.stdout, new RegExp(`^would-create +federation entry +${subject} of ${issuer} as `, 'm'))
    assert.match(plan.stdout, /^would-grant +permission +read example-project\/images\/hello as /m)
    assert.equal(robot(), undefined)

    const applied = await run(apply)
    assert.equal(applied.exitCode, 0, applied.stderr + applied.stdout)
    assert.match(applied.stdout, /^ok +quay +ClusterPullSecret\/pull /m)
    assert.match(robot()?.description ?? '', /^pullpass:[0-9a-f]{12} pulls images for the cluster of https:/)
    assert.deepEqual([entries(), role(), recorded().length], [[{ issuer, subject }], 'read', 2])
    assert.equal((await run(['refresh'])).exitCode, 0)

    const again = await run(['trust', 'plan'])
    assert.match(again.stdout, /No changes are required/)
    assert.doesNotMatch(again.stdout, /^note: /m)
    const password = robot()?.token ?? assert.fail()
    const terraform = await run(['trust', 'plan', '-o', 'terraform'])
    assert.match(terraform.stdout, /^ {2}to = quay_organization_robot\.\w+\n {2}id = "example-project\+puller"$/m)
    for (const { stdout, stderr } of [applied, again, terraform]) assert.ok(!(stdout + stderr).includes(password))
    assert.ok(!recorded().join('').includes(password))
    const dryRun = await run(['trust', 'destroy', '--dry-run'])
    assert.deepEqual([dryRun.exitCode, dryRun.stdout.match(/^would-delete/gm)?.length], [0, 3])
    assert.deepEqual([entries().length, role(), recorded().length], [1, 'read', 2])
    const destroyed = await run(['trust', 'destroy', '--yes'])
    assert.equal(destroyed.exitCode, 0, destroyed.stderr)
    assert.deepEqual([robot(), role(), recorded()], [undefined, undefined, []])
  })

  test('accepts what was set up by hand, and leaves it', async (t) => {
    const { sandbox, run, robot, entries, role, recorded, setUp } = await start(t)
    setUp()
    const plan = await run(['trust', 'plan'])
    assert.deepEqual([plan.exitCode, plan.stderr], [0, ''])
    assert.match(plan.stdout, /No changes are required/)
    const applied = await run(apply)
    assert.equal(applied.exitCode, 0)
    const password = robot()?.token
    for (const { stdout } of [plan, applied]) {
      const note =
        /^note: \S+\/example-project\+puller: pullpass did not create it: its password, which never expires, .*, replace it: (printf .*)$/m
      const [, command = ''] = note.exec(stdout) ?? assert.fail(stdout)
      await runCurl(sandbox, command)
      assert.notEqual(robot()?.token, password)
    }
    const destroyed = await run(['trust', 'destroy', '--yes'])
    assert.equal(destroyed.exitCode, 0, destroyed.stderr)
    assert.match(destroyed.stdout, /^note: \S+\/example-project\+puller: pullpass did not create it$/m)
    assert.match(
      destroyed.stdout,
      /it is not in the record of grants that pullpass created: delete it yourself if nothing else needs it$/m,
    )
    assert.deepEqual([entries().length, role(), recorded()], [1, 'read', []])
  })

  test('keeps the entries and permissions of others, also those that were added after the plan', async (t) => {
    const { quay, run, robot, entries, role, setUp } = await start(t)
    setUp({ entries: [job], teams: ['developers'] })
    quay.state.repositories.get(quay.repository)?.clear()
    quay.state.repositories.set('example-project/other', new Map([[name, 'write']]))
    const later = { ...job, subject: 'repo:acme/app:ref:refs/heads/later' }
    const prompt = async (question: string) => {
      if (question.includes(' sign in as ')) Object.assign(robot() ?? {}, { entries: [job, later] })
      return 'yes'
    }
    const applied = await run(['trust', 'apply'], { prompt })
    assert.equal(applied.exitCode, 0, applied.stderr + applied.stdout)
    for (const note of [
      /it also has a permission on example-project\/other/,
      /it also has the permissions of team developers/,
      /repo:acme\/app:ref:refs\/heads\/main of https:\/\/token\.actions\.githubusercontent\.com also signs in as it/,
    ])
      assert.match(applied.stdout, note)
    assert.deepEqual(entries().slice(0, 2), [job, later])
    assert.equal(entries().length, 3)
    const [, , own] = entries()
    setUp({ entries: [job] })
    const meanwhile = async (question: string) => {
      if (question.includes(' sign in as ')) Object.assign(robot() ?? {}, { entries: [job, own, later] })
      return 'yes'
    }
    assert.equal((await run(['trust', 'apply'], { prompt: meanwhile })).exitCode, 0)
    assert.deepEqual(entries(), [job, own, later])
    const destroyed = await run(['trust', 'destroy', '--yes'])
    assert.equal(destroyed.exitCode, 0, destroyed.stderr)
    assert.deepEqual([entries(), role()], [[job, later], 'read'])
    assert.match(
      destroyed.stdout,
      /repo:acme\/app:ref:refs\/heads\/main of https:\S+ and 1 more also signs in as the robot/,
    )
  })

  test('prints the changes as commands of curl, and a robot as Terraform, with the entries of others', async (t) => {
    const second = 'system:serviceaccount:image-system:second'
    const { sandbox, quay, run, entries, role, setUp } = await start(t, { second: 'second' })
    const { issuer } = sandbox.cluster
    const json = "-H 'content-type: application/json' -d "
    const robot = `${quay.url}/api/v1/organization/example-project/robots/puller`
    const post = (...list: readonly object[]) => `-X POST ${json}'${JSON.stringify(list)}' ${robot}/federation`
    const permit = `-X PUT ${json}'{"role":"read"}' ${quay.url}/api/v1/repository/example-project/images/hello/permissions/user/example-project%2Bpuller`

    const printed = async () => (await run(['trust', 'plan', '-o', 'curl'])).stdout
    const requests = (script: string) => script.match(/(?<=^request_quay '[^']+' ).*$/gm) ?? []
    const first = await printed()
    const all = requests(first)
    assert.match(
      all[0] ?? '',
      /^-X PUT -H 'content-type: application\/json' -d '\{"description":"pullpass:[0-9a-f]{12} /,
    )
    assert.deepEqual(all.slice(1), [
      post({ issuer, subject }),
      post({ issuer, subject }, { issuer, subject: second }),
      permit,
    ])
    assert.deepEqual(await runCurlScript(sandbox, first), { exitCode: 0, stdout: '', stderr: '' })
    assert.deepEqual([entries().length, role()], [2, 'read'])
    setUp({ entries: [job] })
    const script = await printed()
    assert.deepEqual(requests(script), [
      post(job, { issuer, subject }),
      post(job, { issuer, subject }, { issuer, subject: second }),
    ])
    assert.equal((await runCurlScript(sandbox, script)).exitCode, 0)
    assert.equal(entries().length, 3)
    setUp({ entries: [strange] })
    assert.equal((await runCurlScript(sandbox, await printed())).exitCode, 0)
    assert.deepEqual(entries()[0], strange)
    deleteRobot(quay.state, name)
    const { stdout } = await run(['trust', 'plan', '-o', 'terraform'])
    assert.match(stdout, /^provider "quay" \{\n {2}url = "https:\/\/127\.0\.0\.1:\d+"\n\}$/m)
    assert.match(
      stdout,
      /^resource "quay_organization_robot" "\w+" \{\n {2}name {8}= "puller"\n {2}orgname {5}= "example-project"\n {2}description = "pullpass:/m,
    )
    assert.match(stdout, /^# The state of this resource contains the password that Quay creates for the robot/m)
    assert.equal(stdout.match(/^# Terraform has no resource for this; run after it: printf /gm)?.length, 3)
  })

  test('a change whose response was lost is not made twice, and a removal is one', async (t) => {
    const { quay, run, robot, entries, role } = await start(t)
    const when = ({ method }: { method: string }) => method === 'PUT' || method === 'POST'
    quay.parts.tokens.faults.inject({ kind: 'reset', at: 'response' }, { when, times: 1 })
    const readOnly = { status: 503, body: { message: 'System is currently read-only.', is_readonly: true } }
    quay.parts.tokens.faults.inject({ kind: 'response', response: readOnly }, { when, times: 1 })
    const isPost = ({ method }: { method: string }) => method === 'POST'
    quay.parts.tokens.faults.inject({ kind: 'reset', at: 'response' }, { when: isPost, times: 1 })
    const applied = await run(apply)
    assert.equal(applied.exitCode, 0, applied.stderr + applied.stdout)
    assert.deepEqual([entries().length, role()], [1, 'read'])
    assert.match(applied.stdout, /^updated +robot account /m)
    const isDeletion = ({ method }: { method: string }) => method === 'DELETE'
    for (const path of [/\/permissions\/user\//, /\/robots\//]) {
      const aim = { when: (one: { method: string; path: string }) => isDeletion(one) && path.test(one.path), times: 1 }
      quay.parts.tokens.faults.inject({ kind: 'reset', at: 'response' }, aim)
    }
    const destroyed = await run(['trust', 'destroy', '--yes'])
    assert.equal(destroyed.exitCode, 0, destroyed.stderr)
    assert.deepEqual([robot(), role()], [undefined, undefined])
  })
})
