/** The credential that lies in a namespace's pull secret, tried at the registry: kubelets pull with it, not with a fresh one. */
import { parseDockerConfig } from '../../credential/docker-config.ts'
import { PullpassError } from '../../errors/pullpass-error.ts'
import { matchImage } from '../../registry/match-credentials.ts'
import type { PullTrial, TrialContext } from '../../registry/pull.ts'
import { Redacted } from '../../text/redacted.ts'
import type { WantedImage } from '../asked.ts'
import type { SecretFacts } from './gather-places.ts'
import { tryInTurn } from './try-in-turn.ts'

export interface StoredFacts {
  readonly secret: SecretFacts
  readonly image: WantedImage
  readonly trial: PullTrial
}

/** Nothing of a Secret whose keys fit none of the images. */
export async function gatherStored(
  secrets: readonly SecretFacts[],
  images: readonly WantedImage[],
  context: TrialContext,
): Promise<StoredFacts[]> {
  const trials = secrets.flatMap((secret) => images.map((image) => tryStored(secret, image, context)))
  return (await Promise.all(trials)).flat()
}

async function tryStored(secret: SecretFacts, image: WantedImage, context: TrialContext): Promise<StoredFacts[]> {
  const { content } = secret
  if (content === undefined || content instanceof PullpassError) return []
  const { entries } = parseDockerConfig(content.dockerConfigJson ?? new Redacted('null'))
  const fitting = matchImage([...entries.keys()], image.reference).flatMap((key) => entries.get(key) ?? [])
  const trial = await tryInTurn(fitting, image, context)
  return trial === undefined ? [] : [{ secret, image, trial }]
}
