/** What a kubelet reads of a pull secret, by its type; undefined where it reads nothing and passes over it. */
import { type DockerConfig, parseDockerConfig } from '../credential/parse-docker-config.ts'
import { pullSecretType } from '../credential/pull-secret-type.ts'
import type { PullSecretContent } from '../kubernetes/read-pull-secret-data.ts'
import { PullpassError } from '../outside/pullpass-error.ts'

export function dockerConfigOf(content: PullSecretContent | PullpassError | undefined): DockerConfig | undefined {
  if (content === undefined || content instanceof PullpassError) return undefined
  const { type, dockerConfigJson, dockerCfg } = content
  if (type === pullSecretType) return dockerConfigJson && parseDockerConfig(dockerConfigJson)
  return type === 'kubernetes.io/dockercfg' ? dockerCfg && parseDockerConfig(dockerCfg, 'bare') : undefined
}
