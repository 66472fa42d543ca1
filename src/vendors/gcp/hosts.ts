/** Artifact Registry, and Container Registry, whose hosts it serves. https://cloud.google.com/artifact-registry/docs/docker/names */
import type { HostRule } from '../../document/vendor-hosts.ts'

export const registryHosts: HostRule = {
  accepts: (server) => /^(?:[a-z0-9*-]+\.)+pkg\.dev$|^(?:[a-z0-9*-]+\.)*gcr\.io$/.test(server),
  expected: 'a host of Google: LOCATION-docker.pkg.dev, gcr.io or LOCATION.gcr.io',
}
