import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { looksLikeSecret } from '../../src/text/show.ts'

const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
const jwt = `${part({ alg: 'RS256' })}.${part({ iss: 'https://issuer.example' })}.c2lnbmF0dXJl`

suite('what looks like a credential', () => {
  const words: Record<string, boolean> = {
    [jwt]: true,
    [`--token-file=${jwt}`]: true,
    [`--${jwt}`]: true,
    'ya29.c.b0Aaekm1K3o9Xyzzy': true,
    '-----BEGIN RSA PRIVATE KEY-----': true,
    [part({ auths: { 'registry.example.com': {} } })]: true,
    'https://user:hunter2password@registry.example.com': true,
    'https://user:pass://word@registry.example.com': true,
    'see https://host:443/x@sha256:01, https://user:hunter2@registry': true,
    'https://host:of/what is@elsewhere': false,
    'https://:hunter2/password@registry.example.com:5000/': true,
    ghp_16C7e42F292c6912E7710c838347Ae178B4a: true,
    gho_16C7e42F292c6912E7710c838347Ae178B4a: true,
    github_pat_11ABCDEFG0abcdefghijkl_abcdefgh: true,
    'glpat-abcdefghijklmnopqrst': true,
    'AKIAIOSFODNN7EXAMPLE/wJalrXUtnFEMI': true,
    dckr_pat_abcdefghijklmnop: true,
    'xoxb-1234567890-abcdefghij': true,
    'https://account.blob.core.windows.net/keys?sv=2024-11-04&sig=c2lnbmF0dXJl': true,
    'https://bucket.s3.amazonaws.com/keys?X-Amz-Signature=0123abcd': true,
    'https://storage.googleapis.com/bucket/keys?X-Goog-Algorithm=x&X-Goog-Signature=0123abcd': true,
    'https://issuer.example.com/keys?signed=no&design=1': false,
    'https://registry.example.com:5000/image@sha256:0123': false,
    'https://sts.googleapis.com@example.com/v1/token': false,
    'serviceAccount:puller@project.iam.gserviceaccount.com': false,
    'registry.example.com/AKIA-images/ghp_1:tag': false,
    '/var/run/secrets/tokens/oidc-token': false,
    './keyJournal-of-2026.yaml': false,
    'projects/1/locations/global/workloadIdentityPools/pool/providers/name': false,
    '': false,
  }
  for (const [word, expected] of Object.entries(words)) {
    test(`${JSON.stringify(word.slice(0, 24))} does${expected ? '' : ' not'}`, () => {
      assert.equal(looksLikeSecret(word), expected)
    })
  }

  test('takes no time for a long text', () => {
    const began = process.cpuUsage() // not the clock's: others work on this machine
    for (const piece of ['://a:', '-eyJaaaaaaaa', '://', 'ya29.', 'a']) looksLikeSecret(piece.repeat(30_000))
    assert.ok(process.cpuUsage(began).user < 2_000_000)
  })

  test('takes no time for a mebibyte of URLs whose password never ends', () => {
    const began = process.cpuUsage()
    for (const end of ['', '@', ' @']) looksLikeSecret('://a:x'.repeat(2 ** 20 / 6) + end)
    for (const piece of ['://a:443/', '@://a:1/', '://@', '@', ' ']) {
      assert.equal(looksLikeSecret(piece.repeat(2 ** 20 / piece.length)), false)
    }
    assert.ok(process.cpuUsage(began).user < 1_000_000)
  })
})
