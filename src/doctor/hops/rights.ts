/**
 * Hop `rights`: each permission that the documents need, by an access review; nothing is done with them. Outside the pod that
 * refreshes they are those of its ServiceAccount, if this user may review the access of others; else its own.
 */
import type { NamespacedName } from '../../document/document.ts'
import { asFault, PullpassError } from '../../errors/pullpass-error.ts'
import type { Cluster } from '../../kubernetes/connection/cluster.ts'
import { type AccessQuestion, reviewAccess } from '../../kubernetes/objects/review-access.ts'
import { ownName } from '../../manifests/manifest.ts'
import { controllerPermissionsOf, groupOf, type Permission, permissionsOf } from '../../manifests/permissions.ts'
import { runConcurrently } from '../../refresh/run-concurrently.ts'
import { clusterSource } from '../facts/cluster.ts'
import { type ScheduleFacts, scheduleSource } from '../facts/schedule.ts'
import { dependencyFailed, type HopFinding } from '../finding.ts'
import { defineHop, defineSource, type Hop, type Source, type View } from '../hop.ts'
import { setsBack } from '../printed-commands.ts'
import type { DoctorRequest, Refresher } from '../request.ts'

interface RightFacts {
  readonly question: AccessQuestion
  readonly verdict: 'allowed' | 'denied' | PullpassError
  /** undefined: of this user. */
  readonly whose: Refresher | undefined
  /** What is installed. */
  readonly workload: 'CronJob' | 'controller'
}

type AccessVerdict = RightFacts['verdict']

const rightsSource: Source<readonly RightFacts[]> = defineSource({
  needs: { cluster: clusterSource, schedule: scheduleSource },
  step: { hops: ['rights'], of: 'cluster' },
  otherwise: [],
  gather: async ({ cluster, schedule }, { request }) =>
    cluster?.cluster ? await gatherRights(request, schedule, cluster.cluster) : [],
})

export const rightsHop: Hop = defineHop({
  name: 'rights',
  needs: { rights: rightsSource },
  after: ['cluster', 'subject-token'],
  evaluate({ rights }, view) {
    const failure = view.found.failure('cluster')
    return failure ? [dependencyFailed('rights', '', failure)] : rights.map((right) => evaluateRight(right, view))
  },
})

/** In the order of the documents; `namespace`: of those that are about one, only its. */
async function gatherRights(
  { documents, namespace, refresher }: Pick<DoctorRequest, 'documents' | 'namespace' | 'refresher'>,
  { cronJob, controller }: ScheduleFacts,
  cluster: Cluster,
): Promise<RightFacts[]> {
  const ofRefresh = questionsOf(permissionsOf(documents), namespace)
  const [first] = ofRefresh
  if (first === undefined) return []
  const ofUser = async () => await reviewAll(ofRefresh, undefined, 'CronJob', cluster)
  const whose = refresher && (await mayReviewOf(refresher, first, cluster)) ? refresher : undefined
  if (whose === undefined) return await ofUser()
  const isController = controller !== undefined && cronJob === undefined && whose.name === ownName
  const rights = isController
    ? await reviewAll(
        questionsOf(controllerPermissionsOf(documents, controller), namespace),
        whose,
        'controller',
        cluster,
      )
    : await reviewAll(ofRefresh, whose, 'CronJob', cluster)
  // An account that was only guessed and has none of the permissions is not the one that refreshes.
  const isOther = whose.known === 'guessed' && rights.every(({ verdict }) => verdict === 'denied')
  return isOther ? await ofUser() : rights
}

async function reviewAll(
  questions: readonly AccessQuestion[],
  whose: Refresher | undefined,
  workload: RightFacts['workload'],
  cluster: Cluster,
): Promise<RightFacts[]> {
  const review = async (question: AccessQuestion): Promise<AccessVerdict> =>
    await reviewAccess(cluster, question, whose).catch(asFault)
  const everywhere = await reviewEverywhere(questions, review)
  return await runConcurrently(questions, async (question) => {
    const isAllowed = everywhere.get(keyOf({ ...question, namespace: undefined })) === 'allowed'
    return { question, whose, workload, verdict: isAllowed ? 'allowed' : await review(question) }
  })
}

function questionsOf(needed: readonly Permission[], namespace: string | undefined): AccessQuestion[] {
  return needed
    .filter((right) => ['serviceaccounts/token', 'leases'].includes(right.resource) || isOf(right.namespace, namespace))
    .flatMap(({ resource, verbs, names = [undefined], namespace: where }) =>
      names.flatMap((name) =>
        verbs.map((verb) => ({ group: groupOf(resource), resource, verb, name, namespace: where })),
      ),
    )
}

const isOf = (at: string | undefined, namespace: string | undefined) =>
  at === undefined || namespace === undefined || at === namespace

async function mayReviewOf(account: NamespacedName, question: AccessQuestion, cluster: Cluster): Promise<boolean> {
  const verdict = await reviewAccess(cluster, question, account).catch(asFault)
  return !(verdict instanceof PullpassError && verdict.code === 'KUBERNETES_FORBIDDEN')
}

/** For so few namespaces each is reviewed by itself. */
const few = 4

/** A right in the whole cluster is one in each of a thousand namespaces: it spares a thousand questions. */
async function reviewEverywhere(
  questions: readonly AccessQuestion[],
  review: (question: AccessQuestion) => Promise<AccessVerdict>,
): Promise<ReadonlyMap<string, AccessVerdict>> {
  const alike = Map.groupBy(
    questions.filter(({ namespace }) => namespace !== undefined),
    (question) => keyOf({ ...question, namespace: undefined }),
  )
  const many = [...alike].flatMap(([key, [one, ...more]]) =>
    one === undefined || more.length < few ? [] : [[key, { ...one, namespace: undefined }] as const],
  )
  return new Map(await runConcurrently(many, async ([key, question]) => [key, await review(question)] as const))
}

const keyOf = ({ verb, resource, name, namespace }: AccessQuestion) => JSON.stringify([verb, resource, name, namespace])

function evaluateRight({ question, verdict, whose, workload }: RightFacts, { found, request }: View): HopFinding {
  const { commands, serviceAccount } = request
  const about = nameRight(question)
  const { namespace } = question
  const alike = nameUse(question)
  const base = { hop: 'rights', about, ...(namespace !== undefined && { namespace, alike }) } as const
  if (verdict === 'allowed') return { ...base, result: 'ok', code: 'OK', seen: `allowed to ${nameHolder(whose)}` }
  if (verdict instanceof PullpassError) {
    return {
      ...base,
      result: 'skipped',
      code: 'NOT_READABLE',
      seen: `the API server does not report it: ${verdict.seen}`,
    }
  }
  const { group = '', resource, verb, name, namespace: where } = question
  const tokenFailure = found.failure('subject-token')
  if (resource === 'serviceaccounts/token' && tokenFailure?.code === 'TOKEN_REQUEST_REFUSED')
    return dependencyFailed(base.hop, about, tokenFailure)
  const names = name === undefined ? '' : `, resourceNames: [${name}]`
  return {
    ...base,
    result: whose?.known === 'guessed' ? 'warning' : 'failed',
    code: 'PERMISSION_MISSING',
    causeKey: nameHolder(whose),
    seen: `${nameHolder(whose)} may not ${about}`,
    expected: `the rule {apiGroups: ["${group}"], resources: [${resource}]${names}, verbs: [${verb}]} in a ${where === undefined ? 'ClusterRole' : `Role of ${where}`}`,
    remedy: {
      command: commands.install(whose?.namespace ?? serviceAccount?.namespace, workload),
      words: `grants exactly the permissions that these documents need, to the ServiceAccount that it creates; ${setsBack}${whose?.known === 'guessed' ? '; if another account refreshes, name it: --service-account NAMESPACE/NAME' : ''}`,
    },
  }
}

const nameHolder = (whose: NamespacedName | undefined) =>
  whose === undefined ? 'this user' : `service account ${whose.namespace}/${whose.name}`

/** `list secrets regcred in team-a`. */
function nameRight({ verb, resource, name, namespace }: AccessQuestion): string {
  return `${nameUse({ verb, resource, name })} in ${namespace ?? 'the whole cluster'}`
}

/** `list secrets regcred`. */
const nameUse = ({ verb, resource, name }: AccessQuestion): string =>
  name === undefined ? `${verb} ${resource}` : `${verb} ${resource} ${name}`
