import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { checkIssuerUrl } from '../../../src/issuer/documents/check-issuer-url.ts'

suite('the URL of an issuer', () => {
  test('that clouds can ask passes', () => {
    const urls = [
      'https://oidc.example.com',
      'https://storage.googleapis.com/bucket/cluster-1',
      'https://westeurope.oic.prod-aks.azure.com/0a1b/2c3d/',
      'https://oidc.example.com:8443',
      'https://internal.example.com/svc',
    ]
    for (const url of urls) assert.equal(checkIssuerUrl(url, 'it'), undefined, url)
  })

  const refused: Record<string, string> = {
    'kubernetes/serviceaccount': 'it is no URL',
    'http://oidc.example.com': 'clouds read an issuer by https alone',
    'https://user:secret@oidc.example.com': 'a user stands in it',
    'https://oidc.example.com/?': 'an issuer has no query or fragment',
    'https://oidc.example.com/#a': 'an issuer has no query or fragment',
    'https://kubernetes.default.svc': 'its name exists inside the cluster alone',
    'https://kubernetes.default.svc.cluster.local': 'its name exists inside the cluster alone',
    'https://kubernetes.default': 'its name exists inside the cluster alone',
    'https://api.cluster.internal': 'its name exists inside the cluster alone',
  }
  for (const [url, why] of Object.entries(refused)) {
    test(`${url} is refused: ${why}`, () => {
      const fault = checkIssuerUrl(url, 'the issuer')
      assert.equal(fault?.code, 'ISSUER_UNUSABLE')
      assert.equal(fault?.seen, `the issuer is ${JSON.stringify(url)}: ${why}`)
    })
  }
})
