/** The keys for service account tokens: one signs, all are published until they are dropped. */
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
  /** The key that signs. */
  readonly current: SigningKey
  /** In the order of the JWKS. */
  readonly published: readonly SigningKey[]
  readonly jwks: JSONWebKeySet
  /**
   * Publishes a new key without signing with it yet: the first step of a safe rotation. Clusters of one process add the same
   * keys in the same order, since generating one takes 40 ms of CPU: a test in which two clusters add keys, and which
   * distinguishes them, passes `sharedSigningKey` of a name of its own to `replace`.
   */
  add(): Promise<SigningKey>
  /** Signs with this key, published or not: tokens of an unpublished key cannot be verified. */
  signWith(key: SigningKey): void
  /** Stops publishing the key. */
  drop(kid: string): void
  /** Signs and verifies only with these keys, as a server after a restart with other key files. */
  replace(keys: ServerKeys): void
}

/** The key files of one server. If the signing key is not published, its tokens cannot be verified. */
export interface ServerKeys {
  readonly signing: SigningKey
  /** In the order of the JWKS. */
  readonly published: readonly SigningKey[]
}

/** Without `keys`: the keys that all clusters of this process share. Tests with two issuers set keys. */
export async function createSigningKeys(keys?: ServerKeys): Promise<SigningKeys> {
  let current = keys?.signing ?? (await sharedSigningKey('first'))
  let published: readonly SigningKey[] = keys?.published ?? [current]
  let added = 0
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
      const key = await sharedSigningKey(`added ${++added}`)
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

const shared = new Map<string, Promise<SigningKey>>()

/** One key per name and process: generating an RSA key takes 40 ms of CPU. */
export function sharedSigningKey(name: string): Promise<SigningKey> {
  const key = shared.get(name) ?? generateSigningKey()
  shared.set(name, key)
  return key
}

async function generateSigningKey(): Promise<SigningKey> {
  return signingKeyOf((await promisify(generateKeyPair)('rsa', { modulusLength: 2048 })).privateKey)
}

/** From an existing RSA key, such as a key file of an API server. */
export function signingKeyOf(privateKey: KeyObject): SigningKey {
  const publicKey = createPublicKey(privateKey)
  const der = publicKey.export({ type: 'spki', format: 'der' })
  return { kid: createHash('sha256').update(der).digest('base64url'), privateKey, publicKey }
}

const publicJwk = ({ kid, publicKey }: SigningKey): JWK => {
  const { n = '', e = '' } = publicKey.export({ format: 'jwk' })
  return { use: 'sig', kty: 'RSA', kid, alg: 'RS256', n, e }
}
