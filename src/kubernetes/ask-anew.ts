/** Asks the cluster something over a connection of its own: behind a load balancer perhaps another API server answers. */
import type { Cluster } from './cluster.ts'

export async function askAnew<T>(cluster: Cluster, ask: (other: Cluster) => Promise<T>): Promise<T> {
  const other = cluster.reconnect()
  try {
    return await ask(other)
  } finally {
    await other.close()
  }
}
