/**
 * What refreshes now. A token that lies in a pod is no laptop's: there the CronJob that `pullpass manifests` prints is run
 * ahead of its time, where its account is named.
 */
import type { NamespacedName } from '../../document/document.ts'
import type { Remedy } from '../finding.ts'

/** Whoever looks; else the account of the pod that holds the token, where it is named. */
export type WhoRefreshes = 'who looks' | NamespacedName | 'somebody else'

export interface RefreshWanted {
  readonly after?: string
  /** Takes over what somebody else made. */
  readonly conflicts?: 'adopted'
}

interface Means {
  readonly here: (...flags: readonly string[]) => string
  readonly job: (name: string, namespace: string) => string
  readonly refreshes: WhoRefreshes
  /** Empty: the document of the variables, which has no such field. */
  readonly files: readonly string[]
  readonly at: Date
}

export function refreshRemedy({ after, conflicts }: RefreshWanted, { here, job, refreshes, files, at }: Means): Remedy {
  const then = (command: string) => (after === undefined ? command : `${after} && ${command}`)
  const adopt = conflicts === 'adopted' ? ['--adopt'] : []
  if (refreshes === 'who looks') return { command: then(here(...adopt)) }
  if (conflicts === 'adopted') {
    return {
      words: `in the pod that refreshes, whose token it takes: ${here(...adopt)}${files.length === 0 ? '' : '; or set spec.conflictPolicy: Adopt'}`,
    }
  }
  if (refreshes === 'somebody else' || refreshes.name !== 'pullpass') {
    const words = `${after === undefined ? '' : 'then '}run ${here()} in the pod that refreshes, whose token it takes`
    return { ...(after !== undefined && { command: after }), words }
  }
  const name = `pullpass-by-hand-${Math.floor(at.getTime() / 1000)}`
  const words = 'runs the CronJob of pullpass manifests ahead of its time: the token lies in its pod'
  return { command: then(job(name, refreshes.namespace)), words }
}
