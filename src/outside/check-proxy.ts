/** Whether Node can use the proxy that the environment names. https://nodejs.org/api/http.html#built-in-proxy-support */
import type { Environment } from './outside.ts'
import { PullpassError } from './pullpass-error.ts'

/** Node ignores `proxyEnv` before these versions: a proxy that is set and not used would be a silent way around it. */
const oldestMinor: ReadonlyMap<number, number> = new Map([
  [22, 21],
  [23, Number.POSITIVE_INFINITY],
  [24, 5],
])

/** As curl reads them; the first that is not empty counts. */
const proxyVariables = ['https_proxy', 'HTTPS_PROXY']

export const namesProxy = (environment: Environment): boolean => proxyVariables.some((name) => environment[name])

/** @throws USAGE_INVALID where a proxy is named and this Node cannot use it */
export function checkProxy(environment: Environment, nodeVersion: string = process.versions.node): void {
  const [major = 0, minor = 0] = nodeVersion.split('.').map(Number)
  if (!namesProxy(environment) || minor >= (oldestMinor.get(major) ?? 0)) return
  throw new PullpassError({
    code: 'USAGE_INVALID',
    hop: 'run',
    seen: `a proxy is set in the environment, and Node ${nodeVersion} cannot use it`,
    expected: 'Node 22.21, 24.5 or newer',
    hint: 'run pullpass by a newer Node, or unset HTTPS_PROXY',
  })
}
