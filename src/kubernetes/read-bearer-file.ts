/** A bearer token for the API server from a file that somebody keeps fresh: the kubelet, or whoever wrote the kubeconfig. */
import { PullpassError } from '../outside/pullpass-error.ts'
import { whyUnreadable } from '../outside/read-regular-file.ts'
import type { Redacted } from '../outside/redacted.ts'
import { parseBearer } from './parse-bearer.ts'
import { readSmallFile } from './read-small-file.ts'

/** The Authorization header's value. @throws TOKEN_FILE_UNREADABLE */
export async function readBearerFile(path: string): Promise<Redacted> {
  const text = await readSmallFile(path).catch((cause: unknown) => {
    throw unreadable(`${path} ${whyUnreadable(cause)}`, cause)
  })
  const token = text.trim()
  const bearer = parseBearer(token)
  if (bearer) return bearer
  throw unreadable(`${path} ${token === '' ? 'is empty' : 'holds no bearer token'}`)
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
