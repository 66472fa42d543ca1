/**
 * Each right that these documents need, asked of the API server one by one; nothing is done with them. From a laptop they
 * are those of the account that refreshes, where whoever runs doctor may ask about others; else his own.
 */
import type { Document, NamespacedName } from '../../document/document.ts'
import { asFault, PullpassError } from '../../errors/pullpass-error.ts'
import type { Cluster } from '../../kubernetes/connection/cluster.ts'
import { type AccessQuestion, reviewAccess } from '../../kubernetes/objects/review-access.ts'
import { permissionsOf } from '../../manifests/permissions.ts'
import { sideBySide } from '../../refresh/apply-pull-secrets.ts'
import type { Asked, Refresher } from '../asked.ts'

export interface RightFacts {
  readonly question: AccessQuestion
  readonly answer: 'allowed' | 'denied' | PullpassError
  /** undefined: of who asks. */
  readonly whose: Refresher | undefined
}

type Answer = RightFacts['answer']

/** In the order of the documents; `namespace`: of those that are about one, only its. */
export async function gatherRights(
  { documents, namespace, refresher }: Pick<Asked, 'documents' | 'namespace' | 'refresher'>,
  cluster: Cluster,
): Promise<RightFacts[]> {
  const questions = questionsOf(documents, namespace)
  const [first] = questions
  if (first === undefined) return []
  const whose = refresher && (await mayAskAbout(refresher, first, cluster)) ? refresher : undefined
  const rights = await reviewAll(questions, whose, cluster)
  // Who was only guessed at, and may do nothing of it, is not who refreshes: somebody does it by hand, or another account.
  const stranger = whose?.known === 'guessed' && rights.every(({ answer }) => answer === 'denied')
  return stranger ? await reviewAll(questions, undefined, cluster) : rights
}

async function reviewAll(
  questions: readonly AccessQuestion[],
  whose: Refresher | undefined,
  cluster: Cluster,
): Promise<RightFacts[]> {
  const review = async (question: AccessQuestion): Promise<Answer> =>
    await reviewAccess(cluster, question, whose).catch(asFault)
  const everywhere = await reviewEverywhere(questions, review)
  return await sideBySide(questions, async (question) => {
    const held = everywhere.get(keyOf({ ...question, namespace: undefined })) === 'allowed'
    return { question, whose, answer: held ? 'allowed' : await review(question) }
  })
}

function questionsOf(documents: readonly Document[], namespace: string | undefined): AccessQuestion[] {
  return permissionsOf(documents)
    .filter((right) => right.resource === 'serviceaccounts/token' || isOf(right.namespace, namespace))
    .flatMap(({ resource, verbs, names = [undefined], namespace: where }) =>
      names.flatMap((name) => verbs.map((verb) => ({ resource, verb, name, namespace: where }))),
    )
}

const isOf = (place: string | undefined, namespace: string | undefined) =>
  place === undefined || namespace === undefined || place === namespace

async function mayAskAbout(account: NamespacedName, question: AccessQuestion, cluster: Cluster): Promise<boolean> {
  const answer = await reviewAccess(cluster, question, account).catch(asFault)
  return !(answer instanceof PullpassError && answer.code === 'KUBERNETES_FORBIDDEN')
}

/** In so few namespaces each is asked about by itself. */
const few = 4

/** A right in the whole cluster is one in each of a thousand namespaces: it spares a thousand questions. */
async function reviewEverywhere(
  questions: readonly AccessQuestion[],
  review: (question: AccessQuestion) => Promise<Answer>,
): Promise<ReadonlyMap<string, Answer>> {
  const alike = Map.groupBy(
    questions.filter(({ namespace }) => namespace !== undefined),
    (question) => keyOf({ ...question, namespace: undefined }),
  )
  const many = [...alike].flatMap(([key, [one, ...more]]) =>
    one === undefined || more.length < few ? [] : [[key, { ...one, namespace: undefined }] as const],
  )
  return new Map(await sideBySide(many, async ([key, question]) => [key, await review(question)] as const))
}

const keyOf = ({ verb, resource, name, namespace }: AccessQuestion) => JSON.stringify([verb, resource, name, namespace])
