/** An unused port of 127.0.0.1, for a program that cannot choose and report a port itself. */
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:net'

/** Systems assign ports from 32,768 on to connections: such a port could be taken again before the program listens. */
const [first, end] = [10_000, 32_768]
const taken = new Set<number>()

export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(first, end)
    if (taken.has(port) || !(await isUnused(port))) continue
    taken.add(port)
    return port
  }
}

async function isUnused(port: number): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1')
  try {
    await once(server, 'listening')
  } catch {
    return false // EADDRINUSE
  }
  server.close()
  await once(server, 'close')
  return true
}
