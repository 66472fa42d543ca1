import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { checkDistinct } from '../../../src/commands/trust/clusters.ts'
import { type IssuerKey, parseJwks } from '../../../src/oidc/keys.ts'

const issuer = 'https://kubernetes.default.svc'
const keysOf = (x: string): readonly IssuerKey[] =>
  parseJwks(JSON.stringify({ keys: [{ kty: 'EC', crv: 'P-256', kid: x, alg: 'ES256', use: 'sig', x, y: x }] })) ?? []

suite('several contexts', () => {
  const warned = (clusters: Parameters<typeof checkDistinct>[0]): string[] => {
    const said: string[] = []
    checkDistinct(clusters, 'trust plan', (_, message) => void said.push(message))
    return said
  }

  test('of clusters with issuers of their own are several clusters', () => {
    assert.deepEqual(
      warned([
        { name: 'a', issuer: 'https://a.example.com', keys: keysOf('one') },
        { name: 'b', issuer: 'https://b.example.com', keys: keysOf('one') },
      ]),
      [],
    )
  })

  test('that sign by one name with one key are one cluster, and refused', () => {
    const twice = [
      { name: 'a', issuer, keys: keysOf('one') },
      { name: 'b', issuer, keys: keysOf('one') },
    ]
    assert.throws(() => warned(twice), { code: 'USAGE_INVALID', message: /the contexts a and b are one cluster/ })
  })

  test('that sign by one name with different keys are two, and it is said what tells them apart', () => {
    const said = warned([
      { name: 'a', issuer, keys: keysOf('one') },
      { name: 'b', issuer, keys: keysOf('two') },
    ])
    assert.deepEqual(said, [
      'the contexts a and b sign by one name with different keys: only uploaded keys tell them apart',
    ])
  })
})
