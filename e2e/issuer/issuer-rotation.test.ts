/** Key rotations on two real API servers, which have different keys meanwhile: continuous token exchanges do not fail. */
import assert from 'node:assert/strict'
import type { KeyObject } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, suite, test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { createMovableClock } from '../../sandbox/start/movable-clock.ts'
import type { Context } from '../../src/http/context.ts'
import { httpsTransport } from '../../src/http/https-transport.ts'
import { connect } from '../../src/kubernetes/connect.ts'
import { openTarget } from '../../src/publish/open-target.ts'
import { createKeyStateEvents } from '../../src/publish/watch/alarms.ts'
import { firstState, watchRound } from '../../src/publish/watch/round.ts'
import type { WatchConfig } from '../../src/publish/watch/watch-config.ts'
import { SecretRegister } from '../../src/text/secret-register.ts'
import { vendors } from '../../src/vendors/vendors.ts'
import { runPullpass } from '../../test/support/run-pullpass.ts'
import { generateSigningKey, type ServiceAccountKeys } from '../parts/control-plane/api-server-plan.ts'
import { waitUntil } from '../parts/process/wait-until.ts'
import { withRealPart } from '../parts/real-part.ts'
import { kidOf } from '../rotation/kid-of.ts'
import { repeatUntilStopped } from '../rotation/repeat-until-stopped.ts'
import {
  bucket,
  type RotationServer,
  type RotationSetup,
  startRotationSetup,
} from '../rotation/start-rotation-setup.ts'

const [first, second, third] = [generateSigningKey(), generateSigningKey(), generateSigningKey()]
const [fourth, fifth] = [generateSigningKey(), generateSigningKey()]

const clock = createMovableClock(() => new Date())

const realClock = createMovableClock(() => new Date())

const documentText = (provider: string) => `
apiVersion: pullpass.dev/v1alpha1
kind: ClusterPullSecret
metadata: {name: regcred}
spec:
  namespaces: {include: [image-system]}
  serviceAccountRef: {namespace: image-system, name: pullpass}
  issuer: {publishTo: "gs://${bucket}"}
  registries:
    - name: google
      hosts: [europe-docker.pkg.dev]
      gcp:
        workloadIdentityProvider: ${provider}
        serviceAccountEmail: puller@example-project.iam.gserviceaccount.com
`

/** A watch in this process: real API servers and real time between rounds, but a movable clock. */
async function startWatch(setup: RotationSetup) {
  const ended = new AbortController()
  const context: Context = {
    environment: setup.environment,
    now: clock.now,
    random: Math.random,
    sleep: async (ms, signal) => await wait(ms, undefined, { signal }),
    transport: httpsTransport(setup.environment, setup.authority),
    signal: ended.signal,
    log: () => undefined,
    secrets: new SecretRegister(),
  }
  const cluster = await connect({ kubeconfig: setup.servers[0].kubeconfigFile }, context)
  const keyState = { namespace: 'pullpass-system', name: 'pullpass-issuer' }
  const config: WatchConfig = {
    cluster,
    target: await openTarget(`gs://${bucket}`, { ...context, vendors }),
    issuerUrl: undefined,
    replicas: setup.servers.map(({ url }) => new URL(url)),
    account: { namespace: 'image-system', name: 'pullpass' },
    keyStateRef: keyState,
    keepForMs: 48 * 3_600_000,
    trusted: { pinned: [], accepted: [] },
    acceptedKeys: [],
    events: createKeyStateEvents(cluster, keyState, context),
  }
  let state = firstState
  const runRound = async (keepForMs = config.keepForMs) => {
    state = await watchRound(state, { ...config, keepForMs }, { ...context, vendors })
  }
  const rounds = repeatUntilStopped(async () => {
    await runRound()
    await wait(200)
  })
  return {
    status: () => state.status,
    /** Stops the automatic rounds. */
    pause: async () => await rounds.pause(),
    runRound: runRound,
    async end() {
      await rounds.stop()
      await cluster.close()
    },
  }
}

await withRealPart(
  'a control plane',
  () => startRotationSetup({ signing: first, verifying: [first] }),
  (setup) => {
    suite('a key rotation', () => {
      const watching = startWatch(setup)
      after(async () => (await watching).end())
      const waitUntilPublished = async (key: KeyObject) =>
        await waitUntil(
          `key ${kidOf(key)} to be public`,
          30_000,
          async () => setup.readPublishedKids().includes(kidOf(key)) || undefined,
        )
      const up = new Set<RotationServer>(setup.servers)
      let turn = 0
      const anyServer = () => {
        const server = [...up][turn++ % up.size]
        assert.ok(server)
        return server
      }
      /** What is repeated uses the other servers meanwhile. */
      const restart = async (
        server: RotationServer,
        keys: ServiceAccountKeys,
        repeated: ReturnType<typeof repeatUntilStopped>,
      ) => {
        await repeated.pause()
        up.delete(server)
        repeated.resume()
        await server.restart(keys)
        up.add(server)
      }
      let oldToken = ''

      test('in two steps, verify first, then sign: no token exchange fails at any time', async () => {
        await waitUntilPublished(first)
        oldToken = await setup.mint(setup.servers[0])
        const repeated = repeatUntilStopped(async () => {
          const { status, body } = await setup.exchange(await setup.mint(anyServer()))
          assert.equal(status, 200, body)
        })
        const rollOut = async (keys: ServiceAccountKeys) => {
          for (const server of setup.servers) await restart(server, keys, repeated)
        }
        await rollOut({ signing: first, verifying: [first, second] })
        await waitUntilPublished(second)
        await rollOut({ signing: second, verifying: [second, first] })
        await repeated.stop()
        assert.ok(repeated.attempts() > 50, `${repeated.attempts()}`)
      })

      test('in one step, where a key signs as soon as it is served: refresh holds its token back until its key is public, and none fails', async () => {
        const document = join(setup.folder, 'pull.yaml')
        await writeFile(document, documentText(setup.provider))
        await (await watching).pause() // only with the publication gate
        const repeated = repeatUntilStopped(async () => {
          const argv = ['refresh', '-f', document, '--kubeconfig', anyServer().kubeconfigFile]
          const run = await runPullpass({ environment: setup.environment, clock: realClock }, argv)
          assert.deepEqual([run.exitCode, run.stderr], [0, ''])
        })
        for (const server of setup.servers) {
          await restart(server, { signing: third, verifying: [third, second] }, repeated)
          const before = repeated.attempts()
          await waitUntil('runs on both', 30_000, async () => repeated.attempts() > before + 3 || undefined)
        }
        await repeated.stop()
        assert.deepEqual(new Set(setup.readPublishedKids()), new Set([first, second, third].map(kidOf)))
      })

      test('with a cloud that caches the keys: tokens signed before the safe time are refused, later ones are not', async () => {
        const watch = await watching
        await watch.pause()
        setup.cacheDocuments()
        const responses: number[] = []
        const repeated = repeatUntilStopped(async () => {
          responses.push((await setup.exchange(await setup.mint(anyServer()))).status)
        })
        const rollOut = async (keys: ServiceAccountKeys) => {
          for (const server of setup.servers) await restart(server, keys, repeated)
        }
        /** Publishes the next key, waits, and signs with it. Returns the numbers of refused and of all exchanges. */
        const rotate = async (from: KeyObject, to: KeyObject, until: (safeAt: Date) => void) => {
          responses.length = 0
          await rollOut({ signing: from, verifying: [from, to] })
          await watch.runRound()
          const safe = watch.status().safeToSign.find(({ keyId }) => keyId === kidOf(to))
          assert.ok(safe, 'the watch reports when it is safe to sign')
          until(safe.at)
          await rollOut({ signing: to, verifying: [to, from] })
          const before = repeated.attempts()
          await waitUntil('exchanges with both', 30_000, async () => repeated.attempts() > before + 20 || undefined)
          await repeated.pause()
          const refused = responses.filter((status) => status !== 200).length
          repeated.resume()
          return { refused, of: responses.length }
        }
        const hasty = await rotate(third, fourth, () => undefined)
        setup.advanceGoogle(300_000) // the cached metadata expires
        const patient = await rotate(fourth, fifth, (safeAt) => setup.advanceGoogle(safeAt.getTime() - Date.now()))
        await repeated.stop()
        console.error(
          `refused: ${hasty.refused} of ${hasty.of} without the wait, ${patient.refused} of ${patient.of} with it`,
        )
        assert.ok(hasty.refused > 0, `${hasty.of}`)
        assert.equal(patient.refused, 0)
        assert.ok(patient.of > 50, `${patient.of}`)
      })

      test('a token of the first key is accepted until keep-for after the key was last served; then that key is removed, the others remain', async () => {
        const watch = await watching
        await watch.pause()
        for (let rounds = 0; rounds < 41; rounds++) await watch.runRound()
        assert.deepEqual(watch.status().alarms, [])
        assert.equal((await setup.exchange(oldToken)).status, 200)
        clock.advance('3 d') // the clocks of the API servers are correct
        await watch.runRound()
        assert.deepEqual(
          watch.status().alarms.map(({ code }) => code),
          ['CLOCK_SKEWED'],
        )
        assert.deepEqual(new Set(setup.readPublishedKids()), new Set([first, second, third, fourth, fifth].map(kidOf)))
        clock.advance('-3 d')
        await watch.runRound(1_000)
        assert.deepEqual(new Set(setup.readPublishedKids()), new Set([fourth, fifth].map(kidOf)))
        setup.advanceGoogle(300_000)
        const refused = await setup.exchange(oldToken)
        assert.equal(refused.status, 400)
        assert.match(refused.body, /Error connecting to the given credential's issuer/)
      })
    })
  },
)
