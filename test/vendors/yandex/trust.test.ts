import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { puller } from '../../../sandbox/yandex/cloud-state.ts'
import { apply, subject } from '../trust-runs.ts'
import { start } from './start-trust.ts'

const role = { roleId: puller, subject: { id: 'ajeexample0123456789', type: 'serviceAccount' } }
const otherRole = { roleId: puller, subject: { id: 'ajeother00123456789', type: 'serviceAccount' } }

suite('trust at Yandex Cloud', () => {
  test('plans, applies, verifies, refreshes, has nothing to do, and destroys what it created', async (t) => {
    const { sandbox, yandex, run, federations, credentials, bindings, recorded } = await start(t)
    const plan = await run(['trust', 'plan'])
    assert.deepEqual([plan.exitCode, plan.stderr], [0, ''])
    assert.match(plan.stdout, /^would-create +federation +pullpass-[0-9a-f]{12}-[0-9a-f]{12}$/m)
    assert.match(
      plan.stdout,
      /^would-create +federated credential +pullpass-\S+\/system:serviceaccount:image-system:pullpass$/m,
    )
    assert.match(
      plan.stdout,
      /^would-grant +role +pull from crpexample0123456789 as serviceAccounts\/ajeexample0123456789$/m,
    )
    assert.deepEqual([federations(), credentials(), bindings()], [[], [], []])

    const applied = await run(apply)
    assert.equal(applied.exitCode, 0, applied.stderr + applied.stdout)
    assert.match(applied.stdout, /^ok +yandex +ClusterPullSecret\/pull /m)
    const { issuer } = sandbox.cluster
    const [federation] = federations()
    assert.deepEqual(
      [federation?.issuer, federation?.audiences, federation?.jwksUrl, federation?.disabled, federation?.folderId],
      [issuer, [yandex.url], `${issuer}/openid/v1/jwks`, false, yandex.folderId],
    )
    assert.match(federation?.description ?? '', /^pullpass:[0-9a-f]{12} pulls images for the cluster of https:/)
    assert.deepEqual(
      credentials().map((one) => [one.serviceAccountId, one.federationId, one.externalSubjectId]),
      [[yandex.serviceAccountId, federation?.id, subject]],
    )
    assert.deepEqual(bindings(), [role])
    assert.equal(recorded().length, 1)
    assert.equal((await run(['refresh'])).exitCode, 0)

    const again = await run(['trust', 'plan'])
    assert.match(again.stdout, /No changes are required/)

    const dryRun = await run(['trust', 'destroy', '--dry-run'])
    assert.equal(dryRun.exitCode, 0, dryRun.stderr)
    assert.deepEqual([federations().length, credentials().length, bindings().length, recorded().length], [1, 1, 1, 1])
    const destroyed = await run(['trust', 'destroy', '--yes'])
    assert.equal(destroyed.exitCode, 0, destroyed.stderr)
    assert.deepEqual([federations(), credentials(), bindings(), recorded()], [[], [], [], []])
    assert.match(destroyed.stdout, /^kept +service account /m)
  })

  test('prints the changes as commands of yc and as Terraform, with the members of others', async (t) => {
    const { sandbox, yandex, run } = await start(t)
    const place = yandex.state.places.get(yandex.registryId) ?? assert.fail()
    place.bindings = [otherRole]
    const script = await run(['trust', 'plan', '-o', 'yc'])
    assert.equal(script.exitCode, 0, script.stderr)
    const [create = '', link = '', grant = ''] = script.stdout.split('\n').slice(2)
    assert.match(
      create,
      /^yc iam workload-identity oidc federation create --name pullpass-\S+ --folder-id b1gexample0123456789 /,
    )
    assert.ok(
      create.includes(
        ` --issuer ${sandbox.cluster.issuer} --jwks-url ${sandbox.cluster.issuer}/openid/v1/jwks --audiences ${yandex.url}`,
      ),
    )
    assert.match(
      link,
      /^yc iam workload-identity federated-credential create --service-account-id ajeexample0123456789 --external-subject-id system:serviceaccount:image-system:pullpass --federation-id "\$\(yc iam workload-identity oidc federation get --name pullpass-\S+ --folder-id b1gexample0123456789 --format json \| jq -r \.id\)"$/,
    )
    assert.equal(
      grant,
      `yc container registry add-access-binding --id ${yandex.registryId} --role ${puller} --service-account-id ${yandex.serviceAccountId}`,
    )
    const terraform = await run(['trust', 'plan', '-o', 'terraform'])
    assert.match(
      terraform.stdout,
      /^resource "yandex_iam_workload_identity_oidc_federation" "pullpass_\w+" \{\n {2}name {8}= "pullpass-/m,
    )
    assert.match(terraform.stdout, /^resource "yandex_iam_workload_identity_federated_credential" /m)
    assert.match(
      terraform.stdout,
      /^ {2}members {5}= \["serviceAccount:ajeexample0123456789", "serviceAccount:ajeother00123456789"\]$/m,
    )
    assert.deepEqual(
      terraform.stdout.match(/^ {2}to = \S+/gm)?.map((line) => line.split(/[ .]/).at(-2)),
      ['yandex_container_registry_iam_binding'],
    )
    await run(apply)
    const existing = await run(['trust', 'plan', '-o', 'terraform'])
    assert.equal(existing.stdout.match(/^import \{/gm)?.length, 3)
  })

  test('grants the role on exactly the repositories of the document', async (t) => {
    const repository = 'crpexample0123456789/example-project/images/hello'
    const { yandex, run, bindings } = await start(t, { repositories: `[${repository}]` })
    const refused = await run(apply)
    assert.equal(refused.exitCode, 1)
    assert.match(
      refused.stderr,
      new RegExp(`^TRUST_REFUSED \\(trust\\): repository ${repository} does not exist$`, 'm'),
    )
    const place = {
      id: 'crpfedcba9876543210a',
      kind: 'repository',
      name: repository,
      folderId: yandex.folderId,
    } as const
    yandex.state.places.set(place.id, { ...place, bindings: [] })
    const applied = await run(apply)
    assert.equal(applied.exitCode, 0, applied.stderr + applied.stdout)
    assert.match(applied.stdout, /^ok +yandex /m)
    assert.deepEqual([bindings(), yandex.state.places.get(place.id)?.bindings], [[], [role]])
    const terraform = await run(['trust', 'plan', '-o', 'terraform'])
    assert.match(
      terraform.stdout,
      /^resource "yandex_container_repository_iam_binding" .*\n {2}repository_id = "crpfedcba9876543210a"$/m,
    )
    await run(['trust', 'destroy', '--yes'])
    assert.deepEqual(yandex.state.places.get(place.id)?.bindings, [])
  })

  test('a registry and a repository in it that has its role are one binding of Terraform', async (t) => {
    const repository = 'crpexample0123456789/example-project/images/hello'
    const { yandex, run } = await start(t, { repositories: `[${repository}, crpexample0123456789]` })
    const place = { id: 'crpfedcba9876543210a', kind: 'repository', name: repository } as const
    yandex.state.places.set(place.id, { ...place, folderId: yandex.folderId, bindings: [] })
    const registry = yandex.state.places.get(yandex.registryId) ?? assert.fail()
    Object.assign(registry, { bindings: [role] })
    const { exitCode, stdout } = await run(['trust', 'plan', '-o', 'terraform'])
    assert.equal(exitCode, 0)
    assert.deepEqual(stdout.match(/(?<=^resource ")yandex_container_\w+(?=")/gm), [
      'yandex_container_registry_iam_binding',
    ])
    assert.equal(stdout.match(/^ {2}to = yandex_container_/gm)?.length, 1)
    assert.match(
      stdout,
      new RegExp(
        `^# ${repository} needs no binding: the service account has the role on registry crpexample0123456789\\.$`,
        'm',
      ),
    )
  })

  test('accepts what was set up by hand, and leaves it', async (t) => {
    const { sandbox, yandex, run, federations, credentials, bindings, recorded } = await start(t)
    await yandex.trust(sandbox.cluster.issuer)
    const plan = await run(['trust', 'plan'])
    assert.deepEqual([plan.exitCode, plan.stderr], [0, ''])
    assert.match(plan.stdout, /No changes are required/)
    assert.equal((await run(apply)).exitCode, 0)
    const destroyed = await run(['trust', 'destroy', '--yes'])
    assert.equal(destroyed.exitCode, 0, destroyed.stderr)
    assert.match(destroyed.stdout, /it is not in the record of grants that pullpass created/)
    assert.deepEqual([federations().length, credentials().length, bindings().length, recorded()], [1, 1, 1, []])
  })

  test('waits for operations', async (t) => {
    const { sandbox, yandex, run } = await start(t)
    yandex.operations.reads = 3
    const sleep = async (ms: number, signal: AbortSignal) => {
      signal.throwIfAborted()
      if (ms >= 60_000) return await new Promise<void>(() => undefined) // the timeout of the run
      sandbox.clock.advance(`${Math.ceil(ms / 1000)} s`)
    }
    const applied = await run(apply, { sleep })
    assert.equal(applied.exitCode, 0, applied.stderr + applied.stdout)
    assert.equal(yandex.parts.operation.seen.length, 9)
  })

  test('a write whose response was lost is not made twice', async (t) => {
    const { yandex, run, federations, credentials, bindings } = await start(t)
    for (const part of [yandex.parts.iam, yandex.parts.containerRegistry]) {
      part.faults.inject({ kind: 'reset', at: 'response' }, { when: ({ method }) => method === 'POST', times: 1 })
    }
    const applied = await run(apply)
    assert.equal(applied.exitCode, 0, applied.stderr + applied.stdout)
    assert.deepEqual([federations().length, credentials().length, bindings().length], [1, 1, 1])
    const writes = yandex.parts.iam.seen.filter(({ method }) => method === 'POST')
    assert.deepEqual(
      writes.map(({ path, status }) => [path.split('/').at(-1), status === 409]),
      [
        ['federations', false],
        ['federations', false], // the same operation, by its key
        ['federatedCredentials', false],
      ],
    )
  })

  test('continues where a run stopped between two steps', async (t) => {
    const { yandex, run, federations, credentials, bindings } = await start(t)
    const part = yandex.parts.iam
    const isLink = ({ method, path }: { method: string; path: string }) =>
      method === 'POST' && path.endsWith('/federatedCredentials')
    part.faults.inject(
      { kind: 'response', response: { status: 400, body: { code: 9, message: 'busy' } } },
      { when: isLink },
    )
    assert.equal((await run(apply)).exitCode, 1)
    assert.deepEqual([federations().length, credentials().length, bindings().length], [1, 0, 0])
    part.faults.clear()
    const second = await run(apply)
    assert.equal(second.exitCode, 0, second.stderr + second.stdout)
    assert.deepEqual([federations().length, credentials().length, bindings().length], [1, 1, 1])
  })

  test('reads lists of several pages', async (t) => {
    const { yandex, run, federations } = await start(t)
    const { state, folderId } = yandex
    for (let index = 0; index < 1001; index++) {
      const name = `other-${index}`
      const common = {
        description: '',
        disabled: false,
        audiences: ['x'],
        issuer: 'https://x.example.com',
        jwksUrl: 'https://x.example.com/jwks',
      }
      state.federations.set(name, { id: name, name, folderId, ...common })
    }
    assert.equal((await run(apply)).exitCode, 0)
    const plan = await run(['trust', 'plan'])
    assert.match(plan.stdout, /No changes are required/)
    assert.equal(federations().length, 1002)
  })
})

suite('trust at Yandex Cloud grants nothing if it finds', () => {
  const cases: Readonly<
    Record<
      string,
      readonly [plant: (state: Awaited<ReturnType<typeof start>>['yandex']['state']) => void, seen: RegExp]
    >
  > = {
    'no service account': [(state) => state.accounts.clear(), /service account ajeexample0123456789 does not exist/],
    'a suspended service account': [
      (state) => {
        for (const one of state.accounts.values()) state.accounts.set(one.id, { ...one, status: 'SUSPENDED' })
      },
      /service account ajeexample0123456789 has the status SUSPENDED/,
    ],
    'no registry': [(state) => state.places.clear(), /registry crpexample0123456789 does not exist/],
  }
  for (const [title, [plant, seen]] of Object.entries(cases)) {
    test(title, async (t) => {
      const { yandex, run, bindings } = await start(t)
      plant(yandex.state)
      const applied = await run(apply)
      assert.equal(applied.exitCode, 1)
      assert.match(applied.stderr, new RegExp(`^TRUST_REFUSED \\(trust\\): ${seen.source}$`, 'm'))
      assert.deepEqual(bindings(), [])
    })
  }

  test('an issuer whose discovery document is not published', async (t) => {
    const { run, bindings, federations } = await start(t, { issuerDocuments: 'absent' })
    const applied = await run(apply)
    assert.equal(applied.exitCode, 1)
    assert.match(
      applied.stderr,
      /^DISCOVERY_NOT_FOUND \(discovery\): https:\/\/\S+\/\.well-known\/openid-configuration responds with 40[34]$/m,
    )
    assert.deepEqual([bindings(), federations()], [[], []])
  })
})
