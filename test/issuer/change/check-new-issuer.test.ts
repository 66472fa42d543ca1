import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { checkNewIssuer } from '../../../src/issuer-change/plan.ts'

suite('the URL of a new issuer', () => {
  test('is https, needs no quoting, and is not inside the cluster', () => {
    for (const url of ['https://oidc.example.com', 'https://a.example:8443/b_c/~d/e.f/%20', 'https://a.example/b/'])
      assert.equal(checkNewIssuer(url, '--to-issuer'), undefined, url)
  })

  const refused = [
    'http://oidc.example.com',
    'https://kubernetes.default.svc',
    'https://oidc.example.com/$(touch a)',
    "https://oidc.example.com/it's",
    'https://oidc.example.com/a b',
    'https://oidc.example.com/a;b',
    'https://oidc.example.com/a\nb: c',
    'https://oidc.example.com/?a=b',
  ]
  for (const url of refused) {
    test(`${JSON.stringify(url)} is refused`, () => {
      const fault = checkNewIssuer(url, '--to-issuer')
      assert.equal(fault?.code, 'ISSUER_UNUSABLE')
      assert.match(fault?.seen ?? '', /^--to-issuer is "https?:/)
    })
  }
})
