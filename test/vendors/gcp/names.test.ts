import assert from 'node:assert/strict'
import { test } from 'node:test'
import { brokenRule } from '../../../src/document/field-rules.ts'
import {
  canonicalProvider,
  principalOf,
  providerOfParts,
  serviceAccountEmail,
  workloadIdentityProvider,
} from '../../../src/vendors/gcp/names.ts'
import { provider } from '../../document/smallest-document.ts'

test('a provider is one name, however it was copied', () => {
  for (const prefix of ['', '//iam.googleapis.com/', 'https://iam.googleapis.com/']) {
    assert.equal(brokenRule(workloadIdentityProvider, prefix + provider), undefined)
    assert.equal(canonicalProvider(prefix + provider), provider)
  }
  assert.equal(providerOfParts({ projectNumber: '123', poolId: 'pool', providerId: 'gardener' }), provider)
})

test('a cluster’s account is one principal, by the pool of the provider', () => {
  assert.equal(
    principalOf(
      'projects/1/locations/global/workloadIdentityPools/pool/providers/cluster',
      'system:serviceaccount:a:b',
    ),
    'principal://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/pool/subject/system:serviceaccount:a:b',
  )
})

test('a name that Google would not know is refused', () => {
  for (const name of [
    `http://iam.googleapis.com/${provider}`,
    `//iam.example.com/${provider}`,
    `/${provider}`,
    `${provider}/`,
    provider.replace('global', 'europe-west1'),
    provider.replace('/providers/gardener', ''),
  ]) {
    assert.equal(
      brokenRule(workloadIdentityProvider, name),
      'projects/NUMBER/locations/global/workloadIdentityPools/POOL/providers/PROVIDER',
      name,
    )
  }
})

test('an invalid ID of a pool or provider is reported with the form of IDs', () => {
  const ids = '4 to 32 lower-case letters, digits and "-"'
  assert.equal(brokenRule(workloadIdentityProvider, provider.replace('pool/', 'Pool/')), `the pool's id: ${ids}`)
  assert.equal(brokenRule(workloadIdentityProvider, provider.replace('gardener', 'abc')), `the provider's id: ${ids}`)
})

test('service accounts of all kinds are taken, people and groups are not', () => {
  for (const email of [
    'puller@project.iam.gserviceaccount.com',
    'puller@project.example.com.iam.gserviceaccount.com',
    '123456789012-compute@developer.gserviceaccount.com',
    'project@appspot.gserviceaccount.com',
  ]) {
    assert.equal(brokenRule(serviceAccountEmail, email), undefined, email)
  }
  for (const email of [
    'jo@example.com',
    'puller',
    '@project.iam.gserviceaccount.com',
    'a/b@c.iam.gserviceaccount.com',
  ]) {
    assert.notEqual(brokenRule(serviceAccountEmail, email), undefined, email)
  }
})
