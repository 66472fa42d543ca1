import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { PullpassError } from '../../../src/errors/pullpass-error.ts'
import { findMode } from '../../../src/publish/published-documents.ts'
import { factsOfDiscovery, factsWith, issuer, keysOf, p256Jwk, rsaJwk } from '../public/public-facts.ts'

const own = keysOf(rsaJwk)

suite('who publishes is found by itself', () => {
  test('a managed service does: there is nothing to do but to verify', () => {
    const why = 'EKS publishes the documents of this issuer, and updates them'
    assert.deepEqual(findMode({ issuer, managedService: 'EKS', found: undefined }, own), { mode: 'verify only', why })
  })

  test('no component can, while the issuer is only reachable in the cluster', () => {
    assert.deepEqual(
      findMode(
        { issuer: 'https://kubernetes.default.svc.cluster.local', managedService: undefined, found: undefined },
        own,
      ),
      {
        mode: 'publish',
        why: 'no cloud can read this issuer: another one has to be set first',
      },
    )
  })

  test('none does yet', () => {
    assert.deepEqual(findMode(factsWith({ discovery: { status: 404 } }), own), {
      mode: 'publish',
      why: 'its documents are not published yet: an anonymous client gets 404',
    })
  })

  test('it is unknown where no server responds', () => {
    const fault = new PullpassError({ code: 'DISCOVERY_UNAVAILABLE', hop: 'discovery', seen: 'it did not respond' })
    const found = { issuer, discovery: { kind: 'unavailable', url: issuer, fault } as const, jwks: undefined }
    assert.deepEqual(findMode({ issuer, managedService: undefined, found }, own), {
      mode: 'publish',
      why: 'whether its documents are published is unknown: it did not respond',
    })
  })

  test('this cluster’s documents are public, with all its keys or without some', () => {
    assert.deepEqual(findMode(factsWith(), own), {
      mode: 'publish',
      why: 'its documents are public, with every key that the cluster serves',
    })
    assert.deepEqual(findMode(factsWith(), keysOf(rsaJwk, p256Jwk)), {
      mode: 'publish',
      why: 'its documents are public, but 1 of 2 keys of the cluster are missing',
    })
  })

  const others: Record<string, [fields: object, why: RegExp]> = {
    ccoctl: [{ jwks_uri: `${issuer}/keys.json` }, /^published is a discovery document that ccoctl wrote/],
    azwi: [{ authorization_endpoint: 'urn:kubernetes:programmatic_authorization' }, /of azwi/],
    kOps: [{ claims_supported: ['sub', 'iss'] }, /another tool \(it lists claims_supported\)/],
    'an ingress before the API server': [
      { jwks_uri: 'https://10.0.0.1:6443/openid/v1/jwks' },
      /leads to "https:\/\/10/,
    ],
    'another issuer': [{ issuer: 'https://oidc.example.com/other' }, /the discovery document of issuer/],
  }
  for (const [name, [fields, why]] of Object.entries(others)) {
    test(`${name} does: pullpass does not publish`, () => {
      const found = findMode(factsOfDiscovery(fields), own)
      assert.equal(found.mode, 'external')
      assert.match(found.why, why)
    })
  }

  test('another cluster does, by its keys: pullpass does not publish', () => {
    const found = findMode(factsWith(), keysOf(p256Jwk))
    assert.equal(found.mode, 'external')
    assert.match(found.why, /^published is a JWKS of another cluster/)
  })
})
