import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { SandboxResponse } from '../../../sandbox/serve/handler.ts'
import { loadDocuments } from '../../../src/document/load-documents.ts'
import { PullpassError } from '../../../src/errors/pullpass-error.ts'
import type { Context } from '../../../src/http/context.ts'
import { Redacted } from '../../../src/text/redacted.ts'
import type { CloudsmithSettings } from '../../../src/vendors/cloudsmith/settings.ts'
import { desiredState } from '../../../src/vendors/cloudsmith/trust/desired.ts'
import { cloudsmithResources, trust } from '../../../src/vendors/cloudsmith/trust/trust.ts'
import type { TrustNeed } from '../../../src/vendors/trust/contract.ts'
import { vendors } from '../../../src/vendors/vendors.ts'
import { fakeContext } from '../../support/fake-context.ts'
import fc from '../../support/fast-check.ts'
import { documentOf } from '../exchange-registry.ts'
import { apply, start, subject } from './start-trust.ts'

const operatorKey = '0123456789abcdef0123456789abcdef01234567'

type Need = TrustNeed<CloudsmithSettings>

async function needOf(changes: Partial<Need> = {}, registryFields = ''): Promise<Need> {
  const text = documentOf(
    `hosts: [docker.cloudsmith.io], ${registryFields} cloudsmith: {organization: acme, service: puller, trust: {repositories: [images]}}`,
  )
  const [document] = await loadDocuments(['-'], { environment: {}, readInput: async () => text, vendors })
  const [registry] = document?.registries ?? []
  assert.ok(document !== undefined && registry !== undefined)
  const ids = { trustDomainId: undefined, issuerId: undefined }
  const cluster = { name: 'cluster', issuer: 'https://issuer.example.com', keys: [], ...ids }
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- its vendor is cloudsmith
  const own = registry as Need['registry']
  const need = { document, registry: own, cluster, subject, subjectFrom: 'document', publishesHere: false } as const
  return { ...need, repository: trust.repository(own.settings), ...changes }
}

suite('the resources at Cloudsmith', () => {
  test('are a provider for each issuer, subject and audience, and a privilege for each service account and repository', async () => {
    const need = await needOf()
    const cluster = { ...need.cluster, name: 'second', issuer: 'https://second.example.com' }
    const other = { ...need, subject: 'system:serviceaccount:image-system:other', repository: 'acme/images, acme/base' }
    const settings = { ...need.registry.settings, service: 'second' }
    const second = { ...need, registry: { ...need.registry, settings } }
    const { services, providers, privileges } = desiredState([need, other, second, { ...need, cluster }])
    assert.deepEqual(
      services.map((one) => [one.slug, one.clusters.length, one.providers.length]),
      [
        ['puller', 2, 3],
        ['second', 1, 1],
      ],
    )
    assert.deepEqual(
      providers.map((one) => [one.issuer, one.subject, one.services]),
      [
        ['https://issuer.example.com', subject, ['puller', 'second']],
        ['https://issuer.example.com', 'system:serviceaccount:image-system:other', ['puller']],
        ['https://second.example.com', subject, ['puller']],
      ],
    )
    assert.equal(new Set(providers.map(({ name }) => name)).size, 3)
    assert.deepEqual(
      privileges.map(({ service, repository, services: many }) => [service.slug, repository, many]),
      [
        ['puller', 'images', 'several'],
        ['puller', 'base', 'one'],
        ['second', 'images', 'several'],
      ],
    )
  })

  test('are refused where they would accept more than the documents, or reach another place', async () => {
    const need = await needOf()
    const withSettings = (settings: Partial<CloudsmithSettings>) => ({
      ...need,
      registry: { ...need.registry, settings: { ...need.registry.settings, ...settings } },
    })
    const cases: Readonly<Record<string, readonly [needs: readonly Need[], seen: RegExp]>> = {
      'an audience that is a prefix': [
        [{ ...need, registry: { ...need.registry, audience: 'https://api.*' } }],
        /has the audience https:\/\/api\.\*$/,
      ],
      'a repository of another organization': [
        [{ ...need, repository: 'other/images' }],
        /names the repository other\/images$/,
      ],
      'no repository': [[{ ...need, repository: undefined }], /does not name the repositories that are pulled$/],
      'two endpoints of an organization': [
        [need, withSettings({ endpoint: 'https://other.example.com' })],
        /has the endpoints https:\/\/api\.cloudsmith\.io and https:\/\/other\.example\.com$/,
      ],
      'one issuer of two clusters': [
        [need, { ...need, cluster: { ...need.cluster, name: 'second' } }],
        /the clusters cluster and second have the same issuer/,
      ],
    }
    for (const [title, [needs, seen]] of Object.entries(cases)) {
      assert.throws(
        () => desiredState(needs),
        (fault) => fault instanceof PullpassError && seen.test(fault.seen),
        title,
      )
    }
  })

  const text = fc.oneof(
    fc.string(),
    fc.constant(operatorKey),
    fc.constantFrom(subject, 'https://issuer.example.com', 'https://api.cloudsmith.io', 'puller', 'Manager', 'Read'),
  )
  const claims = fc.oneof(fc.json(), fc.record({ sub: text, aud: fc.oneof(text, fc.array(text)) }), text)
  const item = fc.record(
    {
      slug: text,
      slug_perm: text,
      name: text,
      description: text,
      role: text,
      key: text,
      teams: fc.oneof(fc.array(fc.record({ slug: text, role: text })), text),
      provider_url: text,
      enabled: fc.oneof(fc.boolean(), text),
      claims,
      service_accounts: fc.oneof(fc.array(text), text),
      mapping_claim: fc.oneof(fc.constant(null), text),
      claim_value: text,
      service_account: text,
      privilege: text,
      service: fc.oneof(fc.constant(null), text),
      user: fc.oneof(fc.constant(null), text),
    },
    { requiredKeys: [] },
  )
  const items = fc.array(item, { maxLength: 5 })
  const body = fc.oneof(
    fc.json(),
    fc.string(),
    item.map((one) => JSON.stringify(one)),
    items.map((list) => JSON.stringify(list)),
    items.map((privileges) => JSON.stringify({ privileges })),
    fc.record({ detail: text, fields: fc.dictionary(text, fc.array(text)) }).map((error) => JSON.stringify(error)),
  )
  const response = fc.record({ status: fc.constantFrom(200, 200, 200, 400, 403, 404, 422, 429, 500), body })

  test('have a verdict for any response of Cloudsmith, and no secret is repeated', async () => {
    const state = desiredState([await needOf()])
    await fc.assert(
      fc.asyncProperty(fc.array(response, { minLength: 1, maxLength: 6 }), async (responses) => {
        const context = fakeContext({ environment: { CLOUDSMITH_API_KEY: operatorKey } })
        context.secrets.add(new Redacted(operatorKey))
        let sent = 0
        const transport: Context['transport'] = async () => {
          const { status, body: content } = responses[sent++ % responses.length] ?? { status: 500, body: '' }
          return { status, headers: {}, body: content }
        }
        for (const resource of cloudsmithResources(state, { ...context, transport })) {
          const finding = await resource.observe({ replace: [], sharing: 'refused' })
          assert.ok(['ok', 'create', 'update', 'grant', 'refused', 'unknown'].includes(finding.verdict))
          assert.ok(!JSON.stringify([finding.fault?.message, finding.changes, finding.notes]).includes(operatorKey))
          if (['refused', 'unknown'].includes(finding.verdict)) assert.ok(finding.fault !== undefined, finding.verdict)
        }
      }),
      { numRuns: 100 },
    )
  })
})

test('a response of Cloudsmith', async (t) => {
  const { cloudsmith, run, providers, services } = await start(t)
  assert.equal((await run([...apply, '--no-verify'])).exitCode, 0)
  const [own] = providers()
  assert.ok(own !== undefined)
  const state = () => JSON.stringify([services(), providers()])
  const before = state()
  const listed = (changes: object): SandboxResponse => ({ status: 200, body: [{ ...own, ...changes }] })
  const hundred = Array.from({ length: 100 }, (_, index) => ({ ...own, slug_perm: `id${index}`, name: `n${index}` }))
  const cases: Readonly<Record<string, readonly [response: SandboxResponse, seen: RegExp]>> = {
    'a sign-in page': [{ status: 200, body: '<!DOCTYPE html><p>Sign in' }, /without a known reason|not in JSON/],
    'two megabytes': [{ status: 200, body: `"${'b'.repeat(2_000_000)}"` }, /more than 1048576 bytes/],
    'a redirect': [{ status: 302, headers: { location: 'https://attacker.example.com/' } }, /a redirect/],
    'no list': [{ status: 200, body: { results: [] } }, /but it is no list/],
    'a list without an end': [{ status: 200, body: hundred }, /the list has more than 20 pages/],
    'an id that is a path': [listed({ slug_perm: '../../x' }), /it contains a provider without a valid slug/],
    'a service account that is a path': [
      listed({ service_accounts: ['../x'] }),
      /it contains a provider with a service account without a valid slug/,
    ],
    'the operator’s key': [listed({ name: cloudsmith.operator.key }), /but it repeats a credential/],
    'a line of Terraform in a claim': [
      listed({ claims: { sub: 'x\nresource "terraform_data" "x" {}' } }),
      /accepts tokens with sub x/,
    ],
    'many mappings': [
      { status: 200, body: hundred.slice(0, 21).map((one) => ({ ...one, mapping_claim: 'sub' })) },
      /has more than 20 providers with dynamic mappings/,
    ],
    'control characters in an error': [
      { status: 400, body: { detail: `a\u001b[31m\nfix: ${'b'.repeat(5000)}` } },
      /"a \[31m fix: b+…"/,
    ],
  }
  for (const [title, [response, seen]] of Object.entries(cases)) {
    await t.test(`with ${title} changes nothing, and is reported without a secret`, async () => {
      const { faults, seen: requests } = cloudsmith.parts.tokens
      const earlier = requests.length
      faults.inject({ kind: 'response', response }, { when: ({ path }) => path.endsWith('/openid-connect/') })
      for (const format of [[], ['-o', 'terraform'], ['-o', 'curl']]) {
        const { exitCode, stdout, stderr } = await run(['trust', 'plan', '--replace', 'subjects', ...format])
        assert.equal(exitCode, 1)
        assert.match(stderr, seen)
        assert.ok(stderr.length < 8000, `${stderr.length}`)
        assert.doesNotMatch(stdout + stderr, /attacker|\p{Cf}|(?!\n)\p{Cc}/u)
        assert.doesNotMatch(stdout, /^resource "terraform_data"/m)
        assert.ok(!(stdout + stderr).includes(cloudsmith.operator.key))
      }
      faults.clear()
      assert.equal(state(), before)
      assert.ok(requests.length - earlier <= 3 * (2 * 20 + 2), `${requests.length - earlier} requests`)
    })
  }
})
