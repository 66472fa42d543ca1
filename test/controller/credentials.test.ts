import assert from 'node:assert/strict'
import { suite, type TestContext, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { Credentials } from '../../src/controller/credentials.ts'
import { PullpassError } from '../../src/errors/pullpass-error.ts'
import { listExchangeRequests } from '../../src/refresh/exchange-requests.ts'
import { Redacted } from '../../src/text/redacted.ts'
import { vendors } from '../../src/vendors/vendors.ts'
import { createVirtualTime } from './virtual-time.ts'

/** Credentials of one registry, each of which lives for so many seconds; the item that needs them. */
async function start(t: TestContext, lifeSeconds: number) {
  const time = createVirtualTime()
  const end = new AbortController()
  t.after(() => end.abort(new Error('stopped')))
  const settings = {
    workloadIdentityProvider: 'projects/1/locations/global/workloadIdentityPools/pool/providers/cluster',
  }
  const registry = { name: 'google', hosts: ['europe-docker.pkg.dev'], vendor: 'gcp', settings }
  const requests = await listExchangeRequests(
    [
      {
        kind: 'ClusterPullSecret',
        name: 'pull',
        source: 'pull.yaml:1',
        secretName: 'regcred',
        namespaces: { include: ['team-a'] },
        registries: [registry],
        attachToServiceAccounts: [],
        stuckPods: 'Ignore',
        conflictPolicy: 'Refuse',
        deletionPolicy: 'Retain',
      },
    ],
    vendors,
  )
  const item = { document: 'ClusterPullSecret/pull', namespace: 'team-a' }
  const faults: PullpassError[] = []
  let exchanges = 0
  const credentials = new Credentials(
    async (batch) => {
      exchanges += 1
      const expiresAt = new Date(time.now().getTime() + lifeSeconds * 1000)
      const credential = { hosts: registry.hosts, username: 'user', password: new Redacted('secret'), expiresAt }
      return new Map(batch.map(({ mintedFrom }) => [mintedFrom, credential]))
    },
    {
      queue: () => void credentials.obtain(requests, item), // as a reconciliation does
      onExchange: (_, result) => void (result instanceof PullpassError && faults.push(result)),
      onLimited: () => undefined,
      onEnd: (error) => assert.fail(String(error)),
    },
    { ...time, random: () => 0.5, signal: end.signal },
  )
  credentials.obtain(requests, item)
  for (let turns = 0; turns < 5; turns++) await turn()
  return { time, faults, exchanges: () => exchanges }
}

suite('a new credential', () => {
  test('that expires in less than a minute is a failure, and is not exchanged again in a loop', async (t) => {
    const { faults, exchanges } = await start(t, 30)
    assert.equal(exchanges(), 1)
    assert.deepEqual(
      [faults[0]?.code, faults[0]?.seen],
      ['CREDENTIAL_SHORT_LIVED', 'the new credential of registry google expires in 30 s'],
    )
  })

  test('that lives for a minute is used', async (t) => {
    const { faults, exchanges } = await start(t, 60)
    assert.deepEqual([exchanges(), faults], [1, []])
  })
})
