/** The agent for HTTPS_PROXY and NO_PROXY: Node's own, with the environment handed in. */
import type { Agent } from 'node:https'
import type { Environment } from './outside.ts'
import { PullpassError } from './pullpass-error.ts'

/** Node ignores `proxyEnv` before these versions: a proxy that is set and not used would be a silent way around it. */
const oldestMinor: ReadonlyMap<number, number> = new Map([
  [22, 21],
  [23, Number.POSITIVE_INFINITY],
  [24, 5],
])

/** @throws USAGE_INVALID where this Node cannot use a proxy */
export async function proxyAgent(
  environment: Environment,
  ca: string[] | undefined,
  nodeVersion: string = process.versions.node,
): Promise<Agent> {
  const [major = 0, minor = 0] = nodeVersion.split('.').map(Number)
  if (minor < (oldestMinor.get(major) ?? 0)) {
    throw new PullpassError({
      code: 'USAGE_INVALID',
      hop: 'document',
      seen: `a proxy is set in the environment, and Node ${nodeVersion} cannot use it`,
      expected: 'Node 22.21, 24.5 or newer',
      hint: 'run pullpass by a newer Node, or unset HTTPS_PROXY',
    })
  }
  const https = await import('node:https')
  return new https.Agent({ proxyEnv: { ...environment }, ...(ca === undefined ? {} : { ca }) })
}
