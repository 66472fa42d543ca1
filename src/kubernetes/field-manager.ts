/**
 * The field manager of a document: two documents that claim one Secret conflict, instead of overwriting each other in turn.
 * https://kubernetes.io/docs/reference/using-api/server-side-apply/#managers
 */
import { createHash } from 'node:crypto'

/** The API server takes no longer name. Bytes. */
const longest = 128

/** `pullpass:KIND:NAMESPACE/NAME`, or `pullpass:KIND:NAME` for a document without a namespace; hashed over 128 bytes. */
export function fieldManager(document: {
  readonly kind: string
  readonly namespace?: string | undefined
  readonly name: string
}): string {
  const { kind, namespace, name } = document
  const plain = `pullpass:${kind}:${namespace === undefined ? name : `${namespace}/${name}`}`
  if (Buffer.byteLength(plain) <= longest) return plain
  return `pullpass:${createHash('sha256').update(plain).digest('hex')}`
}
