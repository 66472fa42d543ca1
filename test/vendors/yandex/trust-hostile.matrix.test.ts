import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { SandboxResponse } from '../../../sandbox/serve/handler.ts'
import type { Federation } from '../../../sandbox/yandex/cloud-state.ts'
import type { TrustNeed } from '../../../src/vendors/trust/contract.ts'
import type { YandexSettings } from '../../../src/vendors/yandex/settings.ts'
import { desiredState } from '../../../src/vendors/yandex/trust/desired.ts'
import { trust, yandexResources } from '../../../src/vendors/yandex/trust/trust.ts'
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

const operatorToken = `t1.${'operator'.repeat(4)}.0123456789`
const registryId = 'crpexample0123456789'

const needOf = async (changes?: Partial<TrustNeed<YandexSettings>>): Promise<TrustNeed<YandexSettings>> =>
  await trustNeed(
    trust,
    `hosts: [cr.yandex], yandex: {serviceAccountId: ajeexample0123456789, trust: {repositories: [${registryId}]}}`,
    changes,
  )

suite('the resources at Yandex Cloud', () => {
  test('are one federation for each cluster and service account, with all subjects, and one role for each repository', async () => {
    const need = await needOf()
    const cluster = { ...need.cluster, name: 'second', issuer: 'https://second.example.com' }
    const other = { ...need, subject: 'system:serviceaccount:image-system:other', repository: `${registryId}/team/app` }
    const { accounts, roles } = desiredState([need, other, { ...need, cluster }])
    assert.deepEqual(
      accounts.map(({ id, clusters, federations }) => [
        id,
        clusters.length,
        federations.map(({ subjects }) => subjects),
      ]),
      [['ajeexample0123456789', 2, [['system:serviceaccount:image-system:other', subject], [subject]]]],
    )
    assert.deepEqual(
      roles.map(({ on, accounts: many }) => [on, many]),
      [
        [registryId, 'one'],
        [`${registryId}/team/app`, 'one'],
      ],
    )
    assert.throws(
      () => desiredState([need, { ...need, cluster: { ...need.cluster, name: 'second' } }]),
      /the clusters cluster and second have the same issuer/,
    )
    const names = accounts.flatMap(({ federations }) => federations.map(({ name }) => name))
    assert.equal(new Set(names).size, 2)
    for (const name of names) assert.match(name, /^[a-z][-a-z0-9]{1,61}[a-z0-9]$/)
  })

  const text = fc.oneof(
    fc.string(),
    fc.constant(operatorToken),
    fc.constantFrom(subject, 'https://issuer.example.com', registryId, 'ACTIVE', 'serviceAccount'),
  )
  const item = fc.record(
    {
      id: text,
      name: text,
      folderId: text,
      status: text,
      issuer: text,
      jwksUrl: text,
      audiences: fc.oneof(fc.array(text), text),
      description: text,
      enabled: fc.oneof(fc.boolean(), text),
      federationId: text,
      externalSubjectId: text,
      roleId: text,
      subject: fc.record({ id: text, type: text }),
      nextPageToken: text,
    },
    { requiredKeys: [] },
  )
  const listed = (field: string) => fc.array(item, { maxLength: 5 }).map((items) => JSON.stringify({ [field]: items }))
  const body = fc.oneof(
    fc.json(),
    fc.string(),
    item.map((one) => JSON.stringify(one)),
    ...['federations', 'federatedCredentials', 'repositories', 'accessBindings'].map(listed),
    fc.record({ code: fc.integer({ min: 0, max: 17 }), message: text }).map((error) => JSON.stringify(error)),
  )

  test('have a verdict for any response of Yandex Cloud, and no secret is repeated', async () => {
    const state = desiredState([await needOf(), await needOf({ repository: `${registryId}/team/app` })])
    await checkAnyResponse({
      resources: (context) => yandexResources(state, context),
      body,
      environment: { YC_TOKEN: operatorToken },
      token: operatorToken,
      replace: [],
    })
  })
})

test('a response of IAM', async (t) => {
  const { yandex, run, federations, credentials } = await start(t)
  assert.equal((await run([...apply, '--no-verify'])).exitCode, 0)
  const [own] = federations()
  assert.ok(own !== undefined)
  const state = () => JSON.stringify([federations(), credentials()])
  const listed = (changes: Partial<Record<keyof Federation | 'enabled', unknown>>): SandboxResponse => ({
    status: 200,
    body: { federations: [{ ...own, enabled: true, ...changes }] },
  })
  const cases: Readonly<Record<string, ResponseCase>> = {
    ...anyResponses,
    'a list without an end': [
      { status: 200, body: { federations: [], nextPageToken: 'again' } },
      /^RESPONSE_TOO_LARGE \(trust\): .*'s list .* does not end within 20 pages$/m,
    ],
    'an id that is a path': [listed({ id: '../../x' }), /it contains a federation without a valid id/],
    'the operator’s token': [listed({ description: yandex.operator.token }), /but it repeats a credential/],
    'a line of Terraform in an issuer': [
      listed({ issuer: `https://a.example.com\n${terraformLine}` }),
      /has the issuer https:\/\/a\.example\.com/,
    ],
    'control characters in an error': [{ status: 400, body: { code: 9, message: longMessage } }, shownMessage],
  }
  await checkResponses(t, cases, {
    part: yandex.parts.iam,
    when: ({ path }) => path.endsWith('/oidc/federations'),
    run,
    commands: 'yc',
    replace: 'subjects',
    token: yandex.operator.token,
    state,
  })
})

suite('an operation at Yandex Cloud', () => {
  const responding = async (t: Parameters<typeof start>[0], body: object) => {
    const started = await start(t)
    const { iam } = started.yandex.parts
    iam.faults.inject(
      { kind: 'response', response: { status: 200, body } },
      { when: ({ method }) => method === 'POST' },
    )
    return { ...started, applied: await started.run(apply) }
  }

  test('that failed is reported with its reason, and nothing is granted', async (t) => {
    const error = { code: 7, message: 'Linking service accounts is prohibited by an access policy' }
    const { applied, bindings } = await responding(t, { id: 'ajeoperation00000000', done: true, error })
    assert.equal(applied.exitCode, 1)
    assert.match(
      applied.stderr,
      /^TRUST_DENIED \(trust\): Yandex Cloud's operation ajeoperation00000000 failed: "Linking service accounts is prohibited by an access policy"$/m,
    )
    assert.deepEqual(bindings(), [])
  })

  test('whose id is a path is not requested', async (t) => {
    const { applied, yandex } = await responding(t, { id: '../iam/v1/tokens', done: false })
    assert.equal(applied.exitCode, 1)
    assert.match(applied.stderr, /^RESPONSE_MALFORMED \(trust\): .* but it names no operation$/m)
    assert.deepEqual(yandex.parts.operation.seen, [])
  })
})
