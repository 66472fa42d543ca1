/** A server's key files: the one that signs service account tokens, and those that verify them. */
import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ServiceAccountKeys } from './api-server-plan.ts'

export interface KeyFiles {
  /** PEM, private. */
  readonly signingKeyFile: string
  /** PEM, public, one after another. */
  readonly verifyingKeyFile: string
}

/** Each server has its own folder. */
export async function writeKeyFiles(folder: string, keys: ServiceAccountKeys): Promise<KeyFiles> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const [signingKeyFile, verifyingKeyFile] = [join(folder, 'signing-key.pem'), join(folder, 'verifying-keys.pem')]
  await writeFile(signingKeyFile, keys.signing.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 })
  await writeFile(verifyingKeyFile, keys.verifying.map(publicPem).join(''))
  return { signingKeyFile, verifyingKeyFile }
}

/** The key types that Kubernetes supports for service account tokens. */
export type SigningKeyKind = 'RSA' | 'P-256' | 'P-384' | 'P-521'

export const generateSigningKey = (kind: SigningKeyKind = 'RSA'): KeyObject =>
  kind === 'RSA'
    ? generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
    : generateKeyPairSync('ec', { namedCurve: kind }).privateKey

const publicPem = (key: KeyObject): string =>
  (key.type === 'private' ? createPublicKey(key) : key).export({ type: 'spki', format: 'pem' }).toString()
