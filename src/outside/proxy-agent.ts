/** The agent for HTTPS_PROXY and NO_PROXY: Node's own, with the environment handed in. */
import type { Agent } from 'node:https'
import type { SecureContext } from 'node:tls'
import { checkProxy } from './check-proxy.ts'
import type { Environment } from './outside.ts'

/** @throws USAGE_INVALID where this Node cannot use a proxy */
export async function proxyAgent(environment: Environment, secureContext: SecureContext | undefined): Promise<Agent> {
  checkProxy(environment)
  const https = await import('node:https')
  return new https.Agent({ proxyEnv: { ...environment }, ...(secureContext && { secureContext }) })
}
