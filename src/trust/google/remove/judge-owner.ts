/** Whether pullpass made something at Google for these clusters, by the marks in its description. */
import { marksIn } from '../../trusted-cluster.ts'
import { type GoogleConnection, readAtGoogle } from '../ask-google.ts'
import { readFoundProvider } from '../look/found-state.ts'
import { identityPath } from '../resource-path.ts'
import type { WantedAtGoogle } from '../want/wanted-at-google.ts'

/** Undefined where it is; else why not. */
export type WhoseIsIt = (description: string, marks: readonly string[]) => Promise<string | undefined>

/**
 * What was made before a provider's issuer was replaced carries the mark of the issuer that was. The provider remembers it,
 * at Google: it is believed where the provider itself is of these clusters, and no ConfigMap is asked.
 */
export function judgeOwner({ providers }: Pick<WantedAtGoogle, 'providers'>, google: GoogleConnection): WhoseIsIt {
  return async (description, marks) => {
    const carried = marksIn(description)
    const [first] = carried
    if (first === undefined) return 'pullpass did not make it'
    if (carried.some((mark) => marks.includes(mark))) return undefined
    const found = await Promise.all(
      providers.map(({ name }) => readAtGoogle(google, identityPath(name), readFoundProvider)),
    )
    const former = found
      .map((provider) => marksIn(provider?.description ?? ''))
      .filter((had) => had.some((mark) => marks.includes(mark)))
      .flat()
    return carried.some((mark) => former.includes(mark))
      ? undefined
      : `pullpass made it for another issuer than this cluster's: it carries ${first}`
  }
}
