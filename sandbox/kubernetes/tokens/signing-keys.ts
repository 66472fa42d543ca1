/** The keys that sign service account tokens: one signs, all are published, until they are dropped. */
import { createHash, createPublicKey, generateKeyPair, type KeyObject } from 'node:crypto'
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
  /** Signs and verifies with these alone, as a server that was started anew with other key files. */
  replace(keys: ServerKeys): void
}

/** The key files of one server. Where the signing key is not among the published ones, its tokens verify nowhere. */
export interface ServerKeys {
  readonly signing: SigningKey
  /** In the order of the JWKS. */
  readonly published: readonly SigningKey[]
}

/** Without `keys`: the key that all clusters of this process share. A test of two issuers names keys. */
export async function createSigningKeys(keys?: ServerKeys): Promise<SigningKeys> {
  let current = keys?.signing ?? (await sharedSigningKey())
  let published: readonly SigningKey[] = keys?.published ?? [current]
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
    replace(serverKeys) {
      current = serverKeys.signing
      published = serverKeys.published
    },
  }
}

let shared: Promise<SigningKey> | undefined

function sharedSigningKey(): Promise<SigningKey> {
  shared ??= generateSigningKey()
  return shared
}

export async function generateSigningKey(): Promise<SigningKey> {
  return signingKeyOf((await promisify(generateKeyPair)('rsa', { modulusLength: 2048 })).privateKey)
}

/** An RSA key that lies elsewhere, in a key file of a real server too. */
export function signingKeyOf(privateKey: KeyObject): SigningKey {
  const publicKey = createPublicKey(privateKey)
  const der = publicKey.export({ type: 'spki', format: 'der' })
  return { kid: createHash('sha256').update(der).digest('base64url'), privateKey, publicKey }
}

const publicJwk = ({ kid, publicKey }: SigningKey): JWK => {
  const { n = '', e = '' } = publicKey.export({ format: 'jwk' })
  return { use: 'sig', kty: 'RSA', kid, alg: 'RS256', n, e }
}
