import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { renderRecord } from '../../src/credential/pull-secret-record.ts'
import type { Document } from '../../src/document/document.ts'
import type { PullSecretMetadata } from '../../src/kubernetes/objects/pull-secrets.ts'
import { mintFingerprint } from '../../src/refresh/exchange-requests.ts'
import { evaluateFreshness } from '../../src/refresh/freshness.ts'
import fc from '../support/fast-check.ts'
import { foundSecret, manager, ownedBy, owners } from './found-secret.ts'
import { documentOf, registry } from './test-document.ts'

const now = new Date('2026-11-24T12:00:00Z')
const document = documentOf([registry('one'), registry('two')])
const need = { document, minRemainingMs: 30 * 60_000 }

const evaluate = (found: PullSecretMetadata | undefined, required: typeof need) =>
  evaluateFreshness(required.document, { minRemainingMs: required.minRemainingMs, now })('team-a', found)

/** As a run of `document` leaves it, both entries with this life left. */
function annotationsOf(written: Document, minutesLeft: readonly number[] = [60, 60], target = 'team-a/regcred') {
  const registries = new Map(
    written.registries.map((each, index) => [
      each.name,
      {
        hosts: each.hosts,
        expiresAt: new Date(now.getTime() + (minutesLeft[index] ?? 60) * 60_000),
        mintedFrom: mintFingerprint(written, each),
      },
    ]),
  )
  return renderRecord({ document: 'ClusterPullSecret/pull', target, refreshedAt: now, registries })
}

suite('a pull secret is fresh', () => {
  test('where every entry lives long enough', () => {
    assert.equal(evaluate(foundSecret({ annotations: annotationsOf(document) }), need), 'fresh')
    assert.equal(evaluate(foundSecret({ annotations: annotationsOf(document, [30, 30]) }), need), 'fresh')
  })

  test('exactly while the shortest remaining lifetime is at least the required one', () => {
    const minutes = fc.integer({ min: -60, max: 120 })
    fc.assert(
      fc.property(minutes, minutes, fc.nat(120), (one, two, required) => {
        const found = foundSecret({ annotations: annotationsOf(document, [one, two]) })
        const fresh = evaluate(found, { ...need, minRemainingMs: required * 60_000 }) === 'fresh'
        assert.equal(fresh, Math.min(one, two) >= required)
      }),
    )
  })

  test('only where our manager owns its data, its label and all its annotations', () => {
    fc.assert(
      fc.property(owners, (held) => {
        const found = foundSecret({ owners: held, annotations: annotationsOf(document) })
        const fields = [held.data, held.label, ...held.annotations.values()]
        const ours = fields.every((names) => names.includes(manager))
        assert.equal(evaluate(found, need), ours ? 'fresh' : 'due')
      }),
    )
  })

  const [one, two] = [registry('one'), registry('two')]
  const others: Record<string, Document> = {
    'another account': documentOf([
      one,
      { ...two, settings: { ...two.settings, serviceAccountEmail: 'x@y.iam.gserviceaccount.com' } },
    ]),
    'another identity': { ...document, serviceAccountRef: { namespace: 'a', name: 'b' } },
    'another token file': documentOf([one, { ...two, tokenFile: '/other' }]),
    'another audience': documentOf([one, { ...two, audience: 'other' }]),
    'another host': documentOf([one, registry('two', ['other.example.com'])]),
    'one host more': documentOf([one, registry('two', ['two.example.com', 'more.example.com'])]),
    'one registry more': documentOf([one, two, registry('three')]),
    'one registry less': documentOf([one]),
  }
  for (const [name, changed] of Object.entries(others)) {
    test(`not where the document now wants ${name}`, () => {
      const found = foundSecret({ annotations: annotationsOf(document) })
      assert.equal(evaluate(found, { ...need, document: changed }), 'due')
    })
  }

  const annotations = annotationsOf(document)
  const states: Record<string, ReturnType<typeof foundSecret> | undefined> = {
    'where there is none': undefined,
    'where it is a copy from another namespace': foundSecret({
      annotations: annotationsOf(document, [60, 60], 'default/regcred'),
    }),
    'where it is a copy under another name': foundSecret({
      annotations: annotationsOf(document, [60, 60], 'team-a/other'),
    }),
    'where only another manager owns the label': foundSecret({ annotations, owners: ownedBy({ label: ['argocd'] }) }),
    'where no manager owns the label': foundSecret({ annotations, owners: ownedBy({ label: [] }) }),
    'where it still holds an entry that the document no longer names': foundSecret({
      annotations: annotationsOf(documentOf([registry('one'), registry('two'), registry('three')])),
    }),
  }
  for (const [name, found] of Object.entries(states)) {
    test(`not ${name}`, () => assert.equal(evaluate(found, need), 'due'))
  }

  test('not where an entry states a longer lifetime than any provider grants', () => {
    const hours = (remaining: number) => foundSecret({ annotations: annotationsOf(document, [60, remaining * 60]) })
    assert.equal(evaluate(hours(12), need), 'fresh')
    assert.equal(evaluate(hours(12.2), need), 'due')
    assert.equal(evaluate(hours(24 * 365 * 1000), need), 'due')
  })

  test('nor by any annotations of another client', () => {
    const names = Object.keys(annotationsOf(document))
    const made = fc.dictionary(fc.constantFrom(...names), fc.oneof(fc.string(), fc.json()))
    fc.assert(
      fc.property(made, (theirs) => {
        assert.equal(evaluate(foundSecret({ annotations: theirs }), need), 'due')
      }),
    )
  })
})
