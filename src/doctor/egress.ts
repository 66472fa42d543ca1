/**
 * What blocked egress looks like from a Pod: packets that a NetworkPolicy drops get no response, so a connection times out, and
 * so does the lookup of a name where DNS is blocked. A refused connection or a response is none of that. Pure.
 * https://kubernetes.io/docs/concepts/services-networking/network-policies/
 */
import type { Environment } from '../http/context.ts'
import { proxyFor } from '../http/proxy.ts'
import type { HopFinding } from './finding.ts'

/** Adds the likely cause to what was not reached, if doctor runs in a Pod: elsewhere no NetworkPolicy applies. */
export function explainEgress(findings: readonly HopFinding[], environment: Environment): HopFinding[] {
  if (!environment['KUBERNETES_SERVICE_HOST']) return [...findings]
  return findings.map((finding) =>
    finding.result === 'failed' && finding.unreached !== undefined
      ? { ...finding, remedy: { words: remedyOf(finding, environment) } }
      : finding,
  )
}

const cause =
  'a NetworkPolicy of this Pod is the likely cause, since blocked connections time out: kubectl describe networkpolicies, in its namespace'

function remedyOf({ hop, unreached }: HopFinding, environment: Environment): string {
  return `${cause}; it must allow ${allowed(hop, unreached, environment)}; or --no-network-policy prints none. Without a NetworkPolicy, check for a firewall or an outage`
}

function allowed(hop: HopFinding['hop'], unreached: HopFinding['unreached'], environment: Environment): string {
  if (unreached === 'name not resolved')
    return 'UDP and TCP 53 and 5353 for DNS, as pullpass manifests of this version prints it'
  if (hop === 'cluster')
    return 'the ports of EndpointSlice kubernetes in namespace default: pullpass manifests with --api-server-port PORT'
  const proxy = proxyFor(new URL('https://cloud.invalid'), environment)
  return proxy === undefined
    ? 'TCP 443; where clouds are reached through a proxy only: pullpass manifests with --https-proxy URL'
    : `the port of the proxy that ${proxy.source} names: pullpass manifests with --https-proxy URL`
}
