import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { type IssuerKey, parseJwks } from '../../src/oidc/keys.ts'
import { checkDistinct } from '../../src/trust/clusters.ts'

const issuer = 'https://kubernetes.default.svc'
const keysOf = (x: string): readonly IssuerKey[] =>
  parseJwks(JSON.stringify({ keys: [{ kty: 'EC', crv: 'P-256', kid: x, alg: 'ES256', use: 'sig', x, y: x }] })) ?? []

suite('several contexts', () => {
  const warned = (clusters: Parameters<typeof checkDistinct>[0]): string[] => {
    const warnings: string[] = []
    checkDistinct(clusters, (_, message) => void warnings.push(message))
    return warnings
  }

  test('with different issuers are several clusters', () => {
    assert.deepEqual(
      warned([
        { name: 'a', issuer: 'https://a.example.com', keys: keysOf('one') },
        { name: 'b', issuer: 'https://b.example.com', keys: keysOf('one') },
      ]),
      [],
    )
  })

  test('with one issuer and one key are one cluster, and are refused', () => {
    const twice = [
      { name: 'a', issuer, keys: keysOf('one') },
      { name: 'b', issuer, keys: keysOf('one') },
    ]
    assert.throws(() => warned(twice), { code: 'USAGE_INVALID', message: /the contexts a and b are one cluster/ })
  })

  test('with one issuer and different keys are two clusters, with a warning', () => {
    const warnings = warned([
      { name: 'a', issuer, keys: keysOf('one') },
      { name: 'b', issuer, keys: keysOf('two') },
    ])
    assert.deepEqual(warnings, [
      'the contexts a and b have one issuer and different keys: only uploaded keys distinguish them',
    ])
  })
})
