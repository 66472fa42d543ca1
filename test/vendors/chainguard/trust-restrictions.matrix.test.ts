import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Capability } from '../../../sandbox/chainguard/iam-api.ts'
import { type ClaimMatch, type Identity, newUid, roles, type StaticKeys } from '../../../sandbox/chainguard/state.ts'
import { apply, subject } from '../trust-runs.ts'
import { claims, folder, identityUid, organization, pull, start, type TrustTest } from './start-trust.ts'

interface Planted {
  readonly title: string
  /** What it accepts, and its description. */
  readonly change: (world: TrustTest) => Partial<Identity>
  /** Of the plan. */
  readonly seen: RegExp
  /** Whether the role is granted. */
  readonly grants: boolean
}

const claimsWith =
  (changes: ClaimMatch, ...without: (keyof ClaimMatch)[]) =>
  (world: TrustTest): Partial<Identity> => {
    const kept = Object.entries(claims(world)).filter(([name]) => !without.some((one) => one === name))
    return { claimMatch: { ...Object.fromEntries(kept), ...changes } }
  }

const storing =
  (changes: (world: TrustTest) => Partial<StaticKeys> = () => ({})) =>
  (world: TrustTest) => {
    const { issuer, keys } = world.sandbox.cluster
    const expirationTime = '2026-12-20T00:00:00Z'
    const staticKeys = { issuer, subject, issuerKeys: JSON.stringify(keys.jwks), expirationTime }
    return { staticKeys: { ...staticKeys, ...changes(world) } }
  }

const keptFields: readonly Planted[] = [
  {
    title: 'another issuer is refused',
    change: claimsWith({ issuer: 'https://other.example.com' }),
    seen: /^TRUST_REFUSED \(trust\): identity \S+ is for issuer https:\/\/other\.example\.com$/m,
    grants: false,
  },
  {
    title: 'another issuer, created by pullpass for another cluster, is refused with its mark',
    change: (world) => ({
      ...claimsWith({ issuer: 'https://other.example.com' })(world),
      description: 'pullpass:0123456789ab pulls images',
    }),
    seen: /is for issuer \S+; pullpass created it for another issuer than this cluster's: its mark is pullpass:0123456789ab$/m,
    grants: false,
  },
  {
    title: 'another subject is refused',
    change: claimsWith({ subject: 'system:serviceaccount:ci:deployer' }),
    seen: /^TRUST_REFUSED \(trust\): identity \S+ is for subject system:serviceaccount:ci:deployer$/m,
    grants: false,
  },
  {
    title: 'another audience is refused',
    change: claimsWith({ audience: 'sts.amazonaws.com' }),
    seen: /^TRUST_REFUSED \(trust\): identity \S+ is for audience sts\.amazonaws\.com$/m,
    grants: false,
  },
  {
    title: 'no audience is that of the token service',
    change: claimsWith({}, 'audience'),
    seen: /^unchanged +identity /m,
    grants: true,
  },
  {
    title: 'a pattern of subjects is reported',
    change: claimsWith({ subjectPattern: '^system:serviceaccount:image-system:.*$' }, 'subject'),
    seen: /^note: .*: it accepts each subject that matches \^system:serviceaccount:image-system:\.\*\$: --replace subject accepts only system:serviceaccount:image-system:pullpass$/m,
    grants: true,
  },
  {
    title: 'a pattern of audiences is reported',
    change: claimsWith({ audiencePattern: '.*' }, 'audience'),
    seen: /^note: .*: it accepts each audience that matches \.\*: --replace audience accepts only https:/m,
    grants: true,
  },
  {
    title: 'a pattern of issuers is other clusters, and is refused',
    change: claimsWith({ issuerPattern: '^https://.*' }, 'issuer'),
    seen: /^TRUST_DOMAIN_SHARED \(trust\): identities\/\S+ is used by another cluster: subject system:serviceaccount:image-system:pullpass of another cluster \(issuer that matches \^https:\/\/\.\*\) signs in as it$/m,
    grants: false,
  },
  {
    title: 'further claims are reported',
    change: claimsWith({ claims: { env: 'prod' } }),
    seen: /^note: .*: it also compares the claims env, which tokens must have$/m,
    grants: true,
  },
  {
    title: 'an identity for AWS is refused',
    change: () => ({ awsIdentity: { awsAccount: '123456789012' } }),
    seen: /^TRUST_REFUSED \(trust\): identity \S+ is not for tokens of an issuer$/m,
    grants: false,
  },
  {
    title: 'stored keys of the cluster are accepted until they expire',
    change: storing(),
    seen: /^note: .*: the keys that it stores expire at 2026-12-20T00:00:00Z: before that, create another identity /m,
    grants: true,
  },
  {
    title: 'expired keys are refused, with the command that stores the keys in another identity',
    change: storing(() => ({ expirationTime: '2026-11-24T11:59:59Z' })),
    seen: /^TRUST_REFUSED \(trust\): the keys that identity \S+ stores expired at 2026-11-24T11:59:59Z$[\s\S]* chainctl iam identities create pullpass-\S+ .* --issuer-keys '\{"keys":\[\{"kty":"RSA",/m,
    grants: false,
  },
  {
    title: 'stored keys without one of the cluster are refused, with the command that adds it to them',
    change: storing(() => ({ issuerKeys: '{"keys":[{"kty":"RSA","kid":"old","n":"AQAB","e":"AQAB"}]}' })),
    seen: new RegExp(
      `^TRUST_REFUSED \\(trust\\): identity \\S+ stores its keys, without the key \\S+ of the cluster$[\\s\\S]*fix: add them: chainctl iam identities update ${identityUid} --issuer-keys '\\{"keys":\\[\\{.*"kid":"old"`,
      'm',
    ),
    grants: false,
  },
  {
    title: 'a stored key that the cluster does not serve is reported',
    change: storing(({ sandbox }) => ({
      issuerKeys: JSON.stringify({
        keys: [...sandbox.cluster.keys.jwks.keys, { kty: 'RSA', kid: 'old', n: 'AQAB', e: 'AQAB' }],
      }),
    })),
    seen: /^note: .*: it also stores the key old, which this API server does not serve$/m,
    grants: true,
  },
  {
    title: 'stored keys for another subject and audience are refused',
    change: storing(() => ({ subject: 'system:serviceaccount:ci:deployer', audiences: ['x'] })),
    seen: /^TRUST_REFUSED \(trust\): identity \S+ is for subject system:serviceaccount:ci:deployer, audience x$/m,
    grants: false,
  },
]

test('an identity of Chainguard that exists:', async (t) => {
  const world = await start(t)
  const { chainguard, run, identity, change, bindings } = world
  const { state } = chainguard
  const initial = identity() ?? assert.fail()
  for (const { title, change: planted, seen, grants } of keptFields) {
    await t.test(title, async () => {
      state.identities.set(identityUid, { uid: identityUid, name: 'cluster', description: '', ...planted(world) })
      const before = JSON.stringify(identity())
      const { stdout, stderr, exitCode } = await run(['trust', 'plan'])
      assert.match(stdout + stderr, seen)
      assert.equal(exitCode, grants ? 0 : 1)
      await run([...apply, '--no-verify'])
      assert.deepEqual(bindings(), grants ? [pull(organization)] : [])
      assert.equal(JSON.stringify(identity()), before)
      state.bindings.clear()
    })
  }

  await t.test('a pattern is replaced by the exact claim if that is requested', async () => {
    change({ ...initial, ...claimsWith({ issuerPattern: '.*', subjectPattern: '.*' }, 'issuer', 'subject')(world) })
    const shared = await run([...apply, '--share-trust-domain', '--no-verify'])
    assert.equal(shared.exitCode, 0, shared.stderr)
    assert.match(shared.stdout, /^note: .*: shared by clusters: /m)
    assert.equal((await run([...apply, '--replace', 'issuer', '--replace', 'subject'])).exitCode, 0)
    assert.deepEqual(identity()?.claimMatch, claims(world))
    state.bindings.clear()
  })

  await t.test('the mark is that of the issuer that replaces another one', async () => {
    change({ ...initial, ...claimsWith({ issuer: 'https://other.example.com' })(world) })
    change({ description: 'pullpass:0123456789ab pulls images for another cluster' })
    assert.equal((await run([...apply, '--replace', 'issuer'])).exitCode, 0)
    assert.match(
      identity()?.description ?? '',
      /^pullpass:(?!0123456789ab)[0-9a-f]{12} pulls images for the cluster of https:/,
    )
    state.bindings.clear()
  })

  await t.test('what changes between the plan and the update is not overwritten', async () => {
    change({ ...initial, ...claimsWith({ subject: 'system:serviceaccount:ci:deployer' })(world) })
    const { faults } = chainguard.parts.api
    let reads = 0
    const isSecondRead = ({ method, path }: { readonly method: string; readonly path: string }) =>
      method === 'GET' && path.endsWith(identityUid) && ++reads === 2
    const other = { ...identity(), claimMatch: { ...claims(world), issuer: 'https://other.example.com' } }
    faults.inject({ kind: 'response', response: { status: 200, body: other } }, { when: isSecondRead })
    const applied = await run([...apply, '--replace', 'subject', '--no-verify'])
    faults.clear()
    assert.match(applied.stderr, /^TRUST_REFUSED \(trust\): identity \S+ is for issuer https:\/\/other\.example\.com$/m)
    assert.equal(identity()?.claimMatch?.subject, 'system:serviceaccount:ci:deployer')
    change(initial)
    state.bindings.clear()
  })

  await t.test('with a further role is kept by destroy, as is the role of one for other tokens', async () => {
    change({ ...initial, description: `${/pullpass:\w+/.exec((await run(['trust', 'plan'])).stdout)?.[0] ?? ''} x` })
    const further = newUid(organization)
    state.bindings.set(further, { uid: further, identityUid, roleUid: roles.viewer })
    assert.equal((await run(apply)).exitCode, 0)
    change(claimsWith({ subjectPattern: '.*' }, 'subject')(world))
    const kept = await run(['trust', 'destroy', '--yes'])
    assert.match(kept.stdout, /: the identity is also for other tokens$/m)
    assert.match(kept.stdout, /^note: identities\/\S+: it is also for other tokens$/m)
    change(initial)
    change({ description: `${/pullpass:\w+/.exec((await run(['trust', 'plan'])).stdout)?.[0] ?? ''} x` })
    const destroyed = await run(['trust', 'destroy', '--yes'])
    assert.match(destroyed.stdout, /^note: identities\/\S+: it has further roles: viewer$/m)
    assert.deepEqual(bindings(), [[organization, roles.viewer]])
    state.bindings.clear()
  })
})

test('the role on a folder of Chainguard', async (t) => {
  const { chainguard, run, bindings, recorded } = await start(t, {
    repositories: '[example-project/images, example-project/other]',
  })
  const { state } = chainguard
  await t.test('is not granted where the folder does not exist', async () => {
    const applied = await run([...apply, '--no-verify'])
    assert.equal(applied.exitCode, 1)
    assert.match(applied.stderr, /^TRUST_REFUSED \(trust\): folder example-project\/other does not exist$/m)
    assert.deepEqual(bindings(), [pull(folder)])
    state.bindings.clear()
  })
  await t.test('is given by that on the organization, which is reported', async () => {
    state.groups.set(`${organization}/aaaa`, { uid: `${organization}/aaaa`, name: 'other' })
    const uid = newUid(organization)
    state.bindings.set(uid, { uid, identityUid, roleUid: roles.pull })
    const plan = await run(['trust', 'plan'])
    assert.match(plan.stdout, /^note: .*: it may pull from all of example-project$/m)
    assert.match(plan.stdout, /No changes are required/)
    const terraform = await run(['trust', 'plan', '-o', 'terraform'])
    assert.match(
      terraform.stdout,
      /^# pull from example-project\/images as \S+: the role on example-project applies\.$/m,
    )
    assert.doesNotMatch(terraform.stdout, /chainguard_rolebinding/)
    state.bindings.clear()
  })
  await t.test('stays recorded while its folder has another name, or the role may not be listed', async () => {
    assert.equal((await run([...apply, '--no-verify'])).exitCode, 0)
    const before = bindings()
    state.groups.set(folder, { uid: folder, name: 'renamed' })
    const renamed = await run(['trust', 'destroy', '--yes', '--dry-run'])
    assert.match(renamed.stdout, /^note: .*: folder example-project\/images does not exist$/m)
    state.groups.set(folder, { uid: folder, name: 'images' })
    chainguard.operator.allowed.delete('roles.list')
    assert.match((await run(['trust', 'destroy', '--yes'])).stdout, /: the role registry\.pull was not found$/m)
    chainguard.operator.allowed.add('roles.list')
    chainguard.operator.allowed.delete('role_bindings.list')
    assert.equal((await run(['trust', 'destroy', '--yes'])).exitCode, 1)
    chainguard.operator.allowed.add('role_bindings.list')
    assert.deepEqual([bindings(), recorded().length], [before, 2])
    assert.equal((await run(['trust', 'destroy', '--yes'])).exitCode, 0)
    assert.deepEqual([bindings(), recorded()], [[], []])
  })
  await t.test('is the built-in one, not a custom one with its name', async () => {
    const custom = { uid: `${organization}/bbbb`, name: 'registry.pull' }
    const builtIn = [...state.roles]
    state.roles.clear()
    state.roles.set(custom.uid, custom)
    assert.match(
      (await run(['trust', 'plan'])).stderr,
      /^TRUST_REFUSED \(trust\): the role registry\.pull was not found$/m,
    )
    for (const [uid, role] of builtIn) state.roles.set(uid, role)
    assert.equal((await run([...apply, '--no-verify'])).exitCode, 0)
    assert.deepEqual(bindings(), [pull(folder), pull(`${organization}/aaaa`)])
    state.bindings.clear()
  })
  await t.test('of another name of the organization is refused', async () => {
    state.groups.set(organization, { uid: organization, name: 'renamed' })
    const plan = await run(['trust', 'plan'])
    assert.match(
      plan.stderr,
      /^TRUST_REFUSED \(trust\): example-project is not the organization of the identity, which is renamed$/m,
    )
  })
  await t.test(
    'in an organization that does not exist is refused, and the id in the identity is to be corrected',
    async () => {
      state.groups.delete(organization)
      assert.match(
        (await run(['trust', 'plan'])).stderr,
        /: organization \S+ does not exist\n.*\n +fix: correct chainguard\.identity, which begins with the id of the organization: chainctl iam organizations list$/m,
      )
    },
  )
})

test('two ServiceAccounts do not share an identity of Chainguard', async (t) => {
  const { run, bindings } = await start(t, { second: { identity: identityUid, account: 'other' } })
  const refused = await run(['trust', 'plan'])
  assert.equal(refused.exitCode, 2)
  assert.match(
    refused.stderr,
    /^DOCUMENT_INVALID \(document\): \S+pull\.yaml:\d+: identity \S+ is for tokens with the subject system:serviceaccount:image-system:pullpass and system:serviceaccount:image-system:other$/m,
  )
  assert.deepEqual(bindings(), [])
})

test('an identity of Chainguard for an issuer that is not public stores the keys', async (t) => {
  const { run } = await start(t, { identity: 'absent', issuerDocuments: 'absent' })
  const plan = await run(['trust', 'plan'])
  assert.match(
    plan.stderr,
    /fix: publish the issuer first; or create an identity that stores the keys, .* --issuer-keys '\{"keys":\[/m,
  )
  assert.doesNotMatch(plan.stderr, / --audience /)
})

test('each capability that the operator lacks at Chainguard is named', async (t) => {
  const cases: Readonly<Record<string, readonly [Capability, RegExp]>> = {
    'to read the identity': [
      'identity.list',
      /^TRUST_DENIED .*$\n {2}expected the operator to have the capability identity\.list on \w+, as the role owner has$/m,
    ],
    'to read the organization': ['groups.list', /capability groups\.list on \w+, /m],
    'to read the role': ['roles.list', /^TRUST_REFUSED \(trust\): the role registry\.pull was not found$/m],
    'to list role bindings': ['role_bindings.list', /capability role_bindings\.list on \w+, /m],
    'to grant the role': ['role_bindings.create', /capability role_bindings\.create on \w+, /m],
  }
  const { chainguard, run, bindings, recorded } = await start(t)
  for (const [title, [capability, seen]] of Object.entries(cases)) {
    await t.test(title, async () => {
      chainguard.operator.allowed.delete(capability)
      const applied = await run([...apply, '--no-verify'])
      assert.equal(applied.exitCode, 1)
      assert.match(applied.stderr, seen)
      assert.deepEqual([bindings(), recorded()], [[], []])
      chainguard.operator.allowed.add(capability)
    })
  }
  await t.test('and a token that is missing, is of another kind, or has expired', async () => {
    const without = await run(['trust', 'plan'], { environment: { PULLPASS_CHAINGUARD_TOKEN: undefined } })
    assert.match(
      without.stderr,
      /^TRUST_CREDENTIALS_MISSING \(trust\): no credentials for Chainguard were found: variable PULLPASS_CHAINGUARD_TOKEN is not set$[\s\S]*export PULLPASS_CHAINGUARD_TOKEN="\$\(chainctl auth token\)"$/m,
    )
    const other = await run(apply, { environment: { PULLPASS_CHAINGUARD_TOKEN: 'not-a-jwt-0123456789' } })
    assert.match(other.stderr, /variable PULLPASS_CHAINGUARD_TOKEN is not a token of chainctl$/m)
    assert.doesNotMatch(other.stderr + other.stdout, /not-a-jwt/)
    chainguard.operator.state = 'expired'
    const expired = await run(apply)
    assert.match(expired.stderr, /^TRUST_DENIED \(trust\): Chainguard responded with 401 "Unauthenticated: /m)
  })
})
