/** Each right that these documents need, asked of the API server one by one; nothing is done with them. */
import type { Document } from '../document/document.ts'
import type { Cluster } from '../kubernetes/cluster.ts'
import { type AccessQuestion, reviewAccess } from '../kubernetes/review-access.ts'
import { rightsOf } from '../manifests/rights-of.ts'
import { asFault } from '../outside/as-fault.ts'
import type { PullpassError } from '../outside/pullpass-error.ts'
import { sideBySide } from '../refresh/side-by-side.ts'

export interface RightFacts {
  readonly question: AccessQuestion
  readonly answer: 'allowed' | 'denied' | PullpassError
}

/** In the order of the documents; `namespace`: of those that are about one, only its. */
export async function gatherRights(
  documents: readonly Document[],
  namespace: string | undefined,
  cluster: Cluster,
): Promise<RightFacts[]> {
  const questions = rightsOf(documents)
    .filter((right) => right.resource === 'serviceaccounts/token' || isOf(right.namespace, namespace))
    .flatMap(({ resource, verbs, names = [undefined], namespace: where }) =>
      names.flatMap((name) => verbs.map((verb) => ({ resource, verb, name, namespace: where }))),
    )
  return await sideBySide(questions, async (question) => ({
    question,
    answer: await reviewAccess(cluster, question).catch(asFault),
  }))
}

const isOf = (place: string | undefined, namespace: string | undefined) =>
  place === undefined || namespace === undefined || place === namespace
