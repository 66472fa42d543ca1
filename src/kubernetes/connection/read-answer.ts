/** An API server's good answer as JSON. */

import { PullpassError } from '../../errors/pullpass-error.ts'
import { asObject, type JsonObject, jsonOrNone } from '../../text/json-fields.ts'
import type { Cluster, ClusterAnswer } from './cluster.ts'

/** @throws RESPONSE_MALFORMED; what was answered is not shown, since it may hold a Secret */
export function readAnswer({ server }: Cluster, { status, body }: ClusterAnswer): JsonObject {
  const object = asObject(jsonOrNone(body))
  if (object) return object
  throw malformed(server, status, Buffer.byteLength(body))
}

export function malformed(server: string, status: number, bytes: number): PullpassError {
  return new PullpassError({
    code: 'RESPONSE_MALFORMED',
    hop: 'kubernetes',
    seen: `${server} answered ${status}, ${bytes} bytes that are no object of the Kubernetes API`,
    expected: 'JSON, as the Kubernetes API answers',
    hint: 'see that the server in the kubeconfig is the API server, and that nothing between (a proxy, a sign-in page) answers in its place',
  })
}
