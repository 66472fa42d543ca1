/** A file that a kubeconfig or a pod's folder names: text of bounded size. */
import { NotRegular, readRegularFile } from '../identity/read-regular-file.ts'
import { systemErrorCode } from '../outside/system-error-code.ts'

const maxBytes = 4 * 1024 * 1024

/** Rejects with what `whyUnreadable` puts into words. */
export async function readSmallFile(path: string): Promise<string> {
  return (await readRegularFile(path, maxBytes)).toString('utf8')
}

/** `cannot be read: ENOENT`, to follow the path. */
export function whyUnreadable(cause: unknown): string {
  if (cause instanceof NotRegular || cause instanceof RangeError) return cause.message
  return `cannot be read: ${systemErrorCode(cause) ?? 'no reason given'}`
}
