import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { SandboxResponse } from '../../../sandbox/serve/handler.ts'
import { loadDocuments } from '../../../src/document/load-documents.ts'
import { PullpassError } from '../../../src/errors/pullpass-error.ts'
import type { Context } from '../../../src/http/context.ts'
import { Redacted } from '../../../src/text/redacted.ts'
import type { JfrogSettings } from '../../../src/vendors/jfrog/settings.ts'
import { desiredState } from '../../../src/vendors/jfrog/trust/desired.ts'
import { acceptance } from '../../../src/vendors/jfrog/trust/found.ts'
import { jfrogResources, trust } from '../../../src/vendors/jfrog/trust/trust.ts'
import type { TrustNeed } from '../../../src/vendors/trust/contract.ts'
import { vendors } from '../../../src/vendors/vendors.ts'
import { fakeContext } from '../../support/fake-context.ts'
import fc from '../../support/fast-check.ts'
import { documentOf } from '../exchange-registry.ts'
import { apply, start, subject } from './start-trust.ts'

const operatorToken = `cmVmdGtu${'operator'.repeat(8)}`
const url = 'https://acme.jfrog.io'
const issuer = 'https://issuer.example.com'

/** `fields`: of the registry, in YAML. */
async function needOf(fields = '', changes: Partial<TrustNeed<JfrogSettings>> = {}): Promise<TrustNeed<JfrogSettings>> {
  const own = `{url: "${url}", providerName: cluster, trust: {repositories: [docker-local], username: puller}${fields}}`
  const text = documentOf(`hosts: [acme.jfrog.io], jfrog: ${own}`)
  const [document] = await loadDocuments(['-'], { environment: {}, readInput: async () => text, vendors })
  const [loaded] = document?.registries ?? []
  assert.ok(document !== undefined && loaded !== undefined)
  const ids = { trustDomainId: undefined, issuerId: undefined }
  const cluster = { name: 'cluster', issuer, keys: [], ...ids }
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- its vendor is jfrog
  const registry = loaded as TrustNeed<JfrogSettings>['registry']
  const need = { document, registry, cluster, subject, subjectFrom: 'document', publishesHere: false } as const
  return { ...need, repository: 'docker-local', ...changes }
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
  const response = fc.record({ status: fc.constantFrom(200, 200, 200, 400, 401, 403, 404, 409, 429, 500), body })

  test('have a verdict for any response of JFrog, and no secret is repeated', async () => {
    const state = desiredState([await needOf()])
    await fc.assert(
      fc.asyncProperty(fc.array(response, { minLength: 1, maxLength: 6 }), async (responses) => {
        const context = fakeContext({ environment: { JFROG_ACCESS_TOKEN: operatorToken } })
        context.secrets.add(new Redacted(operatorToken))
        let sent = 0
        const transport: Context['transport'] = async (request) => {
          assert.ok(request.url.startsWith(`${url}/a`) && !request.url.includes('..'), request.url)
          const { status, body: content } = responses[sent++ % responses.length] ?? { status: 500, body: '' }
          return { status, headers: {}, body: content }
        }
        for (const resource of jfrogResources(state, { ...context, transport })) {
          const finding = await resource.observe({ replace: ['lifetime', 'subjects', 'issuer'], sharing: 'refused' })
          assert.ok(['ok', 'create', 'update', 'grant', 'refused', 'unknown'].includes(finding.verdict))
          assert.ok(!JSON.stringify([finding.fault?.message, finding.changes, finding.notes]).includes(operatorToken))
          if (['refused', 'unknown'].includes(finding.verdict)) assert.ok(finding.fault !== undefined, finding.verdict)
          for (const { command } of finding.changes) assert.doesNotMatch(command, /\/\.\.(?:\/|$)/)
        }
      }),
      { numRuns: 150 },
    )
  })
})

test('a response of JFrog', async (t) => {
  const { jfrog, run, integrations, mappings, permissions } = await start(t)
  assert.equal((await run([...apply, '--no-verify'])).exitCode, 0)
  const [own] = mappings()
  assert.ok(own !== undefined)
  const state = () => JSON.stringify([integrations(), mappings(), permissions()])
  const before = state()
  const listed = (changes: object): SandboxResponse => ({ status: 200, body: [{ ...own, ...changes }] })
  const cases: Readonly<Record<string, readonly [response: SandboxResponse, seen: RegExp]>> = {
    'a sign-in page': [{ status: 200, body: '<!DOCTYPE html><p>Sign in' }, /not in JSON/],
    'two megabytes': [{ status: 200, body: `"${'b'.repeat(2_000_000)}"` }, /more than 1048576 bytes/],
    'a redirect': [{ status: 302, headers: { location: 'https://attacker.example.com/' } }, /a redirect/],
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
      listed({ name: 'a\nresource "terraform_data" "x" {}', claims: {}, token_spec: { username: 'guest' } }),
      /mapping a.resource "terraform_data" "x" \{\} with priority 1 also accepts/,
    ],
    'control characters in an error': [
      { status: 400, body: { errors: [{ message: `a\u001b[31m\nfix: ${'b'.repeat(5000)}` }] } },
      /"a \[31m fix: b+…"/,
    ],
  }
  for (const [title, [response, seen]] of Object.entries(cases)) {
    await t.test(`with ${title} changes nothing, and is reported without a secret`, async () => {
      const { faults } = jfrog.parts.tokens
      faults.inject({ kind: 'response', response }, { when: ({ path }) => path.endsWith('/identity_mappings') })
      for (const format of [[], ['-o', 'terraform'], ['-o', 'curl']]) {
        const { exitCode, stdout, stderr } = await run(['trust', 'plan', '--replace', 'subjects', ...format])
        assert.equal(exitCode, 1)
        assert.match(stderr, seen)
        assert.ok(stderr.length < 8000, `${stderr.length}`)
        assert.doesNotMatch(stdout + stderr, /attacker|\p{Cf}|(?!\n)\p{Cc}/u)
        assert.doesNotMatch(stdout, /^resource "terraform_data"/m)
        assert.ok(!(stdout + stderr).includes(jfrog.operator.token))
      }
      faults.clear()
      assert.equal(state(), before)
    })
  }
})
