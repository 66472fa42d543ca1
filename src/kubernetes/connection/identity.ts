/** The client's identity, read again at most once a minute, or immediately after the server refused it. */
import { PullpassError } from '../../errors/pullpass-error.ts'
import { whyUnreadable } from '../../host/read-file.ts'
import { Redacted } from '../../text/redacted.ts'
import { readSmallFile } from './certificates.ts'
import type { ClusterAccess, ClusterIdentity } from './cluster.ts'

const rereadMs = 60_000

type Headers = NonNullable<ClusterIdentity['headers']>

/** `read` returns the Authorization header's value. Concurrent requests share one read. */
export function keepIdentity(
  read: (because: 'needed' | 'refused') => Promise<Redacted | undefined>,
  now: () => Date,
  headers?: Headers,
): ClusterAccess['identify'] {
  let known: { identity: ClusterIdentity; readAtMs: number } | undefined
  let reading: Promise<ClusterIdentity> | undefined
  const readAgain = async (because: 'needed' | 'refused'): Promise<ClusterIdentity> => {
    const authorization = await read(because)
    const same = known?.identity.authorization?.reveal() === authorization?.reveal()
    const identity =
      known && same ? known.identity : { ...(authorization && { authorization }), ...(headers && { headers }) }
    known = { identity, readAtMs: now().getTime() }
    return identity
  }
  return async (because) => {
    if (because === 'needed' && known && now().getTime() - known.readAtMs < rereadMs) return known.identity
    reading ??= readAgain(because).finally(() => {
      reading = undefined
    })
    return await reading
  }
}

// A bearer token for the API server from a file that the kubelet, or the owner of the kubeconfig, renews.

/** The Authorization header's value. @throws TOKEN_FILE_UNREADABLE */
export async function readBearerFile(path: string): Promise<Redacted> {
  const text = await readSmallFile(path).catch((cause: unknown) => {
    throw unreadable(`${path} ${whyUnreadable(cause)}`, cause)
  })
  const token = text.trim()
  const bearer = parseBearer(token)
  if (bearer) return bearer
  throw unreadable(`${path} ${token === '' ? 'is empty' : 'contains no bearer token'}`)
}

function unreadable(seen: string, cause?: unknown): PullpassError {
  return new PullpassError({
    code: 'TOKEN_FILE_UNREADABLE',
    hop: 'kubernetes',
    seen,
    expected: 'a file with only a bearer token for the API server',
    hint: 'in a pod, mount a projected token at this path; in a kubeconfig, correct tokenFile',
    cause,
  })
}

// A bearer token as an Authorization header's value.

/** Undefined if a header cannot contain it. RFC 6750 §2.1 allows fewer characters, but Rancher's tokens contain colons. */
export function parseBearer(token: string): Redacted | undefined {
  return /^[\x21-\x7e]+$/.test(token) ? new Redacted(`Bearer ${token}`) : undefined
}
