/** The exchanges of PullSecrets, without a cloud or a cluster: a clock that only the test advances, and a cloud that is a function. */
import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { Credentials } from '../../../src/controller/credentials.ts'
import type { WorkItem } from '../../../src/controller/work-queue.ts'
import { type Document, documentName, resourceSource } from '../../../src/document/document.ts'
import { PullpassError } from '../../../src/errors/pullpass-error.ts'
import { type ExchangeRequest, listExchangeRequests } from '../../../src/refresh/exchange-requests.ts'
import { Redacted } from '../../../src/text/redacted.ts'
import { vendors } from '../../../src/vendors/vendors.ts'
import { seededRandom } from '../faults/random-run.ts'
import { createVirtualTime, type VirtualTime } from '../virtual-time.ts'

const hosts = ['europe-docker.pkg.dev']

/** A document with so many registries, each with settings of its own. */
export function documentWith(
  { name, namespace }: { readonly name: string; readonly namespace: string | undefined },
  registries: number,
): Document {
  return {
    kind: namespace === undefined ? 'ClusterPullSecret' : 'PullSecret',
    name,
    ...(namespace !== undefined && { namespace }),
    source: resourceSource,
    secretName: 'regcred',
    namespaces: { include: [namespace ?? 'default'] },
    serviceAccountRef: { namespace: namespace ?? 'default', name: 'puller' },
    registries: Array.from({ length: registries }, (_, index) => ({
      name: `r${index}`,
      hosts,
      vendor: 'gcp',
      settings: {
        workloadIdentityProvider: `projects/1/locations/global/workloadIdentityPools/pool/providers/${name}-${index}`,
      },
    })),
    attachToServiceAccounts: [],
    stuckPods: 'Ignore',
    conflictPolicy: 'Refuse',
    deletionPolicy: 'Retain',
  }
}

export const refused: PullpassError = new PullpassError({
  code: 'EXCHANGE_REFUSED',
  hop: 'exchange',
  seen: 'the cloud refuses the token',
  retryable: false,
})
export const unavailable: PullpassError = new PullpassError({
  code: 'EXCHANGE_UNAVAILABLE',
  hop: 'exchange',
  seen: 'the cloud responds with 503',
  retryable: true,
})

/** Of the cloud to one exchange; a number: it responds after so many milliseconds, with 503. A credential lives for an hour. */
export type CloudResponse = 'credential' | { readonly lifeMs: number } | PullpassError | number

export interface Exchange {
  readonly document: string
  readonly mintedFrom: string
  readonly atMs: number
}

export interface Exchanges {
  readonly credentials: Credentials
  readonly time: VirtualTime
  /** That have begun. */
  readonly begun: readonly Exchange[]
  /** That have begun and not ended. */
  readonly running: () => number
  /** Of exchanges that failed or wait. */
  readonly faults: readonly { readonly document: string; readonly fault: PullpassError }[]
  /** Names of documents whose retries are limited. */
  readonly limited: ReadonlySet<string>
  /** Uses these documents, as a reconciliation of their Secrets does. */
  readonly use: (documents: readonly Document[], valid?: 'valid') => Promise<readonly ExchangeRequest[]>
  readonly advance: (ms: number, stepMs?: number) => Promise<void>
  /** Exchanges that began within the last minutes, for each minute. */
  readonly perMinute: (minutes: number, documents?: RegExp) => number
}

const lifeMs = 3_600_000

export function startExchanges(
  t: Pick<TestContext, 'after'>,
  cloud: (request: ExchangeRequest, atMs: number) => CloudResponse,
  random: () => number = seededRandom(1),
): Exchanges {
  const time = createVirtualTime()
  const end = new AbortController()
  t.after(() => end.abort(new Error('the test ends')))
  const begun: Exchange[] = []
  const faults: { document: string; fault: PullpassError }[] = []
  const limited = new Set<string>()
  const requestsOf = new Map<string, readonly ExchangeRequest[]>()
  let running = 0
  const respond = async (request: ExchangeRequest) => {
    begun.push({ document: documentName(request.document), mintedFrom: request.mintedFrom, atMs: time.elapsedMs() })
    running += 1
    const response = cloud(request, time.elapsedMs())
    if (typeof response === 'number') await time.sleep(response, end.signal)
    else await turn()
    running -= 1
    if (response instanceof PullpassError) return response
    if (typeof response === 'number') return unavailable
    return {
      hosts,
      username: 'user',
      password: new Redacted('secret'),
      expiresAt: new Date(time.now().getTime() + (response === 'credential' ? lifeMs : response.lifeMs)),
    }
  }
  /** As a reconciliation of the Secret, which is due then. */
  const evaluateAt = (at: Date, item: WorkItem) =>
    void time.sleep(at.getTime() - time.now().getTime(), end.signal).then(
      () => obtain(item),
      () => undefined,
    )
  const obtain = (item: WorkItem) => void credentials.obtain(requestsOf.get(item.document) ?? [], item)
  const credentials = new Credentials(
    async (batch) =>
      new Map(await Promise.all(batch.map(async (one) => [one.mintedFrom, await respond(one)] as const))),
    {
      queue: obtain,
      onExchange({ document }, result) {
        if (result instanceof PullpassError) faults.push({ document: documentName(document), fault: result })
        else evaluateAt(result.dueAt, { document: documentName(document), namespace: document.namespace ?? 'default' })
      },
      onLimited: ({ document }) => void limited.add(documentName(document)),
      onEnd: (error) => assert.fail(String(error)),
    },
    { ...time, random, signal: end.signal },
  )
  const settle = async () => {
    for (let turns = 0; turns < 10; turns++) await turn()
  }
  return {
    credentials,
    time,
    begun,
    running: () => running,
    faults,
    limited,
    async use(documents, valid) {
      const requests = await listExchangeRequests(documents, vendors)
      for (const document of documents) {
        const name = documentName(document)
        const own = requests.filter((one) => documentName(one.document) === name)
        requestsOf.set(name, own)
        const entries = valid === undefined ? [] : own.map(({ mintedFrom }) => mintedFrom)
        credentials.obtain(own, { document: name, namespace: document.namespace ?? 'default' }, new Set(entries))
      }
      await settle()
      return requests
    },
    async advance(ms, stepMs = 1_000) {
      for (let passed = 0; passed < ms; passed += stepMs) {
        time.advance(stepMs)
        await settle()
      }
    },
    perMinute(minutes, documents = /./) {
      const sinceMs = time.elapsedMs() - minutes * 60_000
      return begun.filter(({ document, atMs }) => atMs > sinceMs && documents.test(document)).length / minutes
    },
  }
}
