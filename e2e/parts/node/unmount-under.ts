/** Unmounts every mount below a folder, innermost first, so that the folder can be removed. */
import { readFile } from 'node:fs/promises'
import { runSuccessfully } from '../process/run-program.ts'

export async function unmountUnder(folder: string): Promise<void> {
  const mounts = await readFile('/proc/self/mounts', 'utf8')
  const points = mounts.split('\n').flatMap((line) => line.split(' ')[1] ?? [])
  for (const point of points.filter((path) => path.startsWith(`${folder}/`)).toReversed()) {
    await runSuccessfully('umount', [point])
  }
}
