/** Serves a watch's health and metrics until it is closed. */
import type { Context } from '../../http/context.ts'
import { type HttpServer, type ListenAddress, openHttpServer } from '../../server/http-server.ts'
import { plainLine } from '../../text/plain-text.ts'
import { withholdSecrets } from '../../text/secret-register.ts'
import { safeKeySentence } from '../safe-to-sign.ts'
import { renderMetrics } from './metrics.ts'
import type { WatchStatus } from './state.ts'

/** `status` is called for each request. @throws USAGE_INVALID if the address cannot be listened at */
export async function serveHealth(
  listen: ListenAddress,
  { status, readiness }: { readonly status: () => WatchStatus | undefined; readonly readiness: Readiness },
  { now, log, secrets }: Pick<Context, 'now' | 'log' | 'secrets'>,
): Promise<HttpServer> {
  const startedAt = now()
  const server = await openHttpServer({
    listen,
    keepAliveMs: 5_000, // a probe comes by a connection of its own
    answer(path) {
      const answer = answerHealth(path, status(), { now: now(), startedAt, readiness })
      if (answer === undefined) return undefined
      const headers = {
        'content-type': answer.contentType,
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
      }
      return { status: answer.status, headers, text: withholdSecrets(answer.text, secrets) }
    },
  })
  log('info', 'health is served', { port: server.port })
  return server
}

/**
 * Answers of a watch to probes and Prometheus: live while its rounds continue; ready once the documents were published, and while
 * its state can be stored.
 * https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/
 */
export interface HealthAnswer {
  readonly status: number
  readonly contentType: string
  readonly text: string
}

/** A round takes seconds, with a slow store a minute or two; after this long it hangs. */
const longestRoundMs = 5 * 60_000

/**
 * What `/readyz` reports besides a first publication. `state`: that the state can be stored. `documents`: nothing, since a Service
 * that sends requests to ready Pods would serve no documents at all, which breaks every exchange, while those that are served
 * stay right.
 */
export type Readiness = 'state' | 'documents'

/** The second failure in a row, so that one restart of an API server is not reported. */
const unstoredRoundsToFail = 2

interface HealthFacts {
  readonly now: Date
  readonly startedAt: Date
  readonly readiness: Readiness
}

/** `status` undefined: before the first round ended, since `startedAt`. Undefined: nothing is served under this path. */
export function answerHealth(
  path: string,
  status: WatchStatus | undefined,
  { now, startedAt, readiness }: HealthFacts,
): HealthAnswer | undefined {
  const since = status?.lookedAt ?? startedAt
  const hangs = now.getTime() - since.getTime() >= longestRoundMs
  const why = `no round ended since ${since.toISOString()}`
  if (path === '/healthz') return plain(hangs ? 503 : 200, hangs ? why : 'ok')
  if (path === '/readyz') {
    if (hangs && readiness === 'state') return plain(503, [why, ...saying(status)].join('\n'))
    if (status?.publishedAt === undefined)
      return plain(503, ['nothing was published yet', ...saying(status)].join('\n'))
    if (readiness === 'state' && status.unstoredRounds >= unstoredRoundsToFail)
      return plain(503, [`the state was not stored for ${status.unstoredRounds} rounds`, ...saying(status)].join('\n'))
    return plain(200, ['ok', ...safeLines(status, now), ...saying(status)].join('\n'))
  }
  if (path === '/metrics') {
    if (status === undefined) return plain(503, 'no round ended yet')
    return { status: 200, contentType: 'text/plain; version=0.0.4; charset=utf-8', text: renderMetrics(status) }
  }
  return undefined
}

function safeLines({ safeToSign }: WatchStatus, now: Date): string[] {
  const lines = safeToSign.map((key) => safeKeySentence(key, now)).filter((line) => line !== undefined)
  return lines.slice(0, mostAlarms).map((line) => plainLine(line.slice(0, longest)))
}

/** Whoever may reach it reads it, and whoever may write a bucket or a ConfigMap has words in it: few, short and plain. */
function saying({ alarms }: Pick<WatchStatus, 'alarms'> = { alarms: [] }): string[] {
  const lines = alarms.slice(0, mostAlarms).map(({ reason, says }) => plainLine(`${reason}: ${says}`.slice(0, longest)))
  return alarms.length <= mostAlarms ? lines : [...lines, `and ${alarms.length - mostAlarms} more, which the log tells`]
}

const mostAlarms = 20
const longest = 1_000

const plain = (status: number, text: string): HealthAnswer => ({
  status,
  contentType: 'text/plain; charset=utf-8',
  text: `${text}\n`,
})
