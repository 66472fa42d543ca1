import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { runCurlScript } from '../../support/run-curl-script.ts'
import { apply, subject } from '../trust-runs.ts'
import { start } from './start-trust.ts'

suite('trust at JFrog', () => {
  test('plans, applies, verifies, refreshes, has nothing to do, and destroys what it created', async (t) => {
    const { sandbox, jfrog, run, integrations, mappings, permissions } = await start(t)
    const plan = await run(['trust', 'plan'])
    assert.deepEqual([plan.exitCode, plan.stderr], [0, ''])
    for (const row of [
      /^unchanged +user +users\/puller$/m,
      /^would-create +integration +oidc\/cluster$/m,
      /^would-create +identity mapping +oidc\/cluster\/system:serviceaccount:image-system:pullpass$/m,
      /^would-grant +permission +permissions\/pullpass-[0-9a-f]{12}-[0-9a-f]{12}$/m,
    ]) {
      assert.match(plan.stdout, row)
    }
    assert.deepEqual([integrations(), mappings(), permissions()], [[], [], []])
    assert.equal((await run(['refresh'])).exitCode, 1)

    const applied = await run(apply)
    assert.equal(applied.exitCode, 0, applied.stderr + applied.stdout)
    assert.match(applied.stdout, /^ok +images +ClusterPullSecret\/pull /m)
    const { issuer } = sandbox.cluster
    const [integration] = integrations()
    assert.match(integration?.description ?? '', /^pullpass:[0-9a-f]{12} pulls images for the cluster of https:/)
    assert.deepEqual([integration?.issuer_url, integration?.provider_type], [issuer, 'Generic OpenID Connect'])
    const [mapping] = mappings()
    assert.match(mapping?.description ?? '', /^pullpass:[0-9a-f]{12} system:serviceaccount:image-system:pullpass /)
    assert.deepEqual(
      [mapping?.priority, mapping?.claims, mapping?.token_spec],
      [
        1,
        { aud: jfrog.url, iss: issuer, sub: subject },
        { username: 'puller', scope: 'applied-permissions/user', audience: 'jfrt@*', expires_in: 3600 },
      ],
    )
    assert.deepEqual(
      permissions().map(({ resources }) => resources),
      [
        {
          artifact: {
            actions: { users: { puller: ['READ'] }, groups: {} },
            targets: { [jfrog.repository]: { include_patterns: ['**'], exclude_patterns: [] } },
          },
        },
      ],
    )
    assert.equal((await run(['refresh'])).exitCode, 0)
    assert.match((await run(['trust', 'plan'])).stdout, /No changes are required/)

    const dryRun = await run(['trust', 'destroy', '--dry-run'])
    assert.equal(dryRun.exitCode, 0, dryRun.stderr)
    assert.deepEqual([integrations().length, mappings().length, permissions().length], [1, 1, 1])
    const destroyed = await run(['trust', 'destroy', '--yes'])
    assert.equal(destroyed.exitCode, 0, destroyed.stderr)
    assert.match(destroyed.stdout, /^kept +user /m)
    assert.deepEqual([integrations(), mappings(), permissions()], [[], [], []])
  })

  test('prints the changes as commands of curl and as Terraform', async (t) => {
    const { sandbox, jfrog, run } = await start(t)
    const { issuer } = sandbox.cluster
    const script = await run(['trust', 'plan', '-o', 'curl'])
    assert.equal(script.exitCode, 0, script.stderr)
    const lines = script.stdout.match(/^request_jfrog '.*$/gm) ?? []
    const form = /^request_jfrog '(?:create|permit) [^']+' -X POST -H 'content-type: application\/json' -d '/
    assert.deepEqual(
      lines.map((line) => [form.test(line), line.split(' ').at(-1)]),
      ['/access/api/v1/oidc', '/access/api/v1/oidc/cluster/identity_mappings', '/access/api/v2/permissions'].map(
        (path) => [true, `${jfrog.url}${path}`],
      ),
    )
    const [, json = ''] = /-d '(.*)' /.exec(lines[1] ?? '') ?? []
    assert.deepEqual(JSON.parse(json).claims, { aud: jfrog.url, iss: issuer, sub: subject })
    assert.ok(!script.stdout.includes(jfrog.operator.token))

    const terraform = await run(['trust', 'plan', '-o', 'terraform'])
    const hcl = terraform.stdout.replaceAll(/pullpass-[0-9a-f]{12}-[0-9a-f]{12}/g, 'NAME')
    assert.ok(hcl.includes(`provider "platform" {\n  url = "${jfrog.url}"\n}`), hcl)
    assert.match(hcl, /^# user puller exists: it is not created here\.$/m)
    assert.match(hcl, /^ {2}provider_type = "generic"$/m)
    assert.ok(
      hcl.includes(
        `claims_json   = "{\\"aud\\":\\"${jfrog.url}\\",\\"iss\\":\\"${issuer}\\",\\"sub\\":\\"${subject}\\"}"`,
      ),
    )
    assert.match(hcl, /^ {2}provider_name = platform_oidc_configuration\.cluster_[0-9a-f]{6}\.name$/m)
    assert.ok(
      hcl.includes(`  artifact = {
    actions = {
      users = [
        {
          name        = "puller"
          permissions = ["READ"]
        },
      ]
    }
    targets = [
      {
        name             = "example-project"
        include_patterns = ["**"]
      },
    ]
  }`),
      hcl,
    )
    assert.doesNotMatch(hcl, /^import/m)
    assert.deepEqual(await runCurlScript(sandbox, script.stdout), { exitCode: 0, stdout: '', stderr: '' })
    assert.match((await run(['trust', 'plan'])).stdout, /No changes are required/)
    const existing = await run(['trust', 'plan', '-o', 'terraform'])
    assert.deepEqual(
      existing.stdout
        .match(/^ {2}id = .*$/gm)
        ?.map((line) => line.replaceAll(/pullpass-[0-9a-f]{12}-[0-9a-f]{12}/g, 'NAME')),
      ['  id = "cluster"', '  id = "NAME:cluster"', '  id = "NAME"'],
    )
  })

  test('gives tokens the permissions of a group, on exactly the paths of the document', async (t) => {
    const { run, mappings, permissions } = await start(t, {
      trust: '{repositories: [example-project/images, other, example-project/more], group: pullers}',
    })
    const refused = await run(apply)
    assert.equal(refused.exitCode, 1)
    assert.match(refused.stderr, /^TRUST_REFUSED \(trust\): repository other does not exist$/m)
    assert.deepEqual(permissions(), [])
    const {
      jfrog,
      run: again,
      ...second
    } = await start(t, {
      trust: '{repositories: [example-project/images, example-project/more], group: pullers}',
    })
    const applied = await again(apply)
    assert.equal(applied.exitCode, 0, applied.stderr + applied.stdout)
    assert.equal(mappings()[0]?.token_spec.scope, second.mappings()[0]?.token_spec.scope)
    assert.deepEqual(second.mappings()[0]?.token_spec, {
      scope: 'applied-permissions/groups:"pullers"',
      audience: 'jfrt@*',
      expires_in: 3600,
    })
    assert.deepEqual(second.permissions()[0]?.resources['artifact'], {
      actions: { users: {}, groups: { pullers: ['READ'] } },
      targets: { [jfrog.repository]: { include_patterns: ['images/**', 'more/**'], exclude_patterns: [] } },
    })
    assert.equal((await again(['refresh'])).exitCode, 0)
    assert.match((await again(['trust', 'plan'])).stdout, /No changes are required/)
  })

  test('uses what was set up by hand, and leaves it', async (t) => {
    const { sandbox, jfrog, run, integrations, mappings, permissions } = await start(t)
    await jfrog.trust(sandbox.cluster.issuer)
    const [integration, mapping] = [integrations(), mappings()]
    const applied = await run(apply)
    assert.equal(applied.exitCode, 0, applied.stderr + applied.stdout)
    assert.deepEqual([integrations(), mappings()], [integration, mapping])
    assert.equal(permissions().length, 2)
    const destroyed = await run(['trust', 'destroy', '--yes'])
    assert.equal(destroyed.exitCode, 0, destroyed.stderr)
    assert.deepEqual(
      [integrations(), mappings(), permissions().map(({ name }) => name)],
      [integration, mapping, ['pull']],
    )
  })

  test('a write whose response was lost is not made twice, and a run continues where another stopped', async (t) => {
    const { jfrog, run, reset, integrations, mappings, permissions } = await start(t)
    const { faults, seen } = jfrog.parts.tokens
    const isWrite = ({ method, path }: { method: string; path: string }) =>
      method === 'POST' && !path.endsWith('/oidc/token')
    for (let count = 0; count < 3; count++)
      faults.inject({ kind: 'reset', at: 'response' }, { when: isWrite, times: 1 })
    const applied = await run(apply)
    assert.equal(applied.exitCode, 0, applied.stderr + applied.stdout)
    assert.deepEqual([integrations().length, mappings().length, permissions().length], [1, 1, 1])
    assert.deepEqual(
      seen
        .filter(isWrite)
        .map(({ status }) => status === 409)
        .filter(Boolean),
      [true],
    )
    reset()
    faults.clear()
    const body = { errors: [{ code: 'BAD_REQUEST', message: 'busy' }] }
    const isMapping = ({ method, path }: { method: string; path: string }) =>
      method === 'POST' && path.endsWith('/identity_mappings')
    faults.inject({ kind: 'response', response: { status: 400, body } }, { when: isMapping })
    const stopped = await run(apply)
    assert.equal(stopped.exitCode, 1)
    assert.match(stopped.stderr, /^TRUST_REFUSED \(trust\): JFrog responded with 400 "busy"$/m)
    assert.deepEqual([integrations().length, mappings().length, permissions().length], [1, 0, 0])
    faults.clear()
    assert.equal((await run(apply)).exitCode, 0)
    assert.deepEqual([integrations().length, mappings().length, permissions().length], [1, 1, 1])
  })
})
