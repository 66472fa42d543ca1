/**
 * A list of the API server's, page by page.
 * https://kubernetes.io/docs/reference/using-api/api-concepts/#retrieving-large-results-sets-in-chunks
 */

import { asList, asObject, asText, type JsonObject } from '../outside/json-fields.ts'
import { PullpassError } from '../outside/pullpass-error.ts'
import type { Asked } from './asked.ts'
import type { Cluster } from './cluster.ts'
import { readAnswer } from './read-answer.ts'
import { readStatus } from './read-status.ts'

export const metadataOnly = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1'

export interface ListAsked {
  /** Without a query. */
  readonly path: string
  /** `metadata.name=regcred` */
  readonly fieldSelector?: string
  readonly labelSelector?: string
  /** What a 404 means: the kind is not served. Absent: an error. */
  readonly whereAbsent?: 'empty'
  readonly accept: string
  readonly asked: Asked
  /** Of one page; absent: 8 MiB. */
  readonly maxAnswerBytes?: number
}

const defaultPageBytes = 8 * 1024 * 1024
const pageSizes = [500, 50, 5, 1] as const
const longestMs = 120_000
/** Five times what Kubernetes takes for a large cluster. */
const maxItems = 50_000
const maxAttempts = 4

/** Every item, each turned into what the caller keeps of it: the rest of a page is dropped as it comes. */
export async function listPages<T>(cluster: Cluster, list: ListAsked, keep: (item: JsonObject) => T): Promise<T[]> {
  for (let attempt = 1, size = 0; ; ) {
    const items = await listOnce(cluster, list, pageSizes[size] ?? 1, keep).catch((fault: unknown) => {
      if (!isTooLarge(fault) || size === pageSizes.length - 1) throw fault
      return 'too large' as const
    })
    if (items === 'endless') throw endless(cluster, list.asked)
    if (items === 'too large') size += 1
    else if (items !== 'expired') return items
    else if (attempt++ === maxAttempts) throw expired(cluster, list.asked, maxAttempts)
  }
}

/** Whoever may write annotations can make a page as large as he likes; a page of a few objects is bounded. */
const isTooLarge = (fault: unknown) => fault instanceof PullpassError && fault.code === 'ANSWER_TOO_LARGE'

/** `expired`: the next page is no longer there (410), and the list begins anew. `endless`: more came than is kept. */
async function listOnce<T>(
  cluster: Cluster,
  list: ListAsked,
  limit: number,
  keep: (item: JsonObject) => T,
): Promise<T[] | 'expired' | 'endless'> {
  const { accept, maxAnswerBytes = defaultPageBytes } = list
  const items: T[] = []
  for (let page = 1, next: string | undefined; page <= maxItems && items.length <= maxItems; page++) {
    const path = `${list.path}?${pageQuery(list, limit, next)}`
    const answer = await cluster.request({ method: 'GET', path, accept, maxAnswerBytes, longestMs })
    if (answer.status === 410) return 'expired'
    if (answer.status === 404 && list.whereAbsent === 'empty') return []
    if (answer.status !== 200) throw readStatus(cluster, answer, list.asked)
    const content = readAnswer(cluster, answer)
    for (const item of asList(content['items'])) items.push(keep(asObject(item) ?? {}))
    next = asText(asObject(content['metadata'])?.['continue'])
    if (!next) return items
  }
  return 'endless'
}

function pageQuery({ fieldSelector, labelSelector }: ListAsked, limit: number, next: string | undefined): string {
  const query = new URLSearchParams({ limit: String(limit) })
  if (fieldSelector !== undefined) query.set('fieldSelector', fieldSelector)
  if (labelSelector !== undefined) query.set('labelSelector', labelSelector)
  if (next !== undefined) query.set('continue', next)
  return query.toString()
}

function expired({ server }: Cluster, { resource }: Asked, attempts: number): PullpassError {
  return new PullpassError({
    code: 'KUBERNETES_UNREACHABLE',
    hop: 'kubernetes',
    seen: `${server} answered 410 in the middle of the list of ${resource}, ${attempts} times`,
    expected: 'a list that can be read to its end',
    hint: 'nothing to do if it passes: the next run asks again',
    retryable: true,
  })
}

function endless({ server }: Cluster, { resource }: Asked): PullpassError {
  return new PullpassError({
    code: 'ANSWER_TOO_LARGE',
    hop: 'kubernetes',
    seen: `${server} answered more than ${maxItems} ${resource}`,
    expected: 'a list that ends',
    hint: 'see that the server in the kubeconfig is the API server, and that nothing between answers in its place',
  })
}
