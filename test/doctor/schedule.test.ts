import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { HopFinding } from '../../src/doctor/finding.ts'
import { evaluateSchedule } from '../../src/doctor/hops/schedule.ts'
import { explainBySchedule, isStale } from '../../src/doctor/hops/secrets/secret.ts'
import { printedCommands } from '../../src/doctor/printed-commands.ts'
import { PullpassError } from '../../src/errors/pullpass-error.ts'
import type { CronJobFacts, DeploymentFacts } from '../../src/kubernetes/objects/workloads.ts'

const account = { namespace: 'image-system', name: 'pullpass' }
const commands = printedCommands({
  files: ['pull.yaml'],
  kubeconfig: undefined,
  context: undefined,
  tokenFile: undefined,
  environment: {},
  stores: [],
  refreshes: account,
  at: new Date('2026-11-24T12:00:00Z'),
})
const now = new Date('2026-11-24T12:00:00Z')
const view = { audience: '//iam.googleapis.com/projects/123', commands, now }

const expired: HopFinding = {
  hop: 'secret',
  about: 'Secret team-a/regcred',
  result: 'failed',
  code: 'SECRET_EXPIRED',
  seen: 'its credential for google expired at 2026-11-24T11:00:00Z',
  remedy: commands.refresh(),
}
const fresh: HopFinding = {
  ...expired,
  result: 'ok',
  code: 'OK',
  seen: 'valid until 2026-11-24T13:00:00Z',
  remedy: {},
}

/** The finding of hop schedule, and the one of the Secret that follows from it. */
function evaluate(
  cronJob: CronJobFacts | undefined,
  secret: HopFinding,
): [HopFinding | undefined, HopFinding | undefined] {
  const [schedule] = evaluateSchedule({ cronJob, controller: undefined }, [secret].filter(isStale), view)
  const [explained] = explainBySchedule([secret], schedule?.result === 'failed' ? schedule : undefined)
  return [schedule, explained]
}

const waiting = (message: string): CronJobFacts => ({
  ...account,
  suspended: false,
  pod: {
    namespace: 'image-system',
    name: 'pullpass-29400120-x7k2p',
    uid: 'u',
    createdAt: undefined,
    serviceAccountName: 'pullpass',
    nodeName: 'node-1',
    imagePullSecrets: ['regcred'],
    containers: [
      {
        name: 'refresh',
        kind: 'containers',
        image: 'registry.example.com/pullpass:1',
        imageState: 'unknown',
        waiting: { reason: 'ImagePullBackOff', message },
      },
    ],
    controller: { kind: 'Job', name: 'pullpass-29400120' },
    stopped: undefined,
    deleting: false,
  },
})

suite('of the CronJob that refreshes, doctor reports that', () => {
  test('it is suspended, before the Secret that expired for it, and the command that resumes it refreshes immediately', () => {
    const [schedule, secret] = evaluate({ ...account, suspended: true, pod: undefined }, expired)
    assert.deepEqual([schedule?.result, schedule?.code], ['failed', 'REFRESH_SUSPENDED'])
    assert.equal(
      schedule?.remedy?.command,
      `kubectl patch cronjob pullpass -n image-system -p '{"spec":{"suspend":false}}' && kubectl create job --from=cronjob/pullpass pullpass-manual-1795521600 -n image-system`,
    )
    assert.deepEqual([secret?.result, secret?.because], ['skipped', { hop: 'schedule', code: 'REFRESH_SUSPENDED' }])
    assert.equal(secret?.seen, 'its credential for google expired at 2026-11-24T11:00:00Z')
  })

  test('it is suspended, as a warning, while the Secrets are good still', () => {
    const [schedule, secret] = evaluate({ ...account, suspended: true, pod: undefined }, fresh)
    assert.deepEqual([schedule?.result, schedule?.code, secret?.result], ['warning', 'REFRESH_SUSPENDED', 'ok'])
    assert.equal(
      schedule?.remedy?.command,
      `kubectl patch cronjob pullpass -n image-system -p '{"spec":{"suspend":false}}'`,
    )
  })

  test('its own image waits for the Secret that it refreshes, and how a laptop breaks the circle', () => {
    const refused = 'failed to authorize: failed to fetch oauth token: unexpected status: 401 Unauthorized'
    const [schedule, secret] = evaluate(waiting(refused), expired)
    assert.deepEqual([schedule?.result, schedule?.code], ['failed', 'REFRESH_IMAGE_NOT_PULLED'])
    assert.match(
      schedule?.seen ?? '',
      /^its pod pullpass-29400120-x7k2p waits in ImagePullBackOff for its own image registry/,
    )
    assert.equal(
      schedule?.remedy?.command,
      `(umask 077; kubectl create token pullpass -n image-system --audience=${view.audience} > pullpass-token) && pullpass refresh -f pull.yaml --token-file pullpass-token && rm pullpass-token && kubectl delete pod pullpass-29400120-x7k2p -n image-system`,
    )
    assert.equal(secret?.result, 'skipped')
  })

  test('its own image cannot be pulled for another reason, with the fix of that', () => {
    const [schedule] = evaluate(waiting('no match for platform in manifest: not found'), fresh)
    assert.deepEqual([schedule?.result, schedule?.code], ['warning', 'REFRESH_IMAGE_NOT_PULLED'])
    assert.match(
      schedule?.remedy?.words ?? '',
      /^build and push registry\.example\.com\/pullpass:1 for that platform too/,
    )
  })

  test('nothing, where it does not exist or may not be read', () => {
    assert.deepEqual(evaluate(undefined, expired), [undefined, expired])
  })
})

const controller: DeploymentFacts = {
  namespace: 'image-system',
  name: 'pullpass-controller',
  replicas: 2,
  ready: 2,
  waiting: undefined,
  lease: { holder: 'pullpass-controller-7d9_1', renewedAt: new Date('2026-11-24T11:59:58Z') },
}
const pod = waiting('failed to authorize: unexpected status: 401 Unauthorized').pod ?? assert.fail()
const crashing = {
  ...pod,
  containers: pod.containers.map((one) => ({ ...one, waiting: { reason: 'CrashLoopBackOff', message: '' } })),
}

suite('of the controller that refreshes, doctor reports', () => {
  for (const [title, changes, code, seen, command] of [
    [
      'that it has no replicas',
      { replicas: 0, ready: 0 },
      'REFRESH_SUSPENDED',
      /^it has no replicas$/,
      'kubectl scale deployment pullpass-controller --replicas=2 -n image-system',
    ],
    [
      'that no replica is ready, and why',
      { ready: 0, waiting: crashing },
      'CONTROLLER_NOT_READY',
      /^none of 2 replicas is ready: its pod \S+ waits in CrashLoopBackOff$/,
      'kubectl logs deployment/pullpass-controller -n image-system',
    ],
    [
      'that its own image waits for the Secret that it refreshes',
      { ready: 0, waiting: pod },
      'REFRESH_IMAGE_NOT_PULLED',
      /waits in ImagePullBackOff for its own image/,
      undefined,
    ],
    [
      'that no replica renews its Lease',
      { lease: { holder: 'gone', renewedAt: new Date('2026-11-24T11:50:00Z') } },
      'CONTROLLER_NOT_LEADING',
      /^no replica leads: of Lease image-system\/pullpass-controller, gone renewed it last at 2026-11-24T11:50:00Z$/,
      'kubectl logs deployment/pullpass-controller -n image-system --all-pods',
    ],
    [
      'that no replica holds its Lease',
      { lease: { holder: '', renewedAt: undefined } },
      'CONTROLLER_NOT_LEADING',
      /no replica holds it$/,
      'kubectl logs deployment/pullpass-controller -n image-system --all-pods',
    ],
  ] as const) {
    test(`${title}: before the Secret that expired for it, otherwise as a warning`, () => {
      const facts = { cronJob: undefined, controller: { ...controller, ...changes } }
      const [failed] = evaluateSchedule(facts, [expired], view)
      assert.deepEqual([failed?.result, failed?.code], ['failed', code])
      assert.match(failed?.seen ?? '', seen)
      if (command !== undefined) assert.equal(failed?.remedy?.command, command)
      assert.equal(evaluateSchedule(facts, [], view)[0]?.result, 'warning')
    })
  }

  test('how many replicas are ready, and which one leads', () => {
    const [found] = evaluateSchedule({ cronJob: undefined, controller }, [], view)
    assert.deepEqual([found?.result, found?.seen], ['ok', '2 of 2 replicas are ready; pullpass-controller-7d9_1 leads'])
    const unread = evaluateSchedule({ cronJob: undefined, controller: { ...controller, lease: undefined } }, [], view)
    assert.equal(unread[0]?.seen, '2 of 2 replicas are ready')
  })

  test('that the CronJob refreshes as well, unless it is suspended', () => {
    const cronJob = { ...account, suspended: false, pod: undefined }
    const twice = evaluateSchedule({ cronJob, controller }, [], view).at(-1)
    assert.deepEqual([twice?.result, twice?.code], ['warning', 'REFRESH_TWICE'])
    assert.equal(twice?.remedy?.command, 'kubectl delete cronjob pullpass -n image-system')
    const suspended = evaluateSchedule({ cronJob: { ...cronJob, suspended: true }, controller }, [], view)
    assert.ok(suspended.every(({ code }) => code !== 'REFRESH_TWICE'))
  })
})

suite('of controllers in other namespaces, doctor reports', () => {
  const lease = { namespace: 'pullpass-old', holder: 'pullpass-controller-1_2', renewedAt: controller.lease?.renewedAt }
  const cronJob = { ...account, suspended: false, pod: undefined }

  for (const [title, own] of [
    ['the controller', { cronJob: undefined, controller }],
    ['the CronJob', { cronJob, controller: undefined }],
  ] as const) {
    test(`which one runs in addition to ${title}, as a warning`, () => {
      const found = evaluateSchedule({ ...own, others: [lease] }, [], view).at(-1)
      assert.deepEqual([found?.result, found?.code], ['warning', 'REFRESH_TWICE'])
      assert.equal(
        found?.seen,
        'further controllers run in this cluster: Lease pullpass-old/pullpass-controller (pullpass-controller-1_2)',
      )
      assert.equal(found?.remedy?.command, 'pullpass uninstall -n pullpass-old --dry-run')
    })
  }

  test('nothing of one that has stopped, of a released Lease, or where it is the only one', () => {
    const stopped = { ...lease, renewedAt: new Date('2026-11-24T11:50:00Z') }
    for (const facts of [
      { cronJob: undefined, controller, others: [stopped, { ...lease, holder: '' }] },
      { cronJob: { ...cronJob, suspended: true }, controller: undefined, others: [lease] },
      { cronJob: undefined, controller: undefined, others: [lease] },
    ])
      assert.ok(evaluateSchedule(facts, [], view).every(({ code }) => code !== 'REFRESH_TWICE'))
  })
})

test('a CronJob refuses documents that need the controller, unless the controller is installed', () => {
  const seen = 'pull.yaml:1: spec.stuckPods is Evict in ClusterPullSecret pull'
  const refused = new PullpassError({
    code: 'DOCUMENT_INVALID',
    hop: 'document',
    seen,
    expected: 'Ignore',
    hint: 'remove it',
  })
  const cronJob = { ...account, suspended: false, pod: undefined }
  const [alone] = evaluateSchedule({ cronJob, controller: undefined }, [], { ...view, refused })
  assert.deepEqual([alone?.result, alone?.code], ['failed', 'DOCUMENT_INVALID'])
  assert.deepEqual([alone?.seen, alone?.remedy?.words], [seen, 'remove it'])
  const both = evaluateSchedule({ cronJob, controller }, [], { ...view, refused })
  assert.ok(both.every(({ code }) => code !== 'DOCUMENT_INVALID'))
})

test('a stale Secret is not refreshed by a Job where the controller refreshes: its log states the cause', () => {
  const ofController = commands.forController()
  assert.equal(ofController.refresh().command, 'kubectl logs deployment/pullpass-controller -n image-system')
  assert.deepEqual(ofController.refresh({ after: 'kubectl delete secret regcred -n team-a' }), {
    command: 'kubectl delete secret regcred -n team-a',
    words: 'the controller then writes it',
  })
})
