import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { SandboxResponse } from '../../../sandbox/serve/handler.ts'
import { PullpassError } from '../../../src/errors/pullpass-error.ts'
import type { Context } from '../../../src/http/context.ts'
import type { JfrogSettings } from '../../../src/vendors/jfrog/settings.ts'
import { desiredState } from '../../../src/vendors/jfrog/trust/desired.ts'
import { acceptance } from '../../../src/vendors/jfrog/trust/found.ts'
import { jfrogResources, trust } from '../../../src/vendors/jfrog/trust/trust.ts'
import type { TrustNeed } from '../../../src/vendors/trust/contract.ts'
import { fakeContext } from '../../support/fake-context.ts'
import fc from '../../support/fast-check.ts'
import {
  anyResponses,
  checkAnyResponse,
  checkResponses,
  issuer,
  longMessage,
  type ResponseCase,
  shownMessage,
  terraformLine,
  trustNeed,
} from '../trust-responses.ts'
import { apply, subject } from '../trust-runs.ts'
import { start } from './start-trust.ts'

const operatorToken = `cmVmdGtu${'operator'.repeat(8)}`
const url = 'https://acme.jfrog.io'

/** `fields`: of jfrog, in YAML. */
async function needOf(fields = ''): Promise<TrustNeed<JfrogSettings>> {
  const own = `{url: "${url}", providerName: cluster, trust: {repositories: [docker-local], username: puller}${fields}}`
  return await trustNeed(trust, `hosts: [acme.jfrog.io], jfrog: ${own}`)
}

const withSettings = (
  need: TrustNeed<JfrogSettings>,
  settings: Partial<JfrogSettings>,
  audience?: string,
): TrustNeed<JfrogSettings> => ({
  ...need,
  registry: { ...need.registry, settings: { ...need.registry.settings, ...settings }, ...(audience && { audience }) },
})

suite('the resources at JFrog', () => {
  test('are one integration, a mapping for each subject and audience, and a permission for each document', async () => {
    const need = await needOf()
    const second = { ...need, subject: 'system:serviceaccount:image-system:other', repository: 'docker-local/team' }
    const document = { ...need.document, name: 'other' }
    const third = withSettings({ ...need, document, repository: 'docker-local/b,docker-local/a' }, {}, 'https://x')
    const { grantees, integrations, mappings, permissions } = desiredState([need, second, third])
    assert.deepEqual([grantees.length, integrations.length], [1, 1])
    assert.deepEqual(
      mappings.map(({ title, audience }) => [title, audience]),
      [
        [`oidc/cluster/${subject} for ${url}`, url],
        ['oidc/cluster/system:serviceaccount:image-system:other', url],
        [`oidc/cluster/${subject} for https://x`, 'https://x'],
      ],
    )
    assert.deepEqual(
      permissions.map(({ targets }) => targets),
      [[['docker-local', ['**']]], [['docker-local', ['a/**', 'b/**']]]],
    )
    const ofTenant = (namespace: string) => ({
      ...need,
      document: { ...need.document, kind: 'PullSecret' as const, namespace },
    })
    assert.equal(desiredState([ofTenant('team-a'), ofTenant('team-b')]).permissions.length, 2)
    const names = [...mappings, ...permissions].map(({ name }) => name)
    assert.equal(new Set(names).size, 5)
    for (const name of names) assert.match(name, /^pullpass-[0-9a-f]{12}-[0-9a-f]{12}$/)
  })

  const refused: Readonly<Record<string, readonly [needs: () => Promise<TrustNeed<JfrogSettings>[]>, seen: RegExp]>> = {
    'of several platforms, whose token would be sent to each': [
      async () => [await needOf(), withSettings(await needOf(), { url: 'https://other.jfrog.io' })],
      /^the documents are of several JFrog platforms: https:\/\/acme\.jfrog\.io, https:\/\/other\.jfrog\.io$/,
    ],
    'of several clusters in one integration': [
      async () => {
        const need = await needOf()
        return [need, { ...need, cluster: { ...need.cluster, name: 'b', issuer: 'https://b.example.com' } }]
      },
      /^integration cluster is for several clusters: https:\/\/issuer\.example\.com, https:\/\/b\.example\.com$/,
    ],
    'with two users for the same tokens': [
      async () => [await needOf(), withSettings(await needOf(), { trust: { repositories: ['a'], group: 'pullers' } })],
      /uses the tokens of system:serviceaccount:image-system:pullpass as group pullers, and registry \S+ as user puller$/,
    ],
    'of a project': [async () => [await needOf(', projectKey: team')], /is in project team$/],
    'whose integration is a path': [
      async () => [withSettings(await needOf(), { providerName: '..' })],
      /has the jfrog\.providerName \.\.$/,
    ],
    'whose audience has a wildcard': [
      async () => [withSettings(await needOf(), {}, 'https://*')],
      /uses https:\/\/\*$/,
    ],
    'without a user or group': [
      async () => {
        const need = await needOf()
        const { trust: _trust, ...settings } = need.registry.settings
        return [{ ...need, registry: { ...need.registry, settings } }]
      },
      /names no user or group$/,
    ],
    'with a repository that is every repository': [
      async () => [{ ...(await needOf()), repository: 'ANY LOCAL' }],
      /names a repository with an invalid name$/,
    ],
  }
  for (const [title, [needs, seen]] of Object.entries(refused)) {
    test(`are none for documents ${title}`, async () => {
      const given = await needs()
      assert.throws(
        () => desiredState(given),
        (fault) => fault instanceof PullpassError && seen.test(fault.seen),
      )
    })
  }

  test('have an integration for each of several clusters that --issuer-id names', async () => {
    const need = await needOf()
    const cluster = { ...need.cluster, name: 'b', issuer: 'https://b.example.com' }
    const settings = trust.forCluster(need.registry.settings, { trustDomainId: undefined, issuerId: 'second' })
    const { grantees, integrations } = desiredState([need, { ...withSettings(need, settings), cluster }])
    assert.deepEqual(
      integrations.map(({ name }) => name),
      ['cluster', 'second'],
    )
    assert.deepEqual(
      grantees.map(({ clusters }) => clusters.length),
      [2],
    )
  })

  test('accept a token by its claims as JFrog does', async () => {
    const [desired] = desiredState([await needOf()]).mappings
    assert.ok(desired !== undefined)
    const exact = { iss: issuer, sub: subject, aud: url }
    const claims: Readonly<Record<string, readonly [claims: Record<string, unknown>, expected: string]>> = {
      'all three': [exact, 'exactly'],
      'without the issuer': [{ sub: subject, aud: url }, 'exactly'],
      'any audience': [{ sub: subject }, 'broadly'],
      'a list of subjects': [{ sub: ['x', subject], aud: url }, 'broadly'],
      'a wildcard': [{ sub: 'system:serviceaccount:*', aud: url }, 'broadly'],
      none: [{}, 'broadly'],
      'a claim that tokens of ServiceAccounts may have': [{ ...exact, 'kubernetes.io': {} }, 'maybe'],
      'a claim that they do not have': [{ ...exact, repository: '*' }, 'not'],
      'another issuer': [{ ...exact, iss: 'https://other.example.com' }, 'not'],
      'another subject': [{ ...exact, sub: `${subject}2` }, 'not'],
      'a subject that is not a text': [{ ...exact, sub: { x: subject } }, 'not'],
      'another audience': [{ ...exact, aud: [] }, 'not'],
    }
    for (const [title, [given, expected]] of Object.entries(claims))
      assert.equal(acceptance({ claims: given }, desired), expected, title)
  })

  /** Of the user or group, where another cluster's integration has a mapping with this specification of tokens. */
  async function findingWith(spec: object, identity: object = { username: 'puller' }) {
    const need = withSettings(await needOf(), { trust: { repositories: ['docker-local'], ...identity } })
    const state = desiredState([need])
    const responses: Readonly<Record<string, unknown>> = {
      '/access/api/v1/oidc': [{ name: 'second', issuer_url: 'https://other.example.com' }],
      '/access/api/v1/oidc/second/identity_mappings': [{ name: 'x', claims: { sub: `${subject}*` }, token_spec: spec }],
    }
    const transport: Context['transport'] = async (request) => {
      const body = responses[new URL(request.url).pathname] ?? { name: 'puller', status: 'enabled' }
      return { status: 200, headers: {}, body: JSON.stringify(body) }
    }
    const context = {
      ...fakeContext({ environment: { JFROG_ACCESS_TOKEN: operatorToken, JFROG_URL: url } }),
      transport,
    }
    const [grantee] = jfrogResources(state, context)
    const { verdict, notes } = (await grantee?.observe({ replace: [], sharing: 'refused' })) ?? {}
    return [verdict, ...(notes ?? [])]
  }

  test('are reported where a pattern can make the user of the claims of other tokens', async () => {
    const note = (pattern: string) =>
      `${subject}* of https://other.example.com may act as it too: as what the pattern ${pattern} makes of their claims`
    assert.deepEqual(await findingWith({ username_pattern: '{{name}}' }), ['ok', note('{{name}}')])
    assert.deepEqual(await findingWith({ groups_pattern: '{{name}}' }), ['ok'])
    const ofGroup = { group: 'pullers' }
    assert.deepEqual(await findingWith({ groups_pattern: 'p-{{name}}' }, ofGroup), ['ok', note('p-{{name}}')])
  })

  test('are refused where another cluster has the permissions of every group', async () => {
    const ofGroup = { group: 'pullers' }
    assert.deepEqual(await findingWith({ scope: 'applied-permissions/groups:*' }, ofGroup), ['refused'])
    assert.deepEqual(await findingWith({ scope: 'applied-permissions/groups:"others"' }, ofGroup), ['ok'])
  })

  const text = fc.oneof(
    fc.string(),
    fc.constant(operatorToken),
    fc.constantFrom(subject, issuer, url, 'puller', 'cluster', 'local', 'virtual', 'applied-permissions/user', '..'),
  )
  const item = fc.record(
    {
      name: text,
      description: text,
      issuer_url: text,
      token_issuer: text,
      priority: fc.oneof(fc.integer(), text),
      claims: fc.oneof(
        fc.dictionary(fc.constantFrom('sub', 'aud', 'iss', '__proto__'), fc.oneof(text, fc.array(text))),
        text,
      ),
      token_spec: fc.record(
        { username: text, scope: text, expires_in: fc.oneof(fc.integer(), text) },
        { requiredKeys: [] },
      ),
      status: text,
      groups: fc.array(text),
      rclass: text,
      resources: fc.record({
        artifact: fc.record({
          actions: fc.record({ users: fc.dictionary(text, fc.array(text)), groups: text }),
          targets: fc.dictionary(text, fc.record({ include_patterns: fc.array(text), exclude_patterns: text })),
        }),
      }),
    },
    { requiredKeys: [] },
  )
  const body = fc.oneof(
    fc.json(),
    fc.string(),
    item.map((one) => JSON.stringify(one)),
    fc.array(item, { maxLength: 4 }).map((items) => JSON.stringify(items)),
    fc.record({ errors: fc.array(fc.record({ code: text, message: text })) }).map((error) => JSON.stringify(error)),
  )

  test('have a verdict for any response of JFrog, and no secret is repeated', async () => {
    const state = desiredState([await needOf()])
    await checkAnyResponse({
      resources: (context) => jfrogResources(state, context),
      body,
      environment: { JFROG_ACCESS_TOKEN: operatorToken, JFROG_URL: url },
      token: operatorToken,
      replace: ['lifetime', 'subjects', 'issuer'],
      check(sent) {
        assert.ok(sent.startsWith(`${url}/a`) && !sent.includes('..'), sent)
      },
    })
  })
})

test('a response of JFrog', async (t) => {
  const { jfrog, run, integrations, mappings, permissions } = await start(t)
  assert.equal((await run([...apply, '--no-verify'])).exitCode, 0)
  const [own] = mappings()
  assert.ok(own !== undefined)
  const state = () => JSON.stringify([integrations(), mappings(), permissions()])
  const listed = (changes: object): SandboxResponse => ({ status: 200, body: [{ ...own, ...changes }] })
  const listedAll = (changes: object, length: number): SandboxResponse => ({
    status: 200,
    body: Array.from({ length }, () => ({ ...own, claims: { sub: 'job' }, ...changes })),
  })
  const cases: Readonly<Record<string, ResponseCase>> = {
    ...anyResponses,
    'an object instead of a list': [{ status: 200, body: { name: 'x' } }, /but it is not a list/],
    'the operator’s token': [listed({ description: jfrog.operator.token }), /but it repeats a credential/],
    'claims that are larger than any': [
      listed({ claims: { sub: 'x'.repeat(20_000) } }),
      /it contains an identity mapping that is larger than any/,
    ],
    'claims that are nested': [
      listed({ claims: JSON.parse(`${'{"a":'.repeat(200)}1${'}'.repeat(200)}`) }),
      /it contains an identity mapping that is larger than any/,
    ],
    'a line of Terraform in the name of a mapping that comes first': [
      listed({ name: `a\n${terraformLine}`, claims: {}, token_spec: { username: 'guest' } }),
      /mapping a.resource "terraform_data" "x" \{\} with priority 1 also accepts/,
    ],
    'thousands of mappings of an issuer with a long URL': [
      listedAll({ name: 'other', description: '', token_issuer: 'https://other.example.com/'.padEnd(8000, 'a') }, 100),
      undefined,
      ({ path }) => path.endsWith('/oidc') || path.includes('/oidc/other/'),
    ],
    'control characters in an error': [{ status: 400, body: { errors: [{ message: longMessage }] } }, shownMessage],
  }
  await checkResponses(t, cases, {
    part: jfrog.parts.tokens,
    when: ({ path }) => path.endsWith('/identity_mappings'),
    run,
    commands: 'curl',
    replace: 'subjects',
    token: jfrog.operator.token,
    state,
  })
})
