/**
 * The value of a pull secret's `.dockerconfigjson`, in the form that `kubectl create secret docker-registry` writes.
 * https://kubernetes.io/docs/tasks/configure-pod-container/pull-image-private-registry/
 */
import { Redacted } from '../outside/redacted.ts'
import type { DockerConfigEntry } from './docker-config-entry.ts'
import type { RegistryCredential } from './registry-credential.ts'

/**
 * JSON text with an entry for each host. `keep` are earlier entries for hosts that no credential serves now.
 * The same credentials in any order give the same bytes, so that an unchanged apply writes nothing.
 */
export function renderDockerConfig(
  credentials: readonly RegistryCredential[],
  keep: ReadonlyMap<string, DockerConfigEntry> = new Map(),
): Redacted {
  const entries = new Map(keep)
  for (const credential of credentials) {
    for (const host of credential.hosts) entries.set(host, credential)
  }
  const hosts = [...entries].toSorted(([left], [right]) => (left < right ? -1 : 1))
  const auths = Object.fromEntries(hosts.map(([host, entry]) => [host, renderEntry(entry)]))
  return new Redacted(JSON.stringify({ auths }))
}

/** Kubelets read `auth` alone, and so does skopeo; other readers know only the pair. */
function renderEntry({ username, password }: DockerConfigEntry) {
  const opened = password.reveal()
  return { username, password: opened, auth: Buffer.from(`${username}:${opened}`).toString('base64') }
}
