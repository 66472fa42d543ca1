import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { looksLikeSecret } from '../../src/outside/looks-like-secret.ts'

const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
const jwt = `${part({ alg: 'RS256' })}.${part({ iss: 'https://issuer.example' })}.c2lnbmF0dXJl`

suite('what looks like a credential', () => {
  const words: Record<string, boolean> = {
    [jwt]: true,
    [`--token-file=${jwt}`]: true,
    [`--${jwt}`]: true,
    'ya29.c.b0Aaekm1K3o9Xyzzy': true,
    '-----BEGIN RSA PRIVATE KEY-----': true,
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
})
