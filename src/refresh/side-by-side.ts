/** Works on many things at once, but not on all; results stand in the things' order. */

/** More than the connection has under way at once, so that it never waits for work. */
const most = 64

export async function sideBySide<Thing, Result>(
  things: readonly Thing[],
  work: (thing: Thing) => Promise<Result>,
  atOnce: number = most,
): Promise<Result[]> {
  const results: Result[] = []
  const queue = things.entries() // shared: each worker takes the next
  const worker = async () => {
    for (const [index, thing] of queue) results[index] = await work(thing)
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, things.length) }, worker))
  return results
}
