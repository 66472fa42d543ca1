/** A bearer token for the API server from a file that somebody keeps fresh: the kubelet, or whoever wrote the kubeconfig. */
import { PullpassError } from '../outside/pullpass-error.ts'
import { whyUnreadable } from '../outside/read-regular-file.ts'
import { Redacted } from '../outside/redacted.ts'
import { readSmallFile } from './read-small-file.ts'

/** The Authorization header's value. @throws TOKEN_FILE_UNREADABLE */
export async function readTokenFile(path: string): Promise<Redacted> {
  const text = await readSmallFile(path).catch((cause: unknown) => {
    throw unreadable(`${path} ${whyUnreadable(cause)}`, cause)
  })
  const token = text.trim()
  // RFC 6750 §2.1: anything else would not be one header line.
  if (!/^[\w.~+/=-]+$/.test(token)) throw unreadable(`${path} ${token === '' ? 'is empty' : 'holds no bearer token'}`)
  return new Redacted(`Bearer ${token}`)
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
