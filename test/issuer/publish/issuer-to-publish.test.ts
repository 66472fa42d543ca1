import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { documentStore } from '../../../src/oidc/issuer-documents.ts'
import { issuerToPublish } from '../../../src/publish/publish.ts'
import { vendors } from '../../../src/vendors/vendors.ts'

const inside = 'https://kubernetes.default.svc.cluster.local'
const bucket = { publicUrl: 'https://storage.googleapis.com/example-issuer', facts: documentStore() } as const
const folder = { publicUrl: undefined, facts: documentStore() } as const
const provider = { publicUrl: undefined, facts: { publishes: 'keys', stores: ['jwks'] } } as const

suite('the issuer to publish', () => {
  test('is the one that a flag names, else where the target is read, else the cluster’s own', () => {
    assert.equal(issuerToPublish('https://oidc.example.com', bucket, inside, vendors), 'https://oidc.example.com')
    assert.equal(issuerToPublish(undefined, bucket, inside, vendors), bucket.publicUrl)
    assert.equal(issuerToPublish(undefined, folder, 'https://oidc.example.com', vendors), 'https://oidc.example.com')
  })

  test('of a cluster-internal name is refused for anonymous clients', () => {
    assert.throws(() => issuerToPublish(undefined, folder, inside, vendors), { code: 'ISSUER_UNUSABLE' })
  })

  test('is the cluster’s own, whatever its name, where a provider at the cloud holds the keys and nothing is public', () => {
    assert.equal(issuerToPublish(undefined, provider, inside, vendors), inside)
  })

  test('of a vendor is left to it', () => {
    const issuer = 'https://discovery.garden.example.com/projects/p/shoots/0/issuer'
    assert.throws(() => issuerToPublish(undefined, provider, issuer, vendors), {
      code: 'PUBLISHED_BY_VENDOR',
      hint: 'there is nothing to publish; trust that issuer as it is, and check it',
      command: `pullpass issuer check ${issuer}`,
    })
  })
})
