/** One entry of a dockerconfigjson, as a kubelet uses it: who to be at a host. */
import type { Redacted } from '../outside/redacted.ts'

export interface DockerConfigEntry {
  readonly username: string
  readonly password: Redacted
}
