import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { PullpassError } from '../../../src/errors/pullpass-error.ts'
import { findMode } from '../../../src/publish/published-documents.ts'
import { factsOfDiscovery, factsWith, issuer, keysOf, p256Jwk, rsaJwk } from '../public/public-facts.ts'

const own = keysOf(rsaJwk)

suite('who publishes is found by itself', () => {
  const vendors: Record<string, string> = {
    EKS: 'https://oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF',
    GKE: 'https://container.googleapis.com/v1/projects/p/locations/europe-west1/clusters/c',
    AKS: 'https://westeurope.oic.prod-aks.azure.com/0a1b2c3d/4e5f/',
    Gardener: 'https://discovery.garden.example.com/projects/p/shoots/0a1b-2c3d/issuer',
  }
  for (const [vendor, url] of Object.entries(vendors)) {
    test(`${vendor} does: there is nothing to do but to verify`, () => {
      const why = `${vendor} publishes the documents of this issuer, and updates them`
      assert.deepEqual(findMode(url, own, undefined), { mode: 'verify only', why })
    })
  }

  test('no component can, while the issuer is only reachable in the cluster', () => {
    assert.deepEqual(findMode('https://kubernetes.default.svc.cluster.local', own, undefined), {
      mode: 'publish',
      why: 'no cloud can read this issuer: another one has to be set first',
    })
  })

  test('none does yet', () => {
    assert.deepEqual(findMode(issuer, own, factsWith({ discovery: { status: 404 } }).found), {
      mode: 'publish',
      why: 'its documents are not published yet: an anonymous client gets 404',
    })
  })

  test('it is unknown where no server responds', () => {
    const fault = new PullpassError({ code: 'DISCOVERY_UNAVAILABLE', hop: 'discovery', seen: 'it did not respond' })
    const found = { issuer, discovery: { kind: 'unavailable', url: issuer, fault } as const, jwks: undefined }
    assert.deepEqual(findMode(issuer, own, found), {
      mode: 'publish',
      why: 'whether its documents are published is unknown: it did not respond',
    })
  })

  test('this cluster’s documents are public, with all its keys or without some', () => {
    assert.deepEqual(findMode(issuer, own, factsWith().found), {
      mode: 'publish',
      why: 'its documents are public, with every key that the cluster serves',
    })
    assert.deepEqual(findMode(issuer, keysOf(rsaJwk, p256Jwk), factsWith().found), {
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
      const found = findMode(issuer, own, factsOfDiscovery(fields).found)
      assert.equal(found.mode, 'external')
      assert.match(found.why, why)
    })
  }

  test('another cluster does, by its keys: pullpass does not publish', () => {
    const found = findMode(issuer, keysOf(p256Jwk), factsWith().found)
    assert.equal(found.mode, 'external')
    assert.match(found.why, /^published is a JWKS of another cluster/)
  })
})
