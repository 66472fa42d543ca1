/** A watch's numbers in Prometheus' text form: a dozen lines, which no library is loaded for. https://prometheus.io/docs/instrumenting/exposition_formats/ */
import { plainLine } from '../../text/plain-text.ts'
import { type AlarmReason, alarmReasons } from './alarm.ts'
import type { WatchStatus } from './state.ts'

interface Metric {
  readonly name: string
  readonly type: 'counter' | 'gauge'
  readonly help: string
  /** By labels, as they stand in braces; `''`: none. */
  readonly values: Readonly<Record<string, number>>
}

export function renderMetrics(status: WatchStatus): string {
  return metricsOf(status)
    .map(({ name, type, help, values }) => {
      const full = `pullpass_issuer_${name}`
      const lines = Object.entries(values).map(([labels, value]) => `${full}${labels && `{${labels}}`} ${value}\n`)
      return `# HELP ${full} ${help}\n# TYPE ${full} ${type}\n${lines.join('')}`
    })
    .join('')
}

function metricsOf({ rounds, lookedAt, publishedAt, replicas, keys, safeToSign, alarms }: WatchStatus): Metric[] {
  const count = (wanted: AlarmReason) => alarms.filter(({ reason }) => reason === wanted).length
  const gauge = (name: string, help: string, values: Metric['values']): Metric => ({
    name,
    type: 'gauge',
    help,
    values,
  })
  return [
    { name: 'rounds_total', type: 'counter', help: 'Looks at the API servers.', values: { '': rounds } },
    gauge('last_round_timestamp_seconds', 'When the last look ended.', { '': seconds(lookedAt) }),
    gauge(
      'last_publication_timestamp_seconds',
      'When what is public was last written, or found as it should be; 0: never.',
      {
        '': seconds(publishedAt),
      },
    ),
    gauge('replicas', 'API servers of the last look.', {
      'state="asked"': replicas.asked,
      'state="read"': replicas.read,
    }),
    gauge('keys', 'Signing keys of the cluster.', {
      'state="published"': keys.published,
      'state="remembered"': keys.remembered,
      'state="revoked"': keys.revoked,
    }),
    gauge(
      'safe_to_sign_timestamp_seconds',
      'From when on a key that is published and served may sign; verifiers may cache the JWKS until then.',
      Object.fromEntries(safeToSign.slice(0, mostKeys).map(({ keyId, at }) => [`kid="${label(keyId)}"`, seconds(at)])),
    ),
    gauge(
      'alarms',
      'What somebody should look at, by its reason.',
      Object.fromEntries(alarmReasons.map((reason) => [`reason="${reason}"`, count(reason)])),
    ),
  ]
}

const mostKeys = 20

const label = (text: string): string => plainLine(text).replaceAll('\\', '\\\\').replaceAll('"', '\\"')

const seconds = (at: Date | undefined): number => (at === undefined ? 0 : at.getTime() / 1000)
