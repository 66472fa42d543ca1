import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { suite, test } from 'node:test'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { decodeSubjectToken } from '../../../src/identity/subject-token.ts'
import { verifySignature } from '../../../src/oidc/keys.ts'
import { Redacted } from '../../../src/text/redacted.ts'
import { keysOf } from '../public/public-facts.ts'

const claims = { iss: 'https://oidc.example.com', sub: 'system:serviceaccount:a:b', aud: ['sts'], exp: 1, iat: 0 }
const decode = (text: string) => decodeSubjectToken(new Redacted(text), 'the token')

/** A token by a new key, and that key as a JWKS has it; the token has expired, which is irrelevant here. */
async function signed(alg: string, header: object = {}) {
  const { publicKey, privateKey } = await generateKeyPair(alg)
  const text = await new SignJWT(claims).setProtectedHeader({ alg, kid: 'key-1', ...header }).sign(privateKey)
  return { text, token: decode(text), jwk: { ...(await exportJWK(publicKey)), kid: 'key-1', alg, use: 'sig' } }
}

suite('a signature', () => {
  for (const alg of ['RS256', 'RS384', 'RS512', 'ES256', 'ES384', 'ES512']) {
    test(`by ${alg} is verified with its key, among others`, async () => {
      const { token, jwk } = await signed(alg)
      const { jwk: other } = await signed('ES256')
      assert.equal(await verifySignature(token, keysOf({ ...other, kid: 'key-2' }, jwk)), 'verified')
    })
  }

  test('by a key of the same kid that is another is wrong', async () => {
    const { token } = await signed('RS256')
    assert.equal(await verifySignature(token, keysOf((await signed('RS256')).jwk)), 'wrong')
  })

  test('of a token that was altered is wrong', async () => {
    const { text, jwk } = await signed('RS256')
    const [header = '', , signature = ''] = text.split('.')
    const payload = Buffer.from(JSON.stringify({ ...claims, sub: 'system:admin' })).toString('base64url')
    assert.equal(await verifySignature(decode([header, payload, signature].join('.')), keysOf(jwk)), 'wrong')
  })

  test('by a key that does not exist is of an unknown key, and so is one without kid', async () => {
    const { token, jwk } = await signed('RS256')
    assert.equal(await verifySignature(token, keysOf({ ...jwk, kid: 'key-2' })), 'unknown-key')
    assert.equal(await verifySignature(token, []), 'unknown-key')
    const unnamed = await signed('RS256', { kid: undefined })
    assert.equal(await verifySignature(unnamed.token, keysOf({ ...jwk, kid: undefined })), 'unknown-key')
  })

  test('by the public key as a shared secret, or by nothing, is not supported', async () => {
    const { jwk } = await signed('RS256')
    const forge = (alg: string) => {
      const parts = [{ alg, kid: 'key-1' }, claims].map((part) =>
        Buffer.from(JSON.stringify(part)).toString('base64url'),
      )
      return decode(
        [...parts, createHmac('sha256', JSON.stringify(jwk)).update(parts.join('.')).digest('base64url')].join('.'),
      )
    }
    for (const alg of ['HS256', 'none', 'PS256', 'RS1'])
      assert.equal(await verifySignature(forge(alg), keysOf(jwk)), 'unsupported', alg)
  })

  test('by a key of another kind is not supported', async () => {
    const { token } = await signed('RS256')
    assert.equal(await verifySignature(token, keysOf((await signed('ES256')).jwk)), 'unsupported')
    assert.equal(await verifySignature(token, keysOf({ kty: 'RSA', kid: 'key-1', n: '', e: '' })), 'unsupported')
  })
})
