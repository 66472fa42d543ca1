/** Outages of a cloud, and what the controller does during each and after its end. */
import assert from 'node:assert/strict'
import { rename } from 'node:fs/promises'
import type { TestContext } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { type Fault, throttled } from '../../../sandbox/serve/faults.ts'
import { readPullSecret } from '../../support/read-pull-secret.ts'
import { type ControllerTest, startControllerTest } from '../start-test-controller.ts'
import { advanceUntil, until } from '../virtual-time.ts'
import { seededRandom } from './random-run.ts'

const minuteMs = 60_000
const respond = (status: number, body = '{}'): Fault => ({ kind: 'response', response: { status, body } })

export interface Outage {
  readonly title: string
  readonly begin: (one: ControllerTest) => void | Promise<void>
  readonly end: (one: ControllerTest) => void | Promise<void>
  /** After its end. */
  readonly resumesWithinMs: number
  /** Requests to the cloud during the outage, with the attempts of each exchange. */
  readonly mostRequests: number
  readonly code: string
}

const fail = (fault: Fault, part: 'sts' | 'iamCredentials' = 'sts') => ({
  begin: ({ sandbox }: ControllerTest) => sandbox.gcp.parts[part].faults.inject(fault),
  end: ({ sandbox }: ControllerTest) => sandbox.gcp.parts[part].faults.clear(),
})
const moved = async ({ sandbox: { folder } }: ControllerTest, from: string, to: string) =>
  await rename(`${folder.tokenFile}${from}`, `${folder.tokenFile}${to}`)

/** Each begins when the credential is due, and lasts for an hour: it has expired then. */
export const outages: readonly Outage[] = [
  {
    title: 'the token service responds with 503',
    ...fail(respond(503, 'unavailable')),
    resumesWithinMs: 30_000,
    mostRequests: 4 * 300,
    code: 'EXCHANGE_UNAVAILABLE',
  },
  {
    title: 'the token service resets each connection',
    ...fail({ kind: 'reset', at: 'request' }),
    resumesWithinMs: 30_000,
    mostRequests: 4 * 300,
    code: 'EXCHANGE_UNAVAILABLE',
  },
  {
    title: 'the token service responds with 429 and Retry-After: 300',
    ...fail(throttled(300)),
    resumesWithinMs: 300_000,
    mostRequests: 13,
    code: 'QUOTA_EXCEEDED',
  },
  {
    title: 'the token service responds with 429 without Retry-After',
    ...fail(respond(429)),
    resumesWithinMs: 30_000,
    mostRequests: 4 * 300,
    code: 'QUOTA_EXCEEDED',
  },
  {
    title: 'the account refuses impersonation',
    ...fail(respond(403), 'iamCredentials'),
    resumesWithinMs: 600_000,
    mostRequests: 13,
    code: 'EXCHANGE_REFUSED',
  },
  {
    title: 'the token file is missing',
    begin: async (one) => await moved(one, '', '.old'),
    end: async (one) => await moved(one, '.old', ''),
    resumesWithinMs: 600_000,
    mostRequests: 0,
    code: 'TOKEN_FILE_UNREADABLE',
  },
]

const outcome = (one: ControllerTest) => readPullSecret(one.sandbox, 'team-a')

export async function endure(
  t: TestContext,
  { begin, end, resumesWithinMs, mostRequests, code }: Outage,
): Promise<void> {
  let inFlight = 0
  const controlled = await startControllerTest(t, {
    random: seededRandom(1),
    async send(request, transport) {
      inFlight += 1
      return await transport(request).finally(() => {
        inFlight -= 1
      })
    },
  })
  const { sandbox, time, start } = controlled
  await sandbox.writeToken({ lifeSeconds: 12 * 3600 })
  const { whenFresh, metric, logged } = await start()
  await whenFresh(2)
  const before = outcome(controlled)
  await begin(controlled)
  time.advance(33 * minuteMs)
  const { seen } = sandbox.gcp.parts.sts
  const requests = seen.length
  const endsMs = time.elapsedMs() + 60 * minuteMs
  await advanceUntil(time, { stepMs: 5_000, description: 'the outage' }, () => time.elapsedMs() >= endsMs)
  assert.deepEqual(outcome(controlled), before)
  assert.ok(seen.length - requests <= mostRequests, `${seen.length - requests} requests`)
  assert.match(logged.join('\n'), new RegExp(`^error a refresh failed .* ${code} `, 'm'))
  assert.equal(logged.filter((line) => line.startsWith('error')).length, 1, logged.join('\n'))
  await end(controlled)
  const isRefreshed = () => metric('writes_total{result="updated"}') === 2
  const resumed = time.elapsedMs()
  await until('the refresh', async () => {
    if (inFlight === 0) time.advance(250) // a request takes no time by this clock
    for (let turns = 0; turns < 20; turns++) await turn()
    return isRefreshed()
  })
  assert.ok(time.elapsedMs() - resumed <= resumesWithinMs + 5_000, `after ${time.elapsedMs() - resumed} ms`)
}
