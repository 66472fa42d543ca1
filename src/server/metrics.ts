/**
 * Metrics in the Prometheus text format, version 0.0.4, and as OpenMetrics text, version 1.0.0: counters, gauges and histograms
 * with labels. A client library costs more to load than this takes to render.
 * https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
 * https://prometheus.io/docs/specs/om/open_metrics_spec/#text-format
 */
import { plainLine } from '../text/plain-text.ts'

type Labels = Readonly<Record<string, string>>

export interface Sample {
  readonly labels?: Labels
  readonly value: number
}

interface HistogramSample {
  readonly labels?: Labels
  /** Upper bound and cumulative count of each bucket, ascending, without the last one, +Inf. */
  readonly buckets: readonly (readonly [upperBound: number, count: number])[]
  readonly sum: number
  readonly count: number
}

export type Metric = { readonly name: string; readonly help: string } & (
  | { readonly type: 'counter' | 'gauge'; readonly samples: readonly Sample[] }
  | { readonly type: 'histogram'; readonly samples: readonly HistogramSample[] }
)

type MetricsFormat = 'prometheus' | 'openmetrics'

export const metricsContentTypes: Readonly<Record<MetricsFormat, string>> = {
  prometheus: 'text/plain; version=0.0.4; charset=utf-8',
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
}

/** By the Accept header of a scrape. Prometheus lists OpenMetrics first; other clients get what they always got. */
export const metricsFormatFor = (accept: string | undefined): MetricsFormat =>
  (accept ?? '')
    .split(',')
    .some((range) => /^\s*application\/openmetrics-text\s*(?:;|$)/i.test(range) && !hasZeroWeight(range))
    ? 'openmetrics'
    : 'prometheus'

/** Not acceptable: RFC 9110 §12.4.2 */
const hasZeroWeight = (range: string): boolean => /;\s*q=0(?:\.0*)?\s*(?:;|$)/i.test(range)

export function renderMetrics(metrics: readonly Metric[], format: MetricsFormat = 'prometheus'): string {
  const families = metrics.map((metric) => {
    const name = familyName(metric, format)
    const lines = [
      `# HELP ${name} ${escapeHelp(metric.help, format)}`,
      `# TYPE ${name} ${metric.type}`,
      ...(metric.type === 'histogram'
        ? metric.samples.flatMap((sample) => renderHistogram(metric.name, sample, format))
        : metric.samples.map(({ labels, value }) => renderSample(metric.name, labels, value))),
    ]
    return `${lines.join('\n')}\n`
  })
  return `${families.join('')}${format === 'openmetrics' ? '# EOF\n' : ''}`
}

/** OpenMetrics calls a counter by its name without `_total`, which only its samples have. */
const familyName = ({ name, type }: Metric, format: MetricsFormat): string =>
  format === 'openmetrics' && type === 'counter' ? name.replace(/_total$/, '') : name

function renderHistogram(
  name: string,
  { labels, buckets, sum, count }: HistogramSample,
  format: MetricsFormat,
): string[] {
  return [
    ...buckets.map(([bound, below]) =>
      renderSample(`${name}_bucket`, { ...labels, le: renderBound(bound, format) }, below),
    ),
    renderSample(`${name}_bucket`, { ...labels, le: '+Inf' }, count),
    renderSample(`${name}_sum`, labels, sum),
    renderSample(`${name}_count`, labels, count),
  ]
}

/** A bound is a label: OpenMetrics requires a fraction, `1.0`, so that every exporter writes the same one. */
const renderBound = (bound: number, format: MetricsFormat): string =>
  format === 'openmetrics' && Number.isInteger(bound) ? bound.toFixed(1) : renderNumber(bound)

function renderSample(name: string, labels: Labels = {}, value: number): string {
  const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escapeLabel(text)}"`)
  return `${name}${pairs.length === 0 ? '' : `{${pairs.join(',')}}`} ${renderNumber(value)}`
}

const renderNumber = (value: number): string =>
  Number.isFinite(value) ? String(value) : Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf'

const escapeText = (text: string): string => plainLine(text).replaceAll('\\', '\\\\')
/** Only OpenMetrics escapes quotes in a help text. */
const escapeHelp = (text: string, format: MetricsFormat): string =>
  format === 'openmetrics' ? escapeLabel(text) : escapeText(text)
const escapeLabel = (text: string): string => escapeText(text).replaceAll('"', '\\"')

export interface Histogram {
  observe(value: number, labels?: Labels): void
  metric(): Metric
}

/**
 * `bounds`: the upper bounds of its buckets, ascending. `labels`: series that exist before they have an observation, as the rate
 * of a series that appears with its first value is wrong. https://prometheus.io/docs/practices/instrumentation/#avoid-missing-metrics
 */
export function createHistogram({
  name,
  help,
  bounds,
  labels: initial = [],
}: {
  readonly name: string
  readonly help: string
  readonly bounds: readonly number[]
  readonly labels?: readonly Labels[]
}): Histogram {
  const series = new Map<string, { labels: Labels; counts: number[]; sum: number; count: number }>()
  const seriesOf = (labels: Labels) => {
    const key = JSON.stringify(Object.entries(labels).toSorted(([one], [other]) => one.localeCompare(other, 'en')))
    const one = series.get(key) ?? { labels, counts: bounds.map(() => 0), sum: 0, count: 0 }
    series.set(key, one)
    return one
  }
  for (const labels of initial) seriesOf(labels)
  return {
    observe(value, labels = {}) {
      const one = seriesOf(labels)
      one.counts = one.counts.map((count, at) => count + (value <= (bounds[at] ?? 0) ? 1 : 0))
      one.sum += value
      one.count += 1
    },
    metric: () => ({
      name,
      help,
      type: 'histogram',
      samples: [...series.values()].map(({ labels, counts, sum, count }) => ({
        labels,
        buckets: bounds.map((bound, at) => [bound, counts[at] ?? 0] as const),
        sum,
        count,
      })),
    }),
  }
}
