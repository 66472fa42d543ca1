/** A file that a kubeconfig or a pod's folder names: text of bounded size. */
import { readRegularFile } from '../outside/read-regular-file.ts'

const maxBytes = 4 * 1024 * 1024

/** Rejects with what `whyUnreadable` puts into words. */
export async function readSmallFile(path: string): Promise<string> {
  return (await readRegularFile(path, maxBytes)).toString('utf8')
}
