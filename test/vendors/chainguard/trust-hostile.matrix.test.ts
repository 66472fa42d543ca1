import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { SandboxResponse } from '../../../sandbox/serve/handler.ts'
import type { ChainguardSettings } from '../../../src/vendors/chainguard/settings.ts'
import { desiredState } from '../../../src/vendors/chainguard/trust/desired.ts'
import { chainguardResources, trust } from '../../../src/vendors/chainguard/trust/trust.ts'
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
import { folder, identityUid, organization, start } from './start-trust.ts'

const operatorToken = `${'operator'.repeat(4)}.${'operator'.repeat(4)}.0123456789`

const needOf = async (): Promise<TrustNeed<ChainguardSettings>> =>
  await trustNeed(
    trust,
    `hosts: [cgr.dev], chainguard: {identity: ${identityUid}, trust: {repositories: [example.com, example.com/team]}}`,
  )

suite('the resources at Chainguard', () => {
  test('are one identity for the token of a ServiceAccount, and one role for each folder', async () => {
    const need = await needOf()
    const { identities, bindings } = desiredState([need, { ...need, repository: 'example.com/other' }])
    assert.deepEqual(
      identities.map(({ uid, issuer, subject: sub, audience, usualAudiences }) => [
        uid,
        issuer,
        sub,
        audience,
        usualAudiences,
      ]),
      [
        [
          identityUid,
          'https://issuer.example.com',
          subject,
          'https://issuer.enforce.dev',
          ['https://issuer.enforce.dev', 'issuer.enforce.dev'],
        ],
      ],
    )
    assert.deepEqual(
      bindings.map(({ on, namespaces }) => [on, namespaces]),
      ['example.com', 'example.com/team', 'example.com/other'].map((on) => [on, ['image-system']]),
    )
    assert.match(identities[0]?.name ?? '', /^pullpass-[0-9a-f]{12}-[0-9a-f]{12}$/)
  })

  test('are refused for several clusters, since an identity is for one issuer', async () => {
    const need = await needOf()
    const cluster = { ...need.cluster, name: 'second', issuer: 'https://second.example.com' }
    assert.throws(() => desiredState([need, { ...need, cluster }]), {
      code: 'DOCUMENT_INVALID',
      message: /is for tokens with the issuer https:\/\/issuer\.example\.com and https:\/\/second\.example\.com/,
    })
    assert.throws(() => desiredState([need, { ...need, cluster: { ...cluster, issuer: need.cluster.issuer } }]), {
      code: 'USAGE_INVALID',
      message: /the clusters cluster and second have the same issuer/,
    })
  })

  const text = fc.oneof(
    fc.string(),
    fc.constant(operatorToken),
    fc.constantFrom(
      subject,
      'https://issuer.example.com',
      'https://issuer.enforce.dev',
      'registry.pull',
      'example.com',
    ),
    fc.constantFrom(
      identityUid,
      organization,
      folder,
      `${folder}/0123`,
      '2026-11-20T00:00:00Z',
      '2027-01-01T00:00:00Z',
    ),
  )
  const match = fc.dictionary(
    fc.constantFrom('issuer', 'issuerPattern', 'subject', 'subjectPattern', 'audience', 'audiencePattern'),
    text,
  )
  const item = fc.record(
    {
      uid: text,
      name: text,
      description: text,
      claimMatch: fc.oneof(match, text),
      staticKeys: fc.record({
        issuer: text,
        subject: text,
        issuerKeys: text,
        expirationTime: text,
        audiences: fc.array(text),
      }),
      identity: fc.record({ uid: text }),
      group: fc.record({ uid: text, name: text }),
      role: fc.record({ uid: text, name: text }),
      nextPageToken: text,
    },
    { requiredKeys: [] },
  )
  const listed = (field: string) => fc.array(item, { maxLength: 5 }).map((items) => JSON.stringify({ [field]: items }))
  const body = fc.oneof(
    fc.json(),
    fc.string(),
    item.map((one) => JSON.stringify(one)),
    item.map((one) => JSON.stringify({ ...one, uid: identityUid })),
    ...['identities', 'groups', 'roles', 'roleBindings'].map(listed),
    fc.record({ code: fc.integer({ min: 0, max: 17 }), message: text }).map((error) => JSON.stringify(error)),
  )

  test('have a verdict for any response of Chainguard, and no secret is repeated', async () => {
    const state = desiredState([await needOf()])
    await checkAnyResponse({
      resources: (context) => chainguardResources(state, context),
      body,
      environment: { PULLPASS_CHAINGUARD_TOKEN: operatorToken },
      token: operatorToken,
      replace: ['issuer', 'subject'],
    })
  })
})

test('a response of Chainguard', async (t) => {
  const { chainguard, run, identity, bindings } = await start(t)
  const own = identity() ?? assert.fail()
  const state = () => JSON.stringify([identity(), bindings()])
  const returning = (changes: object): SandboxResponse => ({ status: 200, body: { ...own, ...changes } })
  const ofIdentity = ({ path }: { readonly path: string }) => path.endsWith(identityUid)
  const ofBindings = ({ path }: { readonly path: string }) => path.startsWith('/iam/v2/roleBindings')
  const line = `https://a.example.com\n${terraformLine}`
  const cases: Readonly<Record<string, ResponseCase>> = {
    ...anyResponses,
    'another identity': [returning({ uid: `${organization}/0123` }), /but it contains identity \w+\/0123$/m],
    'an id that is a path': [returning({ uid: '../../x' }), /but it contains an identity without a valid id$/m],
    'the operator’s token': [returning({ description: chainguard.operator.token }), /but it repeats a credential/],
    'a line of Terraform in an issuer': [
      returning({ claimMatch: { issuer: line, subject } }),
      /identity \S+ is for issuer https:\/\/a\.example\.com/,
    ],
    'a hundred thousand characters of keys': [
      returning({
        claimMatch: undefined,
        staticKeys: {
          issuer: own.claimMatch?.issuer,
          subject,
          issuerKeys: JSON.stringify({ keys: [{ kty: 'RSA', kid: 'a', n: 'A'.repeat(100_000), e: 'AQAB' }] }),
        },
      }),
      /identity \S+ stores its keys, without the key \S+ of the cluster$/m,
    ],
    'control characters in an error': [{ status: 400, body: { code: 9, message: longMessage } }, shownMessage],
    'a list without an end': [
      { status: 200, body: { roleBindings: [], nextPageToken: 'again' } },
      /^RESPONSE_TOO_LARGE \(trust\): .*'s list .* does not end within 20 pages$/m,
      ofBindings,
    ],
    'a role binding whose id is a path': [
      { status: 200, body: { roleBindings: [{ uid: `${organization}/../x`, identity: { uid: identityUid } }] } },
      /but it contains a role binding without a valid id$/m,
      ofBindings,
    ],
  }
  const world = { run, commands: 'chainctl', replace: 'subject', token: chainguard.operator.token, state }
  await checkResponses(t, cases, { part: chainguard.parts.api, when: ofIdentity, ...world })

  await t.test('with a line of Terraform in a pattern that is replaced prints none', async () => {
    const { issuer = '', audience = '' } = own.claimMatch ?? {}
    const response = returning({ claimMatch: { issuer, subjectPattern: line, audience } })
    chainguard.parts.api.faults.inject({ kind: 'response', response }, { when: ofIdentity })
    for (const format of [[], ['-o', 'terraform'], ['-o', 'chainctl']]) {
      const { stdout } = await run(['trust', 'plan', '--replace', 'subject', ...format])
      assert.match(stdout, format.length === 0 ? /update identity/ : /identities update|chainguard_identity/)
      assert.doesNotMatch(stdout, /^resource "terraform_data"/m)
    }
    chainguard.parts.api.faults.clear()
  })

  await t.test('to a removal with an id that is a path deletes nothing else', async () => {
    assert.equal((await run([...apply, '--no-verify'])).exitCode, 0)
    const response = {
      status: 200,
      body: { roleBindings: [{ uid: '../identities/x', identity: { uid: identityUid } }] },
    }
    chainguard.parts.api.faults.inject({ kind: 'response', response }, { when: ofBindings })
    const destroyed = await run(['trust', 'destroy', '--yes'])
    assert.equal(destroyed.exitCode, 1)
    assert.deepEqual(
      chainguard.parts.api.seen.filter(({ method }) => method === 'DELETE'),
      [],
    )
  })
})
