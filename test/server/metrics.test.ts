import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { createHistogram, type Metric, metricsFormatFor, renderMetrics } from '../../src/server/metrics.ts'

suite('metrics in the Prometheus text format', () => {
  test('counters and gauges, with and without labels', () => {
    assert.equal(
      renderMetrics([
        { name: 'refreshes_total', help: 'Refreshes.', type: 'counter', samples: [{ value: 3 }] },
        {
          name: 'queue_length',
          help: 'Objects by state.',
          type: 'gauge',
          samples: [
            { labels: { state: 'due', shard: 'a' }, value: 0.5 },
            { labels: { state: 'failed', shard: 'a' }, value: Number.POSITIVE_INFINITY },
          ],
        },
      ]),
      [
        '# HELP refreshes_total Refreshes.',
        '# TYPE refreshes_total counter',
        'refreshes_total 3',
        '# HELP queue_length Objects by state.',
        '# TYPE queue_length gauge',
        'queue_length{state="due",shard="a"} 0.5',
        'queue_length{state="failed",shard="a"} +Inf',
        '',
      ].join('\n'),
    )
  })

  test('label values and help texts are escaped, and stay on one line', () => {
    const text = renderMetrics([
      {
        name: 'keys',
        help: 'A \\ and\na new line.',
        type: 'gauge',
        samples: [{ labels: { kid: 'a"b\\c\nd} 7' }, value: 1 }],
      },
    ])
    assert.deepEqual(text.split('\n').length, 4)
    assert.match(text, /^# HELP keys A \\\\ and/)
    assert.match(text, /^keys\{kid="a\\"b\\\\c.d\} 7"\} 1$/m)
  })

  test('a histogram counts observations cumulatively, a series for each set of labels', () => {
    const histogram = createHistogram({ name: 'round_seconds', help: 'Rounds.', bounds: [0.1, 1] })
    for (const seconds of [0.05, 0.1, 0.5, 30]) histogram.observe(seconds, { result: 'ok', part: 'a' })
    histogram.observe(2, { part: 'a', result: 'ok' })
    histogram.observe(0.2, { result: 'failed', part: 'a' })
    assert.equal(
      renderMetrics([histogram.metric()]),
      [
        '# HELP round_seconds Rounds.',
        '# TYPE round_seconds histogram',
        'round_seconds_bucket{result="ok",part="a",le="0.1"} 2',
        'round_seconds_bucket{result="ok",part="a",le="1"} 3',
        'round_seconds_bucket{result="ok",part="a",le="+Inf"} 5',
        'round_seconds_sum{result="ok",part="a"} 32.65',
        'round_seconds_count{result="ok",part="a"} 5',
        'round_seconds_bucket{result="failed",part="a",le="0.1"} 0',
        'round_seconds_bucket{result="failed",part="a",le="1"} 1',
        'round_seconds_bucket{result="failed",part="a",le="+Inf"} 1',
        'round_seconds_sum{result="failed",part="a"} 0.2',
        'round_seconds_count{result="failed",part="a"} 1',
        '',
      ].join('\n'),
    )
  })

  test('a histogram has its declared series before they have an observation', () => {
    const declared = createHistogram({
      name: 's',
      help: 'S.',
      bounds: [1],
      labels: [{ result: 'ok' }, { result: 'failed' }],
    })
    declared.observe(0.5, { result: 'failed' })
    const lines = renderMetrics([declared.metric()]).split('\n')
    assert.deepEqual(
      lines.filter((line) => line.startsWith('s_count')),
      ['s_count{result="ok"} 0', 's_count{result="failed"} 1'],
    )
  })
})

suite('metrics as OpenMetrics text', () => {
  const histogram = createHistogram({ name: 'round_seconds', help: 'Rounds.', bounds: [0.1, 1] })
  histogram.observe(0.5)
  const metrics: readonly Metric[] = [
    {
      name: 'refreshes_total',
      help: 'With "quotes".',
      type: 'counter',
      samples: [{ labels: { code: 'A' }, value: 3 }],
    },
    histogram.metric(),
  ]

  test('counters are named without _total, bounds have a fraction, and the text has an end', () => {
    assert.equal(
      renderMetrics(metrics, 'openmetrics'),
      [
        '# HELP refreshes With \\"quotes\\".',
        '# TYPE refreshes counter',
        'refreshes_total{code="A"} 3',
        '# HELP round_seconds Rounds.',
        '# TYPE round_seconds histogram',
        'round_seconds_bucket{le="0.1"} 0',
        'round_seconds_bucket{le="1.0"} 1',
        'round_seconds_bucket{le="+Inf"} 1',
        'round_seconds_sum 0.5',
        'round_seconds_count 1',
        '# EOF',
        '',
      ].join('\n'),
    )
  })

  const accepted = {
    'of Prometheus 3': [
      'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.2',
      'openmetrics',
    ],
    'of curl': ['*/*', 'prometheus'],
    'that refuses OpenMetrics': ['text/plain, application/openmetrics-text; q=0.0', 'prometheus'],
    'that is absent': [undefined, 'prometheus'],
  } as const
  for (const [title, [accept, format]] of Object.entries(accepted)) {
    test(`an Accept header ${title} gets ${format}`, () => assert.equal(metricsFormatFor(accept), format))
  }
})
