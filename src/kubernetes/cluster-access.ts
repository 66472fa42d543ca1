/** How one API server is reached, and as whom: what a kubeconfig or a pod's folder says, before anything is connected. */
import type { Agent } from 'node:http'
import type { ConnectionOptions } from 'node:tls'
import type { Redacted } from '../outside/redacted.ts'

export interface ClusterAccess {
  /** `https:` or `http:`; its path, where it has one, comes before every request's. */
  readonly server: URL
  /** Read anew for each connection: authorities and client certificates rotate. */
  readonly trust: () => Promise<Trust>
  /** What `trust` was before its authorities were replaced for this connection; absent: it is as configured. */
  readonly configured?: () => Promise<Trust>
  /** Who asks. `refused`: the server did not take the last one, so that a newer one is looked for. */
  readonly identify: (because: 'asked' | 'refused') => Promise<ClusterIdentity>
  /** Makes what makes the connections, where a proxy stands between: HTTP/1.1 then. */
  readonly proxy?: (tls: ConnectionOptions) => Promise<Agent>
}

export interface Trust {
  /** PEM; absent: the authorities that Node trusts. */
  readonly ca?: string
  readonly clientCertificate?: string
  readonly clientKey?: Redacted
  /** The name in the server's certificate, where it is not the server's host. */
  readonly serverName?: string
  readonly verify: 'always' | 'never'
}

/** The same object as long as nothing changed. */
export interface ClusterIdentity {
  /** The header's whole value: `Bearer …`. */
  readonly authorization?: Redacted
  /** Impersonation, as a kubeconfig asks for it. */
  readonly headers?: Readonly<Record<string, string | string[]>>
}
