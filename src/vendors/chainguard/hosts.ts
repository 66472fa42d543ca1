/** The host of Chainguard's registry. https://edu.chainguard.dev/chainguard/chainguard-images/chainguard-registry/overview/ */
import type { HostRule } from '../../document/vendor-hosts.ts'

export const registryHosts: HostRule = {
  accepts: (server) => server === 'cgr.dev' || server.endsWith('.cgr.dev'),
  expected: 'cgr.dev or a host below it',
}
