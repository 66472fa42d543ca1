import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { SandboxResponse } from '../../../sandbox/serve/handler.ts'
import { PullpassError } from '../../../src/errors/pullpass-error.ts'
import type { CloudsmithSettings } from '../../../src/vendors/cloudsmith/settings.ts'
import { desiredState } from '../../../src/vendors/cloudsmith/trust/desired.ts'
import { cloudsmithResources, trust } from '../../../src/vendors/cloudsmith/trust/trust.ts'
import type { TrustNeed } from '../../../src/vendors/trust/contract.ts'
import fc from '../../support/fast-check.ts'
import {
  anyResponses,
  checkAnyResponse,
  checkResponses,
  longMessage,
  type ResponseCase,
  shownMessage,
  terraformLine,
  trustNeed,
} from '../trust-responses.ts'
import { apply, subject } from '../trust-runs.ts'
import { start } from './start-trust.ts'

const operatorKey = '0123456789abcdef0123456789abcdef01234567'

type Need = TrustNeed<CloudsmithSettings>

const needOf = async (changes?: Partial<Need>, fields = ''): Promise<Need> =>
  await trustNeed(
    trust,
    `hosts: [docker.cloudsmith.io], ${fields} cloudsmith: {organization: acme, service: puller, trust: {repositories: [images]}}`,
    changes,
  )

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

  test('have a verdict for any response of Cloudsmith, and no secret is repeated', async () => {
    const state = desiredState([await needOf()])
    await checkAnyResponse({
      resources: (context) => cloudsmithResources(state, context),
      body,
      environment: { CLOUDSMITH_API_KEY: operatorKey },
      token: operatorKey,
      replace: [],
    })
  })
})

test('a response of Cloudsmith', async (t) => {
  const { cloudsmith, run, providers, services } = await start(t)
  assert.equal((await run([...apply, '--no-verify'])).exitCode, 0)
  const [own] = providers()
  assert.ok(own !== undefined)
  const state = () => JSON.stringify([services(), providers()])
  const listed = (changes: object): SandboxResponse => ({ status: 200, body: [{ ...own, ...changes }] })
  const hundred = Array.from({ length: 100 }, (_, index) => ({ ...own, slug_perm: `id${index}`, name: `n${index}` }))
  const cases: Readonly<Record<string, ResponseCase>> = {
    ...anyResponses,
    'no list': [{ status: 200, body: { results: [] } }, /but it is no list/],
    'a list without an end': [
      { status: 200, body: hundred },
      /^RESPONSE_TOO_LARGE \(trust\): .*'s list .* does not end within 20 pages$/m,
    ],
    'an id that is a path': [listed({ slug_perm: '../../x' }), /it contains a provider without a valid slug/],
    'a service account that is a path': [
      listed({ service_accounts: ['../x'] }),
      /it contains a provider with a service account without a valid slug/,
    ],
    'another service account': [
      { status: 200, body: { slug: 'admin', name: 'admin' } },
      /but it is of another service account/,
      ({ path }) => path.endsWith('/services/puller/'),
    ],
    'the operator’s key': [listed({ name: cloudsmith.operator.key }), /but it repeats a credential/],
    'a line of Terraform in a claim': [listed({ claims: { sub: `x\n${terraformLine}` } }), /accepts tokens with sub x/],
    'many mappings': [
      { status: 200, body: hundred.slice(0, 21).map((one) => ({ ...one, mapping_claim: 'sub' })) },
      /has more than 20 providers with dynamic mappings/,
    ],
    'control characters in an error': [{ status: 400, body: { detail: longMessage } }, shownMessage],
  }
  await checkResponses(t, cases, {
    part: cloudsmith.parts.tokens,
    when: ({ path }) => path.endsWith('/openid-connect/'),
    run,
    commands: 'curl',
    replace: 'subjects',
    token: cloudsmith.operator.key,
    state,
  })
})
