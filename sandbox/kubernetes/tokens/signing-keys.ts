/** The keys that sign service account tokens: one signs, all are published, until they are dropped. */
import { createHash, generateKeyPair, type KeyObject } from 'node:crypto'
import { promisify } from 'node:util'
import type { JSONWebKeySet, JWK } from 'jose'

export interface SigningKey {
  /** As kube-apiserver computes it for key files: base64url(SHA-256(SPKI DER)). */
  readonly kid: string
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
}

export interface SigningKeys {
  /** The key that signs, and all published ones, the signing one first unless it was withheld. */
  readonly current: SigningKey
  readonly published: readonly SigningKey[]
  readonly jwks: JSONWebKeySet
  /** Publishes a new key without signing with it yet: the first step of a safe rotation. */
  add(): Promise<SigningKey>
  /** Signs with this key from now on, published or not: an unpublished one makes tokens that verify nowhere. */
  signWith(key: SigningKey): void
  /** Publishes the key no longer. */
  drop(kid: string): void
}

export async function createSigningKeys(): Promise<SigningKeys> {
  let current = await generateSigningKey()
  let published: readonly SigningKey[] = [current]
  return {
    get current() {
      return current
    },
    get published() {
      return published
    },
    get jwks() {
      return { keys: published.map(publicJwk) }
    },
    async add() {
      const key = await generateSigningKey()
      published = [...published, key]
      return key
    },
    signWith(key) {
      current = key
    },
    drop(kid) {
      published = published.filter((key) => key.kid !== kid)
    },
  }
}

export async function generateSigningKey(): Promise<SigningKey> {
  const { privateKey, publicKey } = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 })
  const der = publicKey.export({ type: 'spki', format: 'der' })
  return { kid: createHash('sha256').update(der).digest('base64url'), privateKey, publicKey }
}

const publicJwk = ({ kid, publicKey }: SigningKey): JWK => {
  const { n = '', e = '' } = publicKey.export({ format: 'jwk' })
  return { use: 'sig', kty: 'RSA', kid, alg: 'RS256', n, e }
}
