import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { type CloudsmithState, newId, type Provider } from '../../../sandbox/cloudsmith/organization-state.ts'
import { bothContexts, firstContext, secondContext, startTwoClusters } from '../../commands/trust/two-clusters.ts'
import { apply, subject } from '../trust-runs.ts'
import { start, startAt } from './start-trust.ts'

const otherUrl = 'https://other.example.com'
const deployer = 'system:serviceaccount:ci:deployer'

const providerOf = (fields: Partial<Provider>): Provider => ({
  slug_perm: newId(),
  name: 'other',
  provider_url: otherUrl,
  enabled: true,
  claims: {},
  service_accounts: ['puller'],
  mapping_claim: null,
  mappings: [],
  ...fields,
})

function addService({ services }: CloudsmithState, slug: string): void {
  const common = { description: '', role: 'Member', teams: [], key: '' } as const
  services.set(slug, { slug, name: slug, ...common })
}

test('a provider that pullpass created, and that was changed afterwards, is changed only if that is requested:', async (t) => {
  const { cloudsmith, run, providers } = await start(t)
  assert.equal((await run(apply)).exitCode, 0)
  const [own] = providers()
  assert.ok(own !== undefined)
  const cases: Readonly<Record<string, readonly [change: Partial<Provider>, replace: string, seen: RegExp]>> = {
    'it accepts every subject': [
      { claims: { aud: cloudsmith.url } },
      'claims',
      /accepts tokens with aud https:\/\/127\.0\.0\.1:\d+$/m,
    ],
    'it accepts every audience': [
      { claims: { sub: subject } },
      'claims',
      /accepts tokens with sub system:serviceaccount:image-system:pullpass$/m,
    ],
    'it accepts every token': [{ claims: {} }, 'claims', /accepts tokens with any claims$/m],
    'it requires a further claim': [
      { claims: { sub: subject, aud: cloudsmith.url, repository: 'acme/app' } },
      'claims',
      /and repository acme\/app$/m,
    ],
    'a claim is a prefix': [
      { claims: { sub: 'system:serviceaccount:.*', aud: cloudsmith.url } },
      'claims',
      /accepts tokens with sub system:serviceaccount:\.\* and aud /,
    ],
    'it has another issuer': [
      { provider_url: otherUrl },
      'providerUrl',
      /has the provider URL https:\/\/other\.example\.com$/m,
    ],
    'it is disabled': [{ enabled: false }, 'enabled', /is disabled$/m],
    'its service accounts follow from a claim': [
      { service_accounts: [], mapping_claim: 'sub', mappings: [{ claim_value: subject, service_account: 'puller' }] },
      'serviceAccounts',
      /signs in as those to which the claim sub leads$/m,
    ],
  }
  for (const [title, [change, replace, seen]] of Object.entries(cases)) {
    await t.test(title, async () => {
      const changed = { ...own, ...change }
      cloudsmith.state.providers.set(own.slug_perm, changed)
      const refused = await run(apply)
      assert.equal(refused.exitCode, 1)
      assert.match(refused.stderr, /^TRUST_REFUSED \(trust\): provider pullpass-\S+ of example-project /m)
      assert.match(refused.stderr, seen)
      assert.ok(refused.stderr.includes(`--replace ${replace}`), refused.stderr)
      assert.deepEqual(providers(), [changed])
      const replaced = await run([...apply, '--replace', replace])
      assert.equal(replaced.exitCode, 0, replaced.stderr + replaced.stdout)
      assert.deepEqual(providers(), [own])
    })
  }

  await t.test(
    'a missing service account is added, and one of another document stays until that is requested',
    async () => {
      addService(cloudsmith.state, 'other')
      cloudsmith.state.providers.set(own.slug_perm, { ...own, service_accounts: ['other'] })
      const applied = await run(apply)
      assert.equal(applied.exitCode, 0, applied.stderr + applied.stdout)
      assert.deepEqual(providers()[0]?.service_accounts, ['other', 'puller'])
      assert.match((await run(['trust', 'plan'])).stdout, /it also signs in as other: .* --replace serviceAccounts$/m)
      assert.equal((await run([...apply, '--replace', 'serviceAccounts'])).exitCode, 0)
      assert.deepEqual(providers(), [own])

      cloudsmith.state.providers.set(own.slug_perm, { ...own, service_accounts: ['other', 'puller'] })
      const destroyed = await run(['trust', 'destroy', '--yes'])
      assert.equal(destroyed.exitCode, 0, destroyed.stderr)
      assert.deepEqual(providers()[0]?.service_accounts, ['other'])
      assert.match(destroyed.stdout, /it stays for the service accounts other/)
    },
  )
})

test('a provider of another owner for exactly these tokens', async (t) => {
  const { sandbox, cloudsmith, run, providers, services, privileges, recorded } = await start(t)
  const { state, url } = cloudsmith
  await cloudsmith.trust(sandbox.cluster.issuer)
  const [own] = providers()
  assert.ok(own !== undefined)

  await t.test('is used, and left by destroy with all that it needs', async () => {
    state.providers.set(own.slug_perm, { ...own, provider_url: `${own.provider_url}/` })
    const plan = await run(['trust', 'plan'])
    assert.deepEqual([plan.exitCode, plan.stderr], [0, ''])
    assert.match(plan.stdout, /No changes are required/)
    assert.match(
      plan.stdout,
      /pullpass did not create it: the subjects of the documents get all privileges that it has/,
    )
    assert.equal((await run(apply)).exitCode, 0)
    const destroyed = await run(['trust', 'destroy', '--yes'])
    assert.equal(destroyed.exitCode, 0, destroyed.stderr)
    assert.match(destroyed.stdout, /^note: example-project\/puller: pullpass did not create it$/m)
    assert.match(destroyed.stdout, /it is not in the record of grants that pullpass created/)
    assert.deepEqual([services().length, providers().length, privileges().length, recorded()], [1, 1, 2, []])
  })

  await t.test('and for another service account is changed only if that is requested', async () => {
    addService(state, 'other')
    state.providers.set(own.slug_perm, { ...own, service_accounts: ['other'] })
    const refused = await run(apply)
    assert.match(
      refused.stderr,
      /^TRUST_REFUSED \(trust\): provider cluster of example-project is for the tokens of the documents, and signs in as other$/m,
    )
    assert.equal((await run([...apply, '--replace', 'serviceAccounts'])).exitCode, 0)
    assert.deepEqual(providers(), [{ ...own, service_accounts: ['other', 'puller'] }])
  })

  await t.test('is not one that accepts further tokens, which is reported', async () => {
    state.providers.set(own.slug_perm, { ...own, claims: { aud: url, sub: 'system:serviceaccount:.*' } })
    const applied = await run(apply)
    assert.equal(applied.exitCode, 0, applied.stderr + applied.stdout)
    assert.match(
      applied.stdout,
      /tokens of https:\/\/\S+\/example-cluster with aud \S+ and sub system:serviceaccount:\.\* also sign in as it, by provider cluster/,
    )
    assert.equal(providers().length, 2)
  })
})

suite('a service account at Cloudsmith', () => {
  test('as which another cluster signs in is refused, unless sharing is accepted, and then kept', async (t) => {
    const { cloudsmith, run, services, providers, privileges } = await start(t)
    assert.equal((await run(apply)).exitCode, 0)
    const former = `${providers()[0]?.name.slice(0, -12)}000000000000`
    const mapped = { service_accounts: [], mapping_claim: 'sub', claims: { aud: 'x' } }
    const others: Readonly<Record<string, Provider>> = {
      'by a list': providerOf({ claims: { sub: deployer } }),
      'by a list, with a name like those of this cluster': providerOf({ claims: { sub: deployer }, name: former }),
      'by a claim': providerOf({ ...mapped, mappings: [{ claim_value: deployer, service_account: 'puller' }] }),
    }
    for (const [title, other] of Object.entries(others)) {
      await t.test(title, async () => {
        cloudsmith.state.providers.set('other', { ...other, slug_perm: 'other' })
        const refused = await run(['trust', 'plan'])
        assert.equal(refused.exitCode, 1)
        assert.match(
          refused.stderr,
          /^TRUST_DOMAIN_SHARED \(trust\): example-project\/puller is used by another cluster: system:serviceaccount:ci:deployer of another cluster \(issuer https:\/\/other\.example\.com\) signs in as it$/m,
        )
        assert.equal((await run(['trust', 'plan', '--share-trust-domain'])).exitCode, 0)
      })
    }
    const destroyed = await run(['trust', 'destroy', '--yes'])
    assert.match(
      destroyed.stdout,
      /^note: read example-project\/images as example-project\/puller: provider other also signs in as the service account$/m,
    )
    assert.match(destroyed.stdout, /^note: example-project\/puller: provider other still signs in as it$/m)
    assert.deepEqual([services().length, privileges().length], [1, 2])
  })

  test('has its other sign-ins and privileges reported, and is no manager of the organization', async (t) => {
    const { sandbox, cloudsmith, run, services, providers } = await start(t)
    const { state } = cloudsmith
    assert.equal((await run(apply)).exitCode, 0)
    const [service] = services()
    const [own] = providers()
    assert.ok(service !== undefined && own !== undefined)
    state.providers.set('ci', providerOf({ slug_perm: 'ci', name: 'ci', claims: { repository: 'acme/app' } }))
    state.providers.set('off', providerOf({ slug_perm: 'off', name: 'off', claims: { sub: deployer }, enabled: false }))
    const former = `${own.name.slice(0, -12)}000000000000`
    const claims = { sub: deployer, aud: cloudsmith.url }
    const formerOwn = { slug_perm: 'former', name: former, provider_url: sandbox.cluster.issuer, claims }
    state.providers.set('former', providerOf(formerOwn))
    state.services.set('puller', { ...service, role: 'Manager', teams: [{ slug: 'devs', role: 'Member' }] })
    const refused = await run(apply)
    assert.equal(refused.exitCode, 1)
    assert.match(
      refused.stderr,
      /^TRUST_REFUSED \(trust\): service account example-project\/puller has the role Manager$/m,
    )
    const applied = await run([...apply, '--replace', 'role'])
    assert.equal(applied.exitCode, 0, applied.stderr + applied.stdout)
    assert.equal(services()[0]?.role, 'Member')
    assert.match(applied.stdout, /it has the privileges of the teams devs/)
    assert.match(
      applied.stdout,
      /tokens of https:\/\/other\.example\.com with repository acme\/app also sign in as it, by provider ci/,
    )
    assert.match(
      applied.stdout,
      /tokens with sub system:serviceaccount:ci:deployer and aud \S+ still sign in as it, by provider pullpass-\S+, which these documents do not use/,
    )
    assert.doesNotMatch(applied.stdout, /provider off/)
    assert.equal((await run([...apply, '--replace', 'subjects'])).exitCode, 0)
    assert.deepEqual(
      providers().map(({ slug_perm }) => slug_perm),
      [own.slug_perm, 'ci', 'off'],
    )
  })

  test('is not created with a slug that would be truncated', async (t) => {
    const { run, services } = await start(t, { service: 'p'.repeat(31) })
    const refused = await run(apply)
    assert.match(
      refused.stderr,
      /^TRUST_REFUSED \(trust\): service account example-project\/p+ does not exist, and its slug has 31 characters$/m,
    )
    assert.deepEqual(services(), [])
  })
})

test('trust at Cloudsmith for two clusters', async (t) => {
  const { sandbox, environment } = await startTwoClusters(t)
  const { cloudsmith, run, services, providers, privileges, recorded } = await startAt(sandbox)
  const trust = async (...words: readonly string[]) => await run(['trust', ...words], { environment })
  const applyBoth = ['apply', '--yes', '--no-verify', ...bothContexts]

  await t.test('is refused, since both would have the privileges of one service account', async () => {
    const refused = await trust(...applyBoth)
    assert.equal(refused.exitCode, 1)
    assert.match(refused.stderr, /^TRUST_DOMAIN_SHARED \(trust\): example-project\/puller is used by several clusters/m)
    assert.deepEqual([services(), providers()], [[], []])
  })

  await t.test('is set up if sharing is accepted, and destroy for one keeps what the other needs', async () => {
    const applied = await trust(...applyBoth, '--share-trust-domain')
    assert.equal(applied.exitCode, 0, applied.stderr)
    assert.deepEqual(
      providers().map((one) => [one.provider_url, one.claims['sub'], one.service_accounts]),
      [
        [sandbox.cluster.issuer, subject, ['puller']],
        ['https://second.example.com', subject, ['puller']],
      ],
    )
    assert.match((await trust('plan', ...bothContexts, '--share-trust-domain')).stdout, /No changes are required/)
    const destroyed = await trust('destroy', '--yes', '--context', secondContext)
    assert.match(destroyed.stdout, /provider pullpass-\S+ still signs in as it/)
    assert.deepEqual([services().length, providers().length, privileges().length, recorded().length], [1, 1, 2, 1])
    assert.equal((await trust('destroy', '--yes', '--context', firstContext)).exitCode, 0)
    assert.deepEqual([services(), providers(), privileges().length, recorded()], [[], [], 1, []])
    assert.equal(cloudsmith.state.providers.size, 0)
  })
})

suite('the privileges on a repository of Cloudsmith', () => {
  test('of two service accounts are granted by requests where Terraform is used, and removed alone', async (t) => {
    const { cloudsmith, run, providers, privileges } = await start(t, { second: 'second' })
    const terraform = await run(['trust', 'plan', '-o', 'terraform'])
    assert.equal(terraform.exitCode, 0, terraform.stderr)
    assert.doesNotMatch(terraform.stdout, /^resource "cloudsmith_repository_privileges"/m)
    assert.match(
      terraform.stdout,
      /^# Terraform does not grant; run first: printf 'x-api-key: %s' .*"service":"second"/m,
    )
    assert.equal((await run(apply)).exitCode, 0)
    assert.deepEqual(
      providers().map((one) => one.service_accounts),
      [['puller', 'second']],
    )
    const [, puller] = privileges()
    const { state, repository } = cloudsmith
    state.repositories.set(repository, [...privileges(), { team: 'devs', privilege: 'Write' }])
    let requests = 0
    // What others grant after the removal was confirmed.
    cloudsmith.parts.tokens.faults.inject(
      { kind: 'response', response: { status: 500 } },
      {
        when({ path }) {
          if (path.endsWith('/privileges')) requests += 1
          if (requests === 3) {
            requests += 1
            state.repositories.set(repository, [...privileges(), { user: 'added', privilege: 'Read' }])
          }
          return false
        },
      },
    )
    assert.equal((await run(['trust', 'destroy', '--yes'])).exitCode, 0)
    assert.deepEqual(puller, { service: 'puller', privilege: 'Read' })
    assert.deepEqual(privileges(), [
      { user: 'owner', privilege: 'Admin' },
      { team: 'devs', privilege: 'Write' },
      { user: 'added', privilege: 'Read' },
    ])
  })

  test('are lowered to reading only if that is requested', async (t) => {
    const { cloudsmith, run, privileges } = await start(t)
    assert.equal((await run(apply)).exitCode, 0)
    const { state, repository } = cloudsmith
    state.repositories.set(repository, [{ service: 'puller', privilege: 'Write' }])
    const kept = await run(apply)
    assert.equal(kept.exitCode, 0)
    assert.match(kept.stdout, /it has the privilege Write, which is more than pulling needs: --replace privilege/)
    assert.deepEqual(privileges(), [{ service: 'puller', privilege: 'Write' }])
    assert.equal((await run([...apply, '--replace', 'privilege'])).exitCode, 0)
    assert.deepEqual(privileges(), [{ service: 'puller', privilege: 'Read' }])
    state.repositories.clear()
    const absent = await run(apply)
    assert.match(
      absent.stderr,
      /^TRUST_REFUSED \(trust\): repository example-project\/images does not exist, or you may not see it$/m,
    )
    cloudsmith.operator.allowed = ['privileges']
    const unreadable = await run(['trust', 'plan'])
    assert.match(unreadable.stdout, /^unknown +service account .*\nunknown +provider .*\nrefused +privilege /m)
    assert.doesNotMatch(unreadable.stdout, /in place/)
  })
})

test('the operator at Cloudsmith', async (t) => {
  const { cloudsmith, run, services, providers, privileges } = await start(t)
  const { operator, parts } = cloudsmith
  const { allowed } = operator

  for (const [action, needs] of Object.entries({
    services: /^ {2}expected the organization example-project, and the operator to be an owner or manager of it$/m,
    providers: /^ {2}expected the organization example-project, and the operator to be an owner or manager of it$/m,
    privileges: /^ {2}expected the operator to have the privilege Admin on example-project\/images$/m,
  })) {
    await t.test(`without permission for ${action} gets an error that states what it needs`, async () => {
      operator.allowed = allowed.filter((one) => one !== action)
      const plan = await run(['trust', 'plan'])
      assert.equal(plan.exitCode, 1)
      assert.match(plan.stderr, /^TRUST_DENIED \(trust\): Cloudsmith responded with 403 "You do not have permission/m)
      assert.match(plan.stderr, needs)
      operator.allowed = allowed
    })
  }

  await t.test('without a key, or with an invalid one, gets an error that does not contain the key', async () => {
    const without = await run(apply, { environment: { CLOUDSMITH_API_KEY: '' } })
    assert.match(
      without.stderr,
      /^TRUST_CREDENTIALS_MISSING \(trust\): no credentials for Cloudsmith were found: variable CLOUDSMITH_API_KEY is not set$/m,
    )
    const malformed = await run(apply, { environment: { CLOUDSMITH_API_KEY: 'two words of a key 0123456789' } })
    assert.match(malformed.stderr, /^TRUST_CREDENTIALS_MISSING .* variable CLOUDSMITH_API_KEY is not an API key$/m)
    const wrong = '0123456789abcdef0123456789abcdef01234567'
    const invalid = await run(apply, { environment: { CLOUDSMITH_API_KEY: wrong } })
    assert.match(invalid.stderr, /^TRUST_DENIED \(trust\): Cloudsmith responded with 401 "Invalid token\."/m)
    assert.match(invalid.stderr, /set another one: read -rs CLOUDSMITH_API_KEY && export CLOUDSMITH_API_KEY$/m)
    assert.doesNotMatch(malformed.stderr + invalid.stderr + invalid.stdout, /two words|0123456789abcdef/)
    assert.deepEqual([services(), providers(), privileges().length], [[], [], 1])
  })

  await t.test('reads all pages of a list, of which the last one is full', async () => {
    const listed = () => parts.tokens.seen.filter(({ path }) => path.endsWith('/openid-connect/')).length
    for (let index = 0; index < 200; index++) {
      const id = `other${index}`
      cloudsmith.state.providers.set(id, providerOf({ slug_perm: id, name: id, service_accounts: [] }))
    }
    const before = listed()
    assert.equal((await run(['trust', 'plan'])).exitCode, 0)
    assert.equal(listed() - before, 6) // three pages, for each of two resources
    cloudsmith.state.providers.clear()
  })

  await t.test('waits until a new service account is known', async () => {
    const fields = { service_accounts: ['Service puller does not exist.'] }
    const response = { status: 422, body: { detail: 'Invalid input.', fields } }
    const isCreation = ({ method, path }: { readonly method: string; readonly path: string }) =>
      method === 'POST' && path.endsWith('/openid-connect/')
    parts.tokens.faults.inject({ kind: 'response', response }, { when: isCreation, times: 2 })
    const applied = await run(apply)
    assert.equal(applied.exitCode, 0, applied.stderr + applied.stdout)
    assert.deepEqual([services().length, providers().length, privileges().length], [1, 1, 2])
  })
})
