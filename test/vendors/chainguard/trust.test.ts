import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { newUid, roles } from '../../../sandbox/chainguard/state.ts'
import { apply, subject } from '../trust-runs.ts'
import { claims, folder, identityUid, organization, pull, start } from './start-trust.ts'

suite('trust at Chainguard', () => {
  test('prints the command that creates the identity, then plans, applies, verifies, refreshes, and destroys', async (t) => {
    const world = await start(t, { identity: 'absent' })
    const { sandbox, chainguard, run, identities, bindings, recorded } = world
    const { issuer } = sandbox.cluster
    const refused = await run(apply)
    assert.equal(refused.exitCode, 1)
    const [, name = '', description = ''] =
      /^TRUST_REFUSED \(trust\): identity \S+ does not exist$[\s\S]* chainctl iam identities create (pullpass-[0-9a-f]{12}-[0-9a-f]{12}) --parent \w+ --description '(pullpass:[^']+)' (?=--identity)/m.exec(
        refused.stderr,
      ) ?? []
    assert.ok(
      refused.stderr.includes(
        `' --identity-issuer ${issuer} --subject ${subject} --audience ${chainguard.url} --yes --output id\n`,
      ),
    )
    assert.deepEqual([bindings(), recorded()], [[], []])

    const created = { name, description, claimMatch: claims(world) }
    const elsewhere = newUid(organization)
    chainguard.state.identities.set(elsewhere, { uid: elsewhere, ...created })
    const unnamed = await run(['trust', 'plan'])
    assert.match(unnamed.stderr, new RegExp(`does not exist, and ${elsewhere} is for ${subject} of this cluster$`, 'm'))
    chainguard.state.identities.clear()
    chainguard.state.identities.set(identityUid, { uid: identityUid, ...created })

    const plan = await run(['trust', 'plan'])
    assert.deepEqual([plan.exitCode, plan.stderr], [0, ''])
    assert.match(plan.stdout, new RegExp(`^unchanged +identity +identities/${identityUid}$`, 'm'))
    assert.match(plan.stdout, /^would-grant +role binding +pull from example-project as identities\//m)
    assert.deepEqual(bindings(), [])
    const applied = await run(apply)
    assert.equal(applied.exitCode, 0, applied.stderr + applied.stdout)
    assert.match(applied.stdout, /^ok +chainguard +ClusterPullSecret\/pull /m)
    assert.deepEqual([bindings(), recorded().length], [[pull(organization)], 1])
    assert.equal((await run(['refresh'])).exitCode, 0)
    assert.match((await run(['trust', 'plan'])).stdout, /No changes are required/)

    assert.equal((await run(['trust', 'destroy', '--dry-run'])).exitCode, 0)
    assert.deepEqual([identities().length, bindings().length, recorded().length], [1, 1, 1])
    // The response to each deletion is lost.
    for (const path of [/\/roleBindings\//, /\/identities\//]) {
      const when = (one: { method: string; path: string }) => one.method === 'DELETE' && path.test(one.path)
      chainguard.parts.api.faults.inject({ kind: 'reset', at: 'response' }, { when, times: 1 })
    }
    const destroyed = await run(['trust', 'destroy', '--yes'])
    assert.equal(destroyed.exitCode, 0, destroyed.stderr)
    assert.deepEqual([identities(), bindings(), recorded()], [[], [], []])
  })

  test('leaves what was set up by hand, and repairs an identity for another token only if that is requested', async (t) => {
    const world = await start(t, { identity: 'absent' })
    const { sandbox, chainguard, run, identity, change, bindings, recorded } = world
    await chainguard.trust(sandbox.cluster.issuer)
    const plan = await run(['trust', 'plan'])
    assert.deepEqual([plan.exitCode, plan.stderr], [0, ''])
    assert.match(plan.stdout, /No changes are required/)
    const destroyed = await run(['trust', 'destroy', '--yes'])
    assert.match(destroyed.stdout, /it is not in the record of grants that pullpass created/)
    assert.match(destroyed.stdout, /identities\/\S+: pullpass did not create it$/m)
    assert.deepEqual([identity()?.claimMatch, bindings(), recorded()], [claims(world), [pull(organization)], []])

    const other = { issuer: 'https://other.example.com', subject: 'repo:acme/app', audience: 'sts.amazonaws.com' }
    change({ claimMatch: { ...other, claims: { env: 'prod' } } })
    const refused = await run([...apply, '--replace', 'subject'])
    assert.equal(refused.exitCode, 1)
    assert.match(
      refused.stderr,
      /^TRUST_REFUSED \(trust\): identity \S+ is for issuer https:\/\/other\.example\.com, audience sts\.amazonaws\.com$/m,
    )
    assert.match(refused.stderr, /or, if nothing else assumes this one: --replace issuer --replace audience$/m)
    assert.equal(identity()?.claimMatch?.subject, 'repo:acme/app')
    const replace = ['issuer', 'subject', 'audience'].flatMap((field) => ['--replace', field])
    const script = await run(['trust', 'plan', '-o', 'chainctl', ...replace])
    assert.match(
      script.stdout,
      new RegExp(
        `^chainctl iam identities update ${identityUid} --identity-issuer https:\\S+ --subject ${subject} --audience https:\\S+ --yes$`,
        'm',
      ),
    )
    await run([...apply, ...replace, '--no-verify'])
    assert.deepEqual(
      [identity()?.claimMatch, identity()?.name],
      [{ claims: { env: 'prod' }, ...claims(world) }, 'cluster'],
    )
  })

  test('grants the role on exactly the folders of the document, also as commands and as Terraform', async (t) => {
    const { chainguard, run, bindings } = await start(t, { repositories: '[example-project/images]' })
    const { state } = chainguard
    const script = await run(['trust', 'plan', '-o', 'chainctl'])
    assert.equal(
      script.stdout.split('\n').at(2),
      `chainctl iam role-bindings create --identity ${identityUid} --role ${roles.pull} --parent ${folder} --yes`,
    )
    // A lost response: the request is not repeated, and the next run finds what it created.
    const { faults } = chainguard.parts.api
    faults.inject({ kind: 'reset', at: 'response' }, { when: ({ method }) => method === 'POST', times: 1 })
    assert.equal((await run(apply)).exitCode, 1)
    assert.deepEqual(bindings(), [pull(folder)])
    const applied = await run(apply)
    assert.equal(applied.exitCode, 0, applied.stderr + applied.stdout)
    assert.match(applied.stdout, /^ok +chainguard /m)
    assert.deepEqual(bindings(), [pull(folder)])
    const [second, further] = [newUid(folder), newUid(organization)]
    state.bindings.set(second, { uid: second, identityUid, roleUid: roles.pull })
    state.bindings.set(further, { uid: further, identityUid, roleUid: roles.owner })
    assert.match((await run(['trust', 'plan'])).stdout, /^note: .*: it also has the role owner on example-project$/m)
    const terraform = await run(['trust', 'plan', '-o', 'terraform'])
    assert.equal(terraform.stdout.match(/^import \{/gm)?.length, 2)
    assert.match(
      terraform.stdout,
      new RegExp(
        `^resource "chainguard_identity" "\\w+" \\{\\n {2}parent_id = "${organization}"\\n {2}name {6}= "cluster"\\n {2}claim_match \\{\\n {4}issuer {3}= "https:`,
        'm',
      ),
    )
    assert.match(
      terraform.stdout,
      new RegExp(`^ {2}identity = chainguard_identity\\.\\w+\\.id\\n {2}group {4}= "${folder}"\\n`, 'm'),
    )
    await run(['trust', 'destroy', '--yes'])
    assert.deepEqual(bindings(), [[organization, roles.owner]])
  })
})
