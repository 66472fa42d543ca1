import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { apply, subject } from '../trust-runs.ts'
import { start } from './start-trust.ts'

const owner = { user: 'owner', privilege: 'Admin' }
const read = { service: 'puller', privilege: 'Read' }

suite('trust at Cloudsmith', () => {
  test('plans, prints, applies, verifies, refreshes, has nothing to do, and destroys what it created', async (t) => {
    const { sandbox, cloudsmith, run, services, providers, privileges, recorded } = await start(t)
    const { issuer } = sandbox.cluster
    const plan = await run(['trust', 'plan'])
    assert.deepEqual([plan.exitCode, plan.stderr], [0, ''])
    assert.match(plan.stdout, /^would-create +service account +example-project\/puller$/m)
    assert.match(plan.stdout, /^would-create +provider +example-project\/pullpass-[0-9a-f]{12}-[0-9a-f]{12}$/m)
    assert.match(plan.stdout, /^would-grant +privilege +read example-project\/images as example-project\/puller$/m)

    const script = await run(['trust', 'plan', '-o', 'curl'])
    const [service = '', provider = '', privilege = ''] =
      script.stdout.match(/(?<=^request_cloudsmith '[^']+' ).*$/gm) ?? []
    const json = `-H 'content-type: application/json' -d`
    const base = `${cloudsmith.url}/v1`
    assert.match(
      service,
      /"description":"pullpass:[0-9a-f]{12} pulls images for the cluster of https:\/\/[^"]+","role":"Member"\}'/,
    )
    assert.ok(service.startsWith(`-X POST ${json} '{"name":"puller",`), service)
    assert.ok(service.endsWith(` ${base}/orgs/example-project/services/`), service)
    assert.ok(
      provider.endsWith(
        `"enabled":true,"provider_url":"${issuer}","claims":{"sub":"${subject}","aud":"${cloudsmith.url}"},"service_accounts":["puller"]}' ${base}/orgs/example-project/openid-connect/`,
      ),
      provider,
    )
    assert.equal(
      privilege,
      `-X PATCH ${json} '{"privileges":[{"privilege":"Read","service":"puller"}]}' ${base}/repos/example-project/images/privileges`,
    )
    const terraform = await run(['trust', 'plan', '-o', 'terraform'])
    assert.match(
      terraform.stdout,
      /^resource "cloudsmith_service" "puller_\w+" \{\n {2}organization {2}= "example-project"\n {2}name {10}= "puller"\n.*\n.*\n {2}store_api_key = false\n\}$/m,
    )
    assert.match(
      terraform.stdout,
      /^ {2}service_accounts = \[cloudsmith_service\.puller_\w+\.slug\]\n {2}claims = \{\n {4}sub = "system:serviceaccount:image-system:pullpass"\n {4}aud = "https:\/\/[^"]+"\n {2}\}\n\}$/m,
    )
    assert.match(
      terraform.stdout,
      /^ {2}user \{\n {4}privilege = "Admin"\n {4}slug {6}= "owner"\n {2}\}\n {2}service \{\n {4}privilege = "Read"\n {4}slug {6}= cloudsmith_service\.puller_\w+\.slug\n {2}\}$/m,
    )
    assert.deepEqual([services(), providers(), privileges()], [[], [], [owner]])

    const applied = await run(apply)
    assert.equal(applied.exitCode, 0, applied.stderr + applied.stdout)
    assert.match(applied.stdout, /^ok +cloudsmith +ClusterPullSecret\/pull /m)
    const [key] = services().map((one) => one.key)
    assert.match(key ?? '', /^[0-9a-f]{40}$/)
    assert.ok(!(applied.stdout + applied.stderr).includes(key ?? ''), 'the API key of the service account is printed')
    assert.deepEqual(
      services().map(({ slug, role }) => [slug, role]),
      [['puller', 'Member']],
    )
    assert.deepEqual(
      providers().map((one) => [one.provider_url, one.claims, one.service_accounts, one.enabled]),
      [[issuer, { sub: subject, aud: cloudsmith.url }, ['puller'], true]],
    )
    assert.deepEqual(privileges(), [owner, read])
    assert.equal(recorded().length, 1)
    assert.equal((await run(['refresh'])).exitCode, 0)

    const again = await run(['trust', 'plan', '-o', 'terraform'])
    assert.deepEqual(
      again.stdout.match(/^ {2}id = .*/gm),
      ['puller', providers()[0]?.slug_perm, 'images'].map((id) => `  id = "example-project.${id}"`),
    )
    assert.match((await run(['trust', 'plan'])).stdout, /No changes are required/)

    assert.equal((await run(['trust', 'destroy', '--dry-run'])).exitCode, 0)
    assert.deepEqual([services().length, providers().length, privileges().length, recorded().length], [1, 1, 2, 1])
    const destroyed = await run(['trust', 'destroy', '--yes'])
    assert.equal(destroyed.exitCode, 0, destroyed.stderr)
    assert.deepEqual([services(), providers(), privileges(), recorded()], [[], [], [owner], []])
  })

  test('a misspelled service account is named in the fix of a refusal, and in a plan the one that the tokens sign in as', async (t) => {
    const { sandbox, cloudsmith, run } = await start(t, { service: 'pulller' })
    await cloudsmith.trust(sandbox.cluster.issuer)
    assert.match(
      (await run(['doctor'], { environment: { CLOUDSMITH_API_KEY: undefined } })).stdout,
      /^ {2}fix: check that service account pulller exists and is one of those of the OpenID Connect provider of example-project, and compare the URL and claims of the provider with the token: pullpass inspect -f \S+$/m,
    )
    assert.match(
      (await run(['trust', 'plan'])).stdout,
      /^note: example-project\/pulller: provider cluster signs in the tokens of the documents as puller: if that service account is meant, set cloudsmith\.service to it$/m,
    )
  })

  test('keeps the service accounts that others added after the plan', async (t) => {
    const { cloudsmith, run, providers } = await start(t)
    assert.equal((await run(apply)).exitCode, 0)
    const [own] = providers()
    assert.ok(own !== undefined)
    const set = (...slugs: string[]) =>
      void cloudsmith.state.providers.set(own.slug_perm, { ...own, service_accounts: slugs })
    const { services } = cloudsmith.state
    const [puller] = services.values()
    assert.ok(puller !== undefined)
    for (const slug of ['other', 'later']) services.set(slug, { ...puller, slug, name: slug })
    set('other')
    const questions: string[] = []
    const prompt = async (question: string) => {
      questions.push(question)
      if (questions.length === 1) set('other', 'later')
      return 'yes'
    }
    const applied = await run(['trust', 'apply'], { prompt })
    assert.equal(applied.exitCode, 0, applied.stderr + applied.stdout)
    assert.deepEqual(providers()[0]?.service_accounts, ['other', 'later', 'puller'])
    assert.match(questions.at(-1) ?? '', /signs in as other, later, puller/)

    // A provider that the documents do not use any more, which others may use.
    const former = { ...own, slug_perm: 'former', name: `${own.name.slice(0, -12)}${'0'.repeat(12)}` }
    cloudsmith.state.providers.set('former', { ...former, claims: { ...own.claims, sub: 'system:serviceaccount:a:b' } })
    const meanwhile = async () => {
      const current = cloudsmith.state.providers.get('former')
      if (current?.service_accounts.length === 1)
        cloudsmith.state.providers.set('former', { ...current, service_accounts: ['puller', 'later'] })
      return 'yes'
    }
    const removed = await run(['trust', 'apply', '--replace', 'subjects'], { prompt: meanwhile })
    assert.equal(removed.exitCode, 0, removed.stderr + removed.stdout)
    assert.deepEqual(cloudsmith.state.providers.get('former')?.service_accounts, ['later'])
  })

  test('reports a slug other than that of the document, and creates no second service account', async (t) => {
    const { cloudsmith, run, services, providers, privileges } = await start(t)
    cloudsmith.state.taken.add('puller')
    const applied = await run(apply)
    assert.equal(applied.exitCode, 1)
    const [given = ''] = services().map(({ slug }) => slug)
    assert.match(given, /^puller-[0-9a-f]{4}$/)
    const seen = `TRUST_REFUSED (trust): Cloudsmith gave service account puller of example-project the slug ${given}`
    assert.ok(applied.stderr.includes(seen), applied.stderr)
    assert.ok(applied.stderr.includes(`fix: set cloudsmith.service to ${given}, and run the command again`))
    const again = await run(apply)
    assert.ok(again.stderr.includes(seen), again.stderr)
    assert.deepEqual([services().length, providers(), privileges()], [1, [], [owner]])
    const destroyed = await run(['trust', 'destroy', '--yes'])
    assert.equal(destroyed.exitCode, 0, destroyed.stderr)
    assert.deepEqual(services(), [])
    assert.ok(destroyed.stdout.includes(`its slug was ${given}`), destroyed.stdout)
  })

  test('after lost responses creates nothing twice, continues, and removes what it created', async (t) => {
    const { cloudsmith, run, services, providers, privileges } = await start(t)
    const { faults, seen } = cloudsmith.parts.tokens
    faults.inject({ kind: 'reset', at: 'response' }, { when: ({ method }) => method === 'POST', times: 2 })
    const runs = [await run(apply), await run(apply), await run(apply)]
    assert.deepEqual(
      runs.map(({ exitCode }) => exitCode),
      [1, 1, 0],
    )
    assert.deepEqual([services().length, providers().length, privileges().length], [1, 1, 2])
    const creations = seen.filter(({ method, path }) => method === 'POST' && path.startsWith('/v1/'))
    assert.deepEqual(
      creations.map(({ path }) => path.split('/').at(-2)),
      ['services', 'openid-connect'],
    )
    faults.inject({ kind: 'reset', at: 'response' }, { when: ({ method }) => method === 'DELETE', times: 2 })
    const destroyed = await run(['trust', 'destroy', '--yes'])
    assert.equal(destroyed.exitCode, 0, destroyed.stderr)
    assert.deepEqual([services(), providers(), privileges()], [[], [], [owner]])
  })
})
