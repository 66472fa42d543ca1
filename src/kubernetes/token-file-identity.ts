/** Who asks, by a token file that somebody keeps fresh: the kubelet writes it anew at 80 % of the token's life. */
import { PullpassError } from '../outside/pullpass-error.ts'
import { Redacted } from '../outside/redacted.ts'
import { systemErrorCode } from '../outside/system-error-code.ts'
import type { ClusterAccess, ClusterIdentity } from './cluster-access.ts'
import { readSmallFile } from './read-small-file.ts'

const rereadMs = 60_000

/** Reads the file at most once a minute, and at once when the server refused what it held. */
export function identifyByTokenFile(path: string, now: () => Date): ClusterAccess['identify'] {
  let known: { token: string; identity: ClusterIdentity; readAtMs: number } | undefined
  let reading: Promise<ClusterIdentity> | undefined
  const read = async (): Promise<ClusterIdentity> => {
    const token = await readToken(path)
    const identity = known?.token === token ? known.identity : { authorization: new Redacted(`Bearer ${token}`) }
    known = { token, identity, readAtMs: now().getTime() }
    return identity
  }
  return async (because) => {
    if (because === 'asked' && known && now().getTime() - known.readAtMs < rereadMs) return known.identity
    reading ??= read().finally(() => {
      reading = undefined
    })
    return await reading
  }
}

async function readToken(path: string): Promise<string> {
  const text = await readSmallFile(path).catch((cause: unknown) => {
    throw unreadable(`${path} cannot be read: ${systemErrorCode(cause) ?? String(cause)}`, cause)
  })
  const token = text.trim()
  // RFC 6750 §2.1: anything else would not be one header line.
  if (!/^[\w.~+/=-]+$/.test(token)) throw unreadable(`${path} ${token === '' ? 'is empty' : 'holds no bearer token'}`)
  return token
}

function unreadable(seen: string, cause?: unknown): PullpassError {
  return new PullpassError({
    code: 'TOKEN_FILE_UNREADABLE',
    hop: 'kubernetes',
    seen,
    expected: 'a bearer token for the API server, alone in the file',
    hint: 'in a pod, mount a projected token at this path; in a kubeconfig, correct tokenFile',
    cause,
  })
}
