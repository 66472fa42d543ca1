/** Works on a limited number of items concurrently; results are in the order of the items. */

/** More than the concurrent requests of the connection, so that it never waits for work. */
const most = 64

export async function runConcurrently<Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
  maxConcurrent: number = most,
): Promise<Result[]> {
  const results: Result[] = []
  const queue = items.entries() // shared: each worker takes the next
  const worker = async () => {
    for (const [index, item] of queue) results[index] = await work(item)
  }
  await Promise.all(Array.from({ length: Math.min(maxConcurrent, items.length) }, worker))
  return results
}
