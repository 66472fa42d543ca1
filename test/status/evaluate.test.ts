import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { renderRecord } from '../../src/credential/pull-secret-record.ts'
import type { AnyPullSecret } from '../../src/kubernetes/objects/pull-secrets.ts'
import { createEvaluation } from '../../src/status/evaluate.ts'
import { createFactsReader } from '../../src/status/facts.ts'
import { annotatedBy, foundSecret, manager, ownedBy } from '../refresh/found-secret.ts'
import { anyText } from '../support/any-text.ts'
import fc from '../support/fast-check.ts'

const at = (time: string) => new Date(`2026-11-24T${time}Z`)

const pullSecretFacts = createFactsReader()
const evaluateStatus = (facts: ReturnType<typeof pullSecretFacts>, now: Date) => createEvaluation(now)(facts)

/** Refreshed at 12:00; google expires at 13:00. */
function secretOf(changes: Partial<AnyPullSecret> = {}): AnyPullSecret {
  const annotations = renderRecord({
    document: 'ClusterPullSecret/pull',
    target: 'team-a/regcred',
    refreshedAt: at('12:00:00'),
    registries: new Map([['google', { hosts: ['europe-docker.pkg.dev'], expiresAt: at('13:00:00'), mintedFrom: 'x' }]]),
  })
  const found = foundSecret({ annotations })
  return { ...found, name: 'regcred', createdAt: undefined, writtenAt: undefined, ...changes }
}

function statusAt(time: string, secret: AnyPullSecret) {
  const { state, problems, notes, changesAt } = evaluateStatus(pullSecretFacts(secret), at(time))
  return { state, codes: problems.map(({ code }) => code), notes, changesAt }
}

/** An entry of google and one of a password whose expiry is unknown. */
const withPassword = {
  annotations: renderRecord({
    document: 'ClusterPullSecret/pull',
    target: 'team-a/regcred',
    refreshedAt: at('12:00:00'),
    registries: new Map([
      ['google', { hosts: ['europe-docker.pkg.dev'], expiresAt: at('13:00:00'), mintedFrom: 'x' }],
      ['hub', { hosts: ['quay.io'], expiresAt: undefined, readAt: at('12:00:00'), mintedFrom: 'y' }],
    ]),
  }),
}

suite('the state of a pull secret that pullpass wrote', () => {
  const times: Readonly<Record<string, [time: string, state: string, codes: readonly string[], changes?: string]>> = {
    'is fresh until two thirds of its lifetime': ['12:39:59', 'fresh', [], '12:40:00'],
    'is due after two thirds': ['12:40:00', 'due', [], '12:50:00'],
    'is overdue after five sixths': ['12:50:00', 'due', ['REFRESH_OVERDUE'], '13:00:00'],
    'is expired after its expiry': ['13:00:00', 'expired', ['SECRET_EXPIRED']],
  }
  for (const [title, [time, state, codes, changes]] of Object.entries(times)) {
    test(title, () => {
      const changesAt = changes === undefined ? undefined : at(changes)
      assert.deepEqual(statusAt(time, secretOf()), { state, codes, notes: [], changesAt })
    })
  }

  test('is that of its worst registry; an entry of unknown expiry is due, but does not expire', () => {
    const secret = secretOf(withPassword)
    const { state, entries, problems } = evaluateStatus(pullSecretFacts(secret), at('14:00:00'))
    assert.equal(state, 'expired')
    assert.deepEqual(
      entries.map((entry) => [entry.name, entry.state, entry.expiresAt]),
      [
        ['google', 'expired', at('13:00:00')],
        ['hub', 'due', undefined],
      ],
    )
    assert.deepEqual(
      problems.map(({ code, seen }) => [code, seen]),
      [
        ['SECRET_EXPIRED', 'the credential of google expired at 2026-11-24T13:00:00Z'],
        ['REFRESH_OVERDUE', 'the credential of hub was due at 2026-11-24T12:40:00Z'],
      ],
    )
  })

  test('is due where its annotations state a longer life than any vendor grants', () => {
    const expiresAt = new Date('9999-01-01T00:00:00Z')
    const registries = new Map([['google', { hosts: ['a.example.com'], expiresAt, mintedFrom: 'x' }]])
    const record = {
      document: 'ClusterPullSecret/x',
      target: 'team-a/regcred',
      refreshedAt: at('12:00:00'),
      registries,
    }
    assert.equal(statusAt('12:01:00', secretOf({ annotations: renderRecord(record) })).state, 'due')
  })

  test('has a note if the clock is before its refresh', () => {
    assert.deepEqual(statusAt('11:58:00', secretOf()).notes, [
      'it was refreshed at 2026-11-24T12:00:00Z, which is in the future: a clock is wrong, here or where it was refreshed',
    ])
  })
})

suite('the state of a pull secret is unknown', () => {
  const { annotations } = secretOf()
  const cases: Readonly<Record<string, [Partial<AnyPullSecret>, codes: readonly string[], note?: string]>> = {
    'where another tool manages it: nothing is wrong': [
      { annotations: {}, owners: ownedBy({ data: ['kubectl-create'], label: [], annotations: new Map() }) },
      [],
    ],
    'where a replicator copied it': [
      { annotations: { ...annotations, 'pullpass.dev/target': 'team-b/regcred' } },
      [],
      'it is a copy of team-b/regcred, not written by pullpass',
    ],
    'where a copy names no Secret': [
      { annotations: { ...annotations, 'pullpass.dev/target': 'x'.repeat(318) } },
      [],
      'it is a copy of another Secret, not written by pullpass',
    ],
    'where another client wrote its credential': [{ owners: ownedBy({ data: ['kubectl-edit'] }) }, ['SECRET_EDITED']],
    'where another client changed an annotation': [
      { owners: ownedBy({ annotations: annotatedBy([['pullpass.dev/registries', ['kubectl-annotate']]]) }) },
      ['SECRET_EDITED'],
    ],
    'where its annotations have another form': [
      { annotations: { ...annotations, 'pullpass.dev/registries': '[]' } },
      [],
      'its annotations are not of the form that this version of pullpass writes',
    ],
    'where a name in its annotations is not one of a document': [
      {
        annotations: {
          ...annotations,
          'pullpass.dev/registries': annotations['pullpass.dev/registries']?.replace('google', 'g'.repeat(64)) ?? '',
        },
      },
      [],
      'its annotations are not of the form that this version of pullpass writes',
    ],
    'also while it is being deleted': [{ annotations: {}, deleting: true }, [], 'it is being deleted'],
  }
  for (const [title, [changes, codes, note]] of Object.entries(cases)) {
    test(title, () => {
      assert.deepEqual(statusAt('12:10:00', secretOf(changes)), {
        state: 'unknown',
        codes,
        notes: note === undefined ? [] : [note],
        changesAt: undefined,
      })
    })
  }

  test('whatever its annotations contain, and each text that is shown of it is bounded', () => {
    const names = ['document', 'target', 'refreshed-at', 'expires-at', 'registries'].map(
      (name) => `pullpass.dev/${name}`,
    )
    const texts = fc.dictionary(fc.constantFrom(...names), anyText({ maxLength: 600 }))
    fc.assert(
      fc.property(texts, (changed) => {
        const facts = pullSecretFacts(secretOf({ annotations: { ...annotations, ...changed } }))
        const { problems, notes } = evaluateStatus(facts, at('12:10:00'))
        const shown = [...problems.map(({ seen }) => seen), ...notes]
        return shown.every((text) => text.length <= 400)
      }),
    )
  })

  test('with the manager of the client that wrote it', () => {
    const edited = pullSecretFacts(secretOf({ owners: ownedBy({ data: ['a', 'b', 'c', 'd', 'e'] }) }))
    assert.deepEqual(
      evaluateStatus(edited, at('12:10:00')).problems.map(({ seen }) => seen),
      ['its credential was written by a, b, c, and 2 more, not by pullpass: its state is unknown'],
    )
    const ours = pullSecretFacts(secretOf({ owners: ownedBy({ data: [manager, 'replicator'] }) }))
    assert.equal(evaluateStatus(ours, at('12:10:00')).state, 'fresh')
  })
})
