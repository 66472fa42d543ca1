/**
 * Health and metrics of a watch. Live while its rounds go on. Ready once the documents were published, and while the key state can
 * be stored.
 */

import { eventReason } from '../../errors/codes.ts'
import type { HealthCheck, HealthEndpoints } from '../../server/health.ts'
import { createHistogram, type Metric, type Sample } from '../../server/metrics.ts'
import { createWatchdog, type Watchdog } from '../../server/watchdog.ts'
import { safeKeySentence } from '../safe-to-sign.ts'
import { alarmCodes, alarmText } from './alarms.ts'
import type { WatchStatus } from './watch-config.ts'

/**
 * What /readyz reports besides a first publication. `state`: that the key state can be stored. `documents`: nothing more, since a
 * Service that sends requests to ready Pods would serve no documents at all, which breaks every exchange, while the documents
 * stay right.
 */
export type Readiness = 'state' | 'documents'

/** A round takes seconds, with a slow store a minute or two; after this time it counts as stalled. */
const unhealthyAfterMs = 5 * 60_000
const longestRoundMs = 10 * 60_000
/** The second failure in a row, so that one restart of an API server is not reported. */
const unstoredRoundsToFail = 2

export interface WatchHealth {
  readonly endpoints: HealthEndpoints
  /** Of the watch's rounds. */
  readonly watchdog: Watchdog
  /** Called after each round. */
  readonly update: (status: WatchStatus) => void
}

export function createWatchHealth(readiness: Readiness, context: { readonly now: () => Date }): WatchHealth {
  let status: WatchStatus | undefined
  const durations = createHistogram({
    name: 'pullpass_issuer_round_duration_seconds',
    help: 'Duration of the rounds: reading the API servers, publishing, storing the key state.',
    bounds: [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300],
  })
  const watchdog = createWatchdog(
    { unhealthyAfterMs, limitMs: longestRoundMs, onRound: (durationMs) => durations.observe(durationMs / 1000) },
    context,
  )
  const published: HealthCheck = {
    name: 'publication',
    failure: () => (status?.publishedAt === undefined ? 'nothing was published yet' : undefined),
  }
  const stored: HealthCheck = {
    name: 'key-state',
    failure: () =>
      status !== undefined && status.unstoredRounds >= unstoredRoundsToFail
        ? `the key state was not stored for ${status.unstoredRounds} rounds`
        : undefined,
  }
  return {
    watchdog,
    update(latest) {
      status = latest
    },
    endpoints: {
      live: [watchdog.check],
      ready: readiness === 'state' ? [watchdog.check, published, stored] : [published],
      notes: () => (status === undefined ? [] : notesOf(status, context.now())),
      metrics: () => [durations.metric(), ...(status === undefined ? [] : metricsOf(status))],
    },
  }
}

const notesOf = ({ alarms, safeToSign }: WatchStatus, now: Date): string[] => [
  ...alarms.map((alarm) => `${alarm.code}: ${alarmText(alarm)}`),
  ...safeToSign.map((key) => safeKeySentence(key, now)).filter((line) => line !== undefined),
]

function metricsOf({ rounds, finishedAt, publishedAt, replicas, keys, safeToSign, alarms }: WatchStatus): Metric[] {
  const countAlarms = (code: string) => alarms.filter((alarm) => alarm.code === code).length
  return [
    {
      name: 'pullpass_issuer_rounds_total',
      type: 'counter',
      help: 'Rounds: each reads every API server.',
      samples: [{ value: rounds }],
    },
    gauge('last_round_timestamp_seconds', 'When the last round ended.', [{ value: seconds(finishedAt) }]),
    gauge(
      'last_publication_timestamp_seconds',
      'When the published documents were last written, or found up to date; 0: never.',
      [{ value: seconds(publishedAt) }],
    ),
    gauge('replicas', 'API servers of the last round.', [
      { labels: { state: 'queried' }, value: replicas.queried },
      { labels: { state: 'read' }, value: replicas.read },
    ]),
    gauge('keys', 'Signing keys of the cluster.', [
      { labels: { state: 'published' }, value: keys.published },
      { labels: { state: 'recorded' }, value: keys.recorded },
      { labels: { state: 'revoked' }, value: keys.revoked },
    ]),
    gauge(
      'safe_to_sign_timestamp_seconds',
      'From when on a published and served key may sign; until then verifiers may have an earlier JWKS cached.',
      safeToSign.slice(0, maxKeys).map(({ keyId, at }) => ({ labels: { kid: keyId }, value: seconds(at) })),
    ),
    gauge(
      'alarms',
      'Conditions that need attention, by reason.',
      alarmCodes.map((code) => ({ labels: { reason: eventReason(code) }, value: countAlarms(code) })),
    ),
  ]
}

const gauge = (name: string, help: string, samples: readonly Sample[]): Metric => ({
  name: `pullpass_issuer_${name}`,
  type: 'gauge',
  help,
  samples,
})

const maxKeys = 20

const seconds = (at: Date | undefined): number => (at === undefined ? 0 : at.getTime() / 1000)
