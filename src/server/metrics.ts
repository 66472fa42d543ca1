/**
 * Metrics in the Prometheus text format, version 0.0.4: counters, gauges and histograms with labels. A client library costs more
 * to load than this takes to render.
 * https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
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

export const metricsContentType = 'text/plain; version=0.0.4; charset=utf-8'

export function renderMetrics(metrics: readonly Metric[]): string {
  return metrics
    .map((metric) => {
      const lines = [
        `# HELP ${metric.name} ${escapeText(metric.help)}`,
        `# TYPE ${metric.name} ${metric.type}`,
        ...(metric.type === 'histogram'
          ? metric.samples.flatMap((sample) => renderHistogram(metric.name, sample))
          : metric.samples.map(({ labels, value }) => renderSample(metric.name, labels, value))),
      ]
      return `${lines.join('\n')}\n`
    })
    .join('')
}

function renderHistogram(name: string, { labels, buckets, sum, count }: HistogramSample): string[] {
  return [
    ...buckets.map(([bound, below]) => renderSample(`${name}_bucket`, { ...labels, le: renderNumber(bound) }, below)),
    renderSample(`${name}_bucket`, { ...labels, le: '+Inf' }, count),
    renderSample(`${name}_sum`, labels, sum),
    renderSample(`${name}_count`, labels, count),
  ]
}

function renderSample(name: string, labels: Labels = {}, value: number): string {
  const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escapeLabel(text)}"`)
  return `${name}${pairs.length === 0 ? '' : `{${pairs.join(',')}}`} ${renderNumber(value)}`
}

const renderNumber = (value: number): string =>
  Number.isFinite(value) ? String(value) : Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf'

const escapeText = (text: string): string => plainLine(text).replaceAll('\\', '\\\\')
const escapeLabel = (text: string): string => escapeText(text).replaceAll('"', '\\"')

export interface Histogram {
  observe(value: number, labels?: Labels): void
  metric(): Metric
}

/** `bounds`: the upper bounds of its buckets, ascending. */
export function createHistogram({
  name,
  help,
  bounds,
}: {
  readonly name: string
  readonly help: string
  readonly bounds: readonly number[]
}): Histogram {
  const series = new Map<string, { labels: Labels; counts: number[]; sum: number; count: number }>()
  return {
    observe(value, labels = {}) {
      const key = JSON.stringify(Object.entries(labels).toSorted(([one], [other]) => one.localeCompare(other, 'en')))
      const one = series.get(key) ?? { labels, counts: bounds.map(() => 0), sum: 0, count: 0 }
      series.set(key, one)
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
