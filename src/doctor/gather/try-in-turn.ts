/** Credentials that fit an image, tried as a kubelet does: one after another, until one can pull. */
import type { DockerConfigEntry } from '../../credential/docker-config.ts'
import { type PullTrial, type TrialContext, tryPull } from '../../registry/pull.ts'
import type { WantedImage } from '../asked.ts'

/** What became of the last one; undefined where there is none. */
export async function tryInTurn(
  entries: readonly DockerConfigEntry[],
  { reference }: WantedImage,
  context: TrialContext,
): Promise<PullTrial | undefined> {
  let trial: PullTrial | undefined
  for (const entry of entries) {
    trial = await tryPull(reference, entry, context)
    if (trial.outcome === 'pulls') break
  }
  return trial
}
