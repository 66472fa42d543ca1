/** The kid under which kube-apiserver serves a key from its files. */
import { createHash, createPublicKey, type KeyObject } from 'node:crypto'

export const kidOf = (key: KeyObject): string =>
  createHash('sha256')
    .update(createPublicKey(key).export({ type: 'spki', format: 'der' }))
    .digest('base64url')
