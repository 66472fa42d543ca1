import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { clusterIds } from '../../../src/commands/trust/cluster-ids.ts'
import { idOfContext } from '../../../src/trust/clusters.ts'
import { createdId } from '../../../src/vendors/gcp/names.ts'
import { anyText } from '../../support/any-text.ts'
import fc from '../../support/fast-check.ts'

/** The syntax of ids at Google. */
const rules = [createdId]
const google = { clusterIds: { trustDomainId: createdId, issuerId: createdId } }
const setups = [google]
const withRole = { clusterIds: { trustDomainId: createdId } }
const withoutIds = { clusterIds: {} }

const none = {
  context: [] as readonly string[],
  'trust-domain-id': [] as readonly string[],
  'issuer-id': [] as readonly string[],
  'share-trust-domain': false,
}

suite('the ids of several clusters', () => {
  test('are a pool for each, and a provider for each in a shared pool', () => {
    const context = ['prod-1', 'dev-1']
    assert.deepEqual(
      [...clusterIds('trust plan', { ...none, context }, setups)],
      [
        ['prod-1', { trustDomainId: 'prod-1', issuerId: undefined }],
        ['dev-1', { trustDomainId: 'dev-1', issuerId: undefined }],
      ],
    )
    assert.deepEqual(
      [...clusterIds('trust plan', { ...none, context, 'share-trust-domain': true }, setups)],
      [
        ['prod-1', { trustDomainId: undefined, issuerId: 'prod-1' }],
        ['dev-1', { trustDomainId: undefined, issuerId: 'dev-1' }],
      ],
    )
  })

  test('of one context are those of the document, without flags for ids', () => {
    const context = ['prod-1']
    const document = { trustDomainId: undefined, issuerId: undefined }
    assert.deepEqual(clusterIds('trust plan', { ...none, context }, setups).get('prod-1'), document)
    const chosen = clusterIds('trust plan', { ...none, context, 'trust-domain-id': ['prod-1=prod'] }, setups)
    assert.deepEqual(chosen.get('prod-1'), { ...document, trustDomainId: 'prod' })
  })

  test('are not derived where no vendor of the documents has such ids', () => {
    const context = ['prod-1', 'dev-1']
    const document = { trustDomainId: undefined, issuerId: undefined }
    const shared = { ...none, context, 'share-trust-domain': true }
    assert.deepEqual([...clusterIds('trust plan', { ...none, context }, [withoutIds]).values()], [document, document])
    assert.deepEqual([...clusterIds('trust plan', shared, [withRole]).values()], [document, document])
    assert.deepEqual(
      [...clusterIds('trust plan', { ...none, context }, [withoutIds, withRole]).values()],
      [
        { trustDomainId: 'prod-1', issuerId: undefined },
        { trustDomainId: 'dev-1', issuerId: undefined },
      ],
    )
  })

  for (const [flag, own] of [
    ['issuer-id', [withRole]],
    ['issuer-id', [withoutIds, withRole]],
    ['trust-domain-id', [withoutIds]],
  ] as const) {
    test(`are refused where the flag has no effect: --${flag} with ${own.length} vendors`, () => {
      const flags = { ...none, context: ['a'], [flag]: ['a=prod'] }
      const seen = `--${flag} has no effect: no vendor of the documents has such an id`
      assert.throws(() => clusterIds('trust plan', flags, own), { code: 'USAGE_INVALID', seen })
      assert.doesNotThrow(() => clusterIds('trust plan', flags, [...own, google]))
    })
  }

  const refused: Record<string, [flags: Partial<typeof none>, seen: RegExp]> = {
    'the same pool twice': [
      { context: ['a', 'b'], 'trust-domain-id': ['a=prod', 'b=prod'] },
      /two contexts have the trust domain ID prod/,
    ],
    'the same provider twice in a shared pool': [
      { context: ['a', 'b'], 'issuer-id': ['a=prod', 'b=prod'], 'share-trust-domain': true },
      /two contexts have the issuer ID prod/,
    ],
    'a pool id with a shared pool': [
      { context: ['a', 'b'], 'trust-domain-id': ['a=prod'], 'share-trust-domain': true },
      /--trust-domain-id is given with --share-trust-domain/,
    ],
    'an id that Google keeps for itself': [
      { context: ['a'], 'trust-domain-id': ['a=gcp-prod'] },
      /--trust-domain-id is "a=gcp-prod"/,
    ],
  }
  for (const [title, [flags, seen]] of Object.entries(refused)) {
    test(`are refused: ${title}`, () => {
      assert.throws(() => clusterIds('trust plan', { ...none, ...flags }, setups), { code: 'USAGE_INVALID', seen })
    })
  }
})

suite('the id derived from the name of a context', () => {
  test('is the name if Google accepts it', () => {
    assert.equal(idOfContext('prod-1', rules), 'prod-1')
  })

  test('is otherwise the part that Google accepts, with digits that make it unique', () => {
    const ids = ['gke_project_europe-west1_prod', 'GKE_project_europe-west1_prod', 'dev', 'gcp-prod', '***'].map(
      (name) => idOfContext(name, rules),
    )
    assert.match(ids[0] ?? '', /^gke-project-europe-west1-[0-9a-f]{6}$/)
    assert.match(ids[2] ?? '', /^dev-[0-9a-f]{6}$/)
    assert.match(ids[3] ?? '', /^prod-[0-9a-f]{6}$/)
    assert.match(ids[4] ?? '', /^cluster-[0-9a-f]{6}$/)
    assert.equal(new Set(ids).size, ids.length)
  })

  test('is accepted by Google for any name', () => {
    fc.assert(
      fc.property(anyText(), (name) => {
        assert.match(idOfContext(name, rules), /^(?!gcp-)[a-z0-9-]{4,32}$/)
      }),
    )
  })
})
