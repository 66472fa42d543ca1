import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { type PullSecretRecord, parseRecord, renderRecord } from '../../src/credential/pull-secret-record.ts'
import { anyText } from '../support/any-text.ts'
import fc from '../support/fast-check.ts'

const instant = fc.date({
  min: new Date('0000-01-01T00:00:00Z'),
  max: new Date('9999-12-31T23:59:59Z'),
  noInvalidDate: true,
})
const plain = { noNullPrototype: true }
const registry = fc.record(
  {
    hosts: fc.array(fc.string({ maxLength: 20 }), { maxLength: 4 }),
    expiresAt: instant,
    mintedFrom: fc.string({ maxLength: 22 }),
  },
  plain,
)
const registryName = fc.oneof(fc.string({ maxLength: 12 }), fc.constantFrom('__proto__', 'constructor', '1', '01'))
const record: fc.Arbitrary<PullSecretRecord> = fc.record(
  {
    document: fc.constantFrom('ClusterPullSecret/artifact-registry', 'PullSecret/team-a/images', 'environment/regcred'),
    target: fc.string(),
    refreshedAt: instant,
    registries: fc.array(fc.tuple(registryName, registry), { maxLength: 8 }).map((registries) => new Map(registries)),
  },
  plain,
)

/** Our annotations, each valid or edited. */
const annotations = fc.dictionary(
  fc
    .constantFrom('document', 'target', 'refreshed-at', 'expires-at', 'registries')
    .map((name) => `pullpass.dev/${name}`),
  fc.oneof(
    anyText(),
    fc.json(),
    instant.map((at) => at.toISOString()),
    fc.constantFrom('{}', '{"a":null}', '{"a":{"hosts":["h"],"expiresAt":"2026","mintedFrom":"f"}}', '[]', 'null'),
  ),
)

suite('the record in the annotations of a pull secret', () => {
  test('is parsed as it was rendered', () => {
    fc.assert(fc.property(record, (written) => assert.deepEqual(parseRecord(renderRecord(written)), written)))
  })

  test('is the same text for any order of registries', () => {
    fc.assert(
      fc.property(record, (written) => {
        const reversed = { ...written, registries: new Map([...written.registries].toReversed()) }
        assert.deepEqual(renderRecord(reversed), renderRecord(written))
      }),
    )
  })

  test('contains the earliest expiry', () => {
    fc.assert(
      fc.property(record, (written) => {
        const expiry = renderRecord(written)['pullpass.dev/expires-at'] ?? ''
        const all = [...written.registries.values()].flatMap(({ expiresAt }) => expiresAt?.getTime() ?? [])
        assert.ok(all.every((time) => Date.parse(expiry) <= time))
        if (all.length > 0) assert.ok(all.includes(Date.parse(expiry)))
      }),
    )
  })

  test('names a document, and no text of any other form or size', () => {
    const written = {
      document: 'ClusterPullSecret/a',
      target: 'team-a/regcred',
      refreshedAt: new Date('2026-01-01T00:00:00Z'),
      registries: new Map(),
    }
    for (const document of [
      '',
      'a',
      'ClusterPullSecret/a; delete it',
      'A/b/c/d',
      `ClusterPullSecret/${'a'.repeat(254)}`,
    ])
      assert.equal(parseRecord({ ...renderRecord(written), 'pullpass.dev/document': document }), undefined, document)
  })

  test('is complete or undefined, whatever was edited', () => {
    fc.assert(
      fc.property(annotations, (held) => {
        const read = parseRecord(held)
        if (read === undefined) return
        assert.deepEqual(parseRecord(renderRecord(read)), read)
      }),
    )
  })

  test('is undefined with a time near the end of what a Date can hold', () => {
    const whole = renderRecord({
      document: 'ClusterPullSecret/a',
      target: 'a/b',
      refreshedAt: new Date(0),
      registries: new Map(),
    })
    for (const time of [
      '+275760-09-13T00:00:00.000Z',
      '-271821-04-20T00:00:00.000Z',
      'Tue, 24 Nov 2026 12:00:00 GMT',
    ]) {
      const entry = { hosts: ['images.example.com'], readAt: time, mintedFrom: 'a' }
      assert.equal(parseRecord({ ...whole, 'pullpass.dev/registries': JSON.stringify({ one: entry }) }), undefined)
      assert.equal(parseRecord({ ...whole, 'pullpass.dev/refreshed-at': time }), undefined)
    }
  })

  test('is undefined if it is longer than the limit', () => {
    const whole = renderRecord({
      document: 'ClusterPullSecret/a',
      target: 'a/b',
      refreshedAt: new Date(0),
      registries: new Map(),
    })
    assert.ok(parseRecord(whole))
    assert.equal(parseRecord({ ...whole, 'pullpass.dev/registries': `{${' '.repeat(64 * 1024)}}` }), undefined)
  })
})
