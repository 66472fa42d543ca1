import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { ControllerState } from '../../src/controller/report/metrics.ts'
import { ControllerStatus } from '../../src/controller/status.ts'
import { PullpassError } from '../../src/errors/pullpass-error.ts'
import { respondHealth } from '../../src/server/health.ts'

const idle: ControllerState = {
  leading: true,
  invalidResources: 0,
  leaseProblem: undefined,
  documents: [
    {
      name: 'ClusterPullSecret/pull',
      desired: 3,
      fresh: 2,
      expiries: new Map([['google', new Date('2026-11-24T12:30:00Z')]]),
    },
  ],
  tenants: { desired: 2, fresh: 1, exchangesWaiting: 0 },
  queueDepth: 1,
  oldestMs: 2_500,
  issuers: undefined,
  watchRestarts: new Map([['secrets', 4]]),
  viewProblems: [],
  tenantProblems: [],
}

function start(state: Partial<ControllerState> = {}) {
  const logged: string[] = []
  const status = new ControllerStatus(() => ({ ...idle, ...state }), {
    now: () => new Date('2026-11-24T12:00:00Z'),
    sleep: () => new Promise(() => {}),
    signal: new AbortController().signal,
    log: (level, sentence, { code = '' } = {}) => void logged.push(`${level} ${sentence} ${code}`),
  })
  return { status, logged, get: (path: string) => respondHealth(path, status.endpoints) }
}

const refusalIn = (namespace: string) =>
  new PullpassError({
    code: 'KUBERNETES_FORBIDDEN',
    hop: 'kubernetes',
    seen: `secrets is forbidden in ${namespace}`,
    causeKey: 'patch secrets',
  })

suite('the status of the controller', () => {
  test('is live while Secrets are reconciled within ten minutes', () => {
    assert.equal(start({ oldestMs: 599_999 }).get('/livez')?.status, 200)
    const { status, text } = start({ oldestMs: 600_000 }).get('/livez') ?? {}
    assert.deepEqual(
      [status, text],
      [503, '[-]queue failed: a Secret has been in work for 600 s\nlivez check failed\n'],
    )
  })

  test('has metrics of expiry, namespaces, failures, watches and the queue', () => {
    const { status, get } = start()
    status.wrote(
      { document: 'ClusterPullSecret/pull', namespace: 'team-a' },
      { result: 'created', kind: 'refresh', note: undefined },
    )
    status.failed('one', refusalIn('team-a'), {})
    status.took('exchange', 'succeeded', 1_250)
    status.took('apply', 'failed', -5_000) // the clock was set back meanwhile
    const text = get('/metrics')?.text ?? ''
    for (const line of [
      'namespaces_desired{document="ClusterPullSecret/pull"} 3',
      'namespaces_fresh{document="ClusterPullSecret/pull"} 2',
      'seconds_to_expiry{document="ClusterPullSecret/pull",registry="google"} 1800',
      'writes_total{result="created"} 1',
      'failures_total{hop="kubernetes",code="KUBERNETES_FORBIDDEN"} 1',
      'exchange_duration_seconds_bucket{result="succeeded",le="1"} 0',
      'exchange_duration_seconds_bucket{result="succeeded",le="2.5"} 1',
      'exchange_duration_seconds_sum{result="succeeded"} 1.25',
      'exchange_duration_seconds_count{result="failed"} 0',
      'apply_duration_seconds_sum{result="failed"} 0',
      'watch_restarts_total{resource="secrets"} 4',
      'queue_depth 1',
      'queue_oldest_seconds 2.5',
      'documents_valid 1',
    ])
      assert.ok(text.includes(`\npullpass_controller_${line}\n`), line)
    assert.doesNotMatch(text, /team-/)
  })

  test('logs one cause once, in however many namespaces it fails, and again after all have recovered', () => {
    const { status, logged } = start()
    for (const namespace of ['team-a', 'team-b', 'team-a']) status.failed(namespace, refusalIn(namespace), {})
    const errors = () => logged.filter((line) => line.startsWith('error'))
    assert.deepEqual(errors(), ['error a refresh failed KUBERNETES_FORBIDDEN'])
    status.succeeded('team-a')
    status.failed('team-a', refusalIn('team-a'), {})
    assert.equal(errors().length, 1) // team-b never recovered
    for (const namespace of ['team-a', 'team-b']) status.succeeded(namespace)
    status.failed('team-a', refusalIn('team-a'), {})
    assert.equal(errors().length, 2)
  })
})
