import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { HopFinding } from '../../src/doctor/finding.ts'
import { evaluateSchedule } from '../../src/doctor/hops/schedule.ts'
import { explainBySchedule, isStale } from '../../src/doctor/hops/secrets/secret.ts'
import { printedCommands } from '../../src/doctor/printed-commands.ts'
import type { CronJobFacts } from '../../src/kubernetes/objects/cron-jobs.ts'

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
const audience = '//iam.googleapis.com/projects/123'

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
  facts: CronJobFacts | undefined,
  secret: HopFinding,
): [HopFinding | undefined, HopFinding | undefined] {
  const [schedule] = evaluateSchedule(facts, [secret].filter(isStale), { audience, commands })
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
      `(umask 077; kubectl create token pullpass -n image-system --audience=${audience} > pullpass-token) && pullpass refresh -f pull.yaml --token-file pullpass-token && rm pullpass-token && kubectl delete pod pullpass-29400120-x7k2p -n image-system`,
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
