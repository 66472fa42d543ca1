/** Real API servers of one cluster, discovered by the EndpointSlice in which they register: the keys of all are published. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { generateSigningKey } from '../parts/control-plane/api-server-plan.ts'
import { startNetworkNamespace } from '../parts/process/start-network-namespace.ts'
import { waitUntil } from '../parts/process/wait-until.ts'
import { withRealPart } from '../parts/real-part.ts'
import { startControlPlane } from '../parts/start-control-plane.ts'
import { kidOf } from '../rotation/kid-of.ts'
import { type ReplicasSetup, startReplicasSetup } from '../rotation/start-replicas-setup.ts'

/** An EndpointSlice may not contain loopback addresses, and the API servers of a cluster listen on the same port. */
const [own, further, foreign] = ['10.77.0.1', '10.77.0.2', '10.77.0.3'] as const
const listenAt = (address: string) => ({ address, port: 6443 })

const withNetwork = async () =>
  await withRealPart(
    'a network namespace',
    () => startNetworkNamespace([own, further, foreign]),
    (network) => {
      test('API servers at different addresses', async () => {
        const { exitCode, stdout, stderr } = await network.runTestFile(import.meta.filename)
        console.error(stdout, stderr)
        assert.equal(exitCode, 0)
      })
    },
  )

async function withControlPlane() {
  const [first, second] = [generateSigningKey(), generateSigningKey()]
  const union = [first, second].map(kidOf).toSorted()
  const start = () => startReplicasSetup({ listen: listenAt(own), keys: { signing: first, verifying: [first] } })
  const arePublished = async (setup: ReplicasSetup, kids: readonly string[]) =>
    (await setup.readPublishedKids()).toSorted().join() === kids.join() || undefined
  await withRealPart('a control plane', start, (setup) => {
    suite('API servers that register in the EndpointSlice', () => {
      test('a second one: watch discovers it, and its new key is public within 30 s after the first one serves it too', async () => {
        await waitUntil('the first key', 30_000, async () => await arePublished(setup, [kidOf(first)]))
        const replica = await setup.startReplica({ listen: listenAt(further) })
        const areBothRead = async () => (await setup.metric('replicas{state="read"}')) === 2 || undefined
        await waitUntil('both API servers', 30_000, areBothRead)
        assert.deepEqual((await setup.listEndpoints()).toSorted(), [own, further])
        await replica.restart({ keys: { signing: second, verifying: [second, first] } })
        const isHeld = async () => /^KEY_UNCONFIRMED: /m.test(await setup.readiness()) || undefined
        await waitUntil('the alarm of a key that only an unknown address serves', 30_000, isHeld)
        assert.deepEqual(await setup.readPublishedKids(), [kidOf(first)])
        await setup.plane.restart({ keys: { signing: first, verifying: [first, second] } })
        const since = Date.now()
        await waitUntil('both keys', 30_000, async () => await arePublished(setup, union))
        console.error(`both keys were public ${Date.now() - since} ms after the first API server served both`)
        await waitUntil('both API servers', 30_000, areBothRead)
        assert.equal(await setup.metric('alarms{reason="ApiServerUnreadable"}'), 0)
        await replica.stop()
      })

      test('it stops and is removed from the EndpointSlice: its key remains public', async () => {
        await waitUntil('one alone', 60_000, async () => (await setup.listEndpoints()).length === 1 || undefined)
        const before = (await setup.metric('rounds_total')) ?? 0
        const isTwoLater = async () => ((await setup.metric('rounds_total')) ?? 0) > before + 1 || undefined
        await waitUntil('two rounds', 60_000, isTwoLater)
        assert.equal(await arePublished(setup, union), true)
      })

      test('one of another cluster that is added to an EndpointSlice is not trusted', async (t) => {
        const other = await startControlPlane({ listen: listenAt(foreign) })
        t.after(() => other.close())
        await setup.addEndpoint(foreign, 6443)
        const alarmLine = async () => (await setup.readiness()).match(/^API_SERVER_UNREADABLE: .*/m)?.[0]
        const alarm = await waitUntil('an alarm', 60_000, alarmLine)
        assert.match(alarm, /^API_SERVER_UNREADABLE: CERTIFICATE_UNTRUSTED: .*10\.77\.0\.3:6443/)
        assert.equal(await arePublished(setup, union), true)
      })
    })
  })
}

await (process.env['PULLPASS_OWN_NETWORK'] === undefined ? withNetwork() : withControlPlane())
