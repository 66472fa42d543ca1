/** A file that a kubeconfig or a pod's folder names: text of bounded size. */
import { readFile, stat } from 'node:fs/promises'

const maxBytes = 4 * 1024 * 1024

/** Rejects with the system's own error, or a RangeError where the file is larger than 4 MiB. */
export async function readSmallFile(path: string): Promise<string> {
  if ((await stat(path)).size > maxBytes) throw new RangeError(`the file is larger than ${maxBytes} bytes`)
  return await readFile(path, 'utf8')
}
