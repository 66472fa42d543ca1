/** What a kubelet reads of a pull secret, by its type; undefined where it reads nothing and passes over it. */
import { type DockerConfig, parseDockerConfig, pullSecretType } from '../credential/docker-config.ts'
import { PullpassError } from '../errors/pullpass-error.ts'
import type { PullSecretContent } from '../kubernetes/objects/pull-secrets.ts'

export function dockerConfigOf(content: PullSecretContent | PullpassError | undefined): DockerConfig | undefined {
  if (content === undefined || content instanceof PullpassError) return undefined
  const { type, dockerConfigJson, dockerCfg } = content
  if (type === pullSecretType) return dockerConfigJson && parseDockerConfig(dockerConfigJson)
  return type === 'kubernetes.io/dockercfg' ? dockerCfg && parseDockerConfig(dockerCfg, 'bare') : undefined
}
