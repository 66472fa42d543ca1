import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { buildDocuments } from '../../../src/oidc/issuer-documents.ts'
import { classifyPublished } from '../../../src/publish/published-documents.ts'
import { issuer, keysOf, p256Jwk, p384Jwk, rsaJwk } from '../public/public-facts.ts'

const own = keysOf(rsaJwk)
const stored = (text: string) => ({ text, version: '1' })
const documents = (...jwks: readonly object[]) => {
  const { discovery, jwks: keys } = buildDocuments(issuer, keysOf(...jwks))
  return { discovery: stored(discovery.text), jwks: stored(keys.text) }
}
/** A discovery document of this issuer in which these fields are other ones. */
const discoveryWith = (fields: object) =>
  stored(JSON.stringify({ ...JSON.parse(documents(rsaJwk).discovery.text), ...fields }))

suite('documents that a target already has', () => {
  test('are this cluster’s where they share one key with it, however far its keys have rotated', () => {
    const { keys, foreign } = classifyPublished(documents(rsaJwk, p256Jwk), issuer, own)
    assert.deepEqual([keys.map(({ keyId }) => keyId), foreign], [['key-1', 'key-2'], undefined])
  })

  test('are this cluster’s by the key itself, not by what it is called', () => {
    const { foreign } = classifyPublished(documents({ ...p256Jwk, kid: 'key-1' }), issuer, own)
    assert.match(foreign ?? '', /^a JWKS of another cluster: none of its 1 keys is this cluster's$/)
    assert.equal(classifyPublished(documents({ ...rsaJwk, kid: 'renamed' }), issuer, own).foreign, undefined)
  })

  test('may be none, or half of them, or without keys', () => {
    assert.deepEqual(classifyPublished({}, issuer, own), { keys: [], foreign: undefined })
    const { jwks, discovery } = documents(rsaJwk)
    assert.equal(classifyPublished({ jwks }, issuer, own).keys.length, 1)
    assert.deepEqual(classifyPublished({ discovery }, issuer, own), { keys: [], foreign: undefined })
    assert.equal(classifyPublished({ jwks: stored('{"keys": []}') }, issuer, own).foreign, undefined)
  })

  test('are this cluster’s where its key of before is known', () => {
    const before = [...own, ...keysOf(p384Jwk)]
    assert.equal(classifyPublished(documents(p384Jwk), issuer, before).foreign, undefined)
  })

  const { jwks } = documents(rsaJwk)
  const foreign: Record<string, [found: Parameters<typeof classifyPublished>[0], why: RegExp]> = {
    'another issuer': [
      { discovery: discoveryWith({ issuer: 'https://oidc.example.com/cluster-2' }), jwks },
      /^the discovery document of issuer "https:\/\/oidc\.example\.com\/cluster-2"$/,
    ],
    'no issuer': [{ discovery: stored('{}'), jwks }, /^the discovery document of issuer null$/],
    'a page': [{ discovery: stored('<html>') }, /not a JSON object$/],
    'something else than keys': [{ jwks: stored('<html>') }, /that is not a JWKS$/],
    ccoctl: [
      { discovery: discoveryWith({ jwks_uri: `${issuer}/keys.json` }), jwks },
      /^a discovery document that ccoctl wrote/,
    ],
    azwi: [{ discovery: discoveryWith({ authorization_endpoint: 'urn:a' }), jwks }, /family of azwi/],
    kOps: [
      { discovery: discoveryWith({ claims_supported: ['sub'] }), jwks },
      /another tool \(it lists claims_supported\)/,
    ],
    'keys elsewhere': [
      { discovery: discoveryWith({ jwks_uri: 'https://10.0.0.1/jwks' }), jwks },
      /leads to "https:\/\/10\.0\.0\.1\/jwks"$/,
    ],
    'keys at a text without end': [
      { discovery: discoveryWith({ jwks_uri: `\u001B]0;${'x'.repeat(10_000)}` }), jwks },
      /^.{0,60}leads to "\]0;x{296,298}…"$/,
    ],
    'no jwks_uri': [{ discovery: discoveryWith({ jwks_uri: undefined }), jwks }, /leads to no keys$/],
  }
  for (const [name, [found, why]] of Object.entries(foreign)) {
    test(`are another’s: ${name}`, () => {
      const classified = classifyPublished(found, issuer, own)
      assert.match(classified.foreign ?? '', why)
      assert.deepEqual(classified.keys, [])
    })
  }

  test('are another issuer’s with this cluster’s keys where its documents were published under another URL', () => {
    const discovery = discoveryWith({ issuer: `${issuer}/` })
    assert.equal(classifyPublished({ discovery, jwks }, issuer, own).otherIssuer, `${issuer}/`)
    assert.equal(classifyPublished({ discovery, jwks }, issuer, keysOf(p384Jwk)).otherIssuer, undefined)
    assert.equal(classifyPublished({ discovery }, issuer, own).otherIssuer, undefined)
  })
})
