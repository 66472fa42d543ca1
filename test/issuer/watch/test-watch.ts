/** A watch of a sandbox's cluster, round by round, that publishes to the sandbox's bucket; and further API servers for it. */
import type { TestContext } from 'node:test'
import type { ReplicaWanted } from '../../../sandbox/kubernetes/kubernetes-api.ts'
import type { SigningKey } from '../../../sandbox/kubernetes/tokens/signing-keys.ts'
import type { Part } from '../../../sandbox/serve/serve-part.ts'
import { createMovableClock } from '../../../sandbox/start/movable-clock.ts'
import { openTarget } from '../../../src/issuer/publish/open-target.ts'
import { firstState, type WatchState, watchRound } from '../../../src/issuer/watch/watch-round.ts'
import type { WatchWanted } from '../../../src/issuer/watch/watch-wanted.ts'
import { connect } from '../../../src/kubernetes/connect.ts'
import { asTexts } from '../../../src/outside/json-fields.ts'
import type { Outside } from '../../../src/outside/outside.ts'
import { addReplica } from '../../support/add-replica.ts'
import { startTestSandbox, type TestSandbox } from '../../support/start-test-sandbox.ts'
import { testOutside } from '../../support/test-outside.ts'

export interface TestWatch {
  readonly sandbox: TestSandbox
  readonly wanted: WatchWanted
  readonly outside: Outside
  /** Lines of the log, `level sentence reason`, but for those of level debug. */
  readonly logged: readonly string[]
  /** So many rounds, after each other, from the state that the last one left. */
  readonly look: (rounds?: number) => Promise<WatchState>
  /** After a look, the cluster signs and serves another key alone; then so many looks. The key of before. */
  readonly swapKey: (rounds?: number) => Promise<SigningKey>
  /** Moves the watch's own clock, and not the cluster's: `2 d`, `-1 h`. */
  readonly skew: (duration: string) => void
  /** Forgets all that the process knows, as a restart does. */
  readonly restart: () => void
  /** The kids that anybody reads in the bucket; undefined where nothing is there. */
  readonly published: () => string[] | undefined
  /** Puts a further API server into the EndpointSlice. */
  readonly addReplica: (t: TestContext, wanted: ReplicaWanted) => Promise<Part>
  /** Of the ConfigMap's entries. */
  readonly remembered: () => Record<string, string>
}

export async function startTestWatch(t: TestContext, changes: Partial<WatchWanted> = {}): Promise<TestWatch> {
  const sandbox = await startTestSandbox(t, {
    issuerDocuments: 'absent',
    namespaces: ['default', 'pullpass-system'],
  })
  const logged: string[] = []
  const clock = createMovableClock(sandbox.clock.now)
  const outside: Outside = {
    ...testOutside({ ca: sandbox.authority.ca, environment: sandbox.environment }),
    now: clock.now,
    log(level, sentence, fields = {}) {
      if (level !== 'debug') logged.push([level, sentence, ...Object.values(fields)].join(' '))
    },
  }
  const cluster = await connect({}, outside)
  t.after(() => cluster.close())
  const wanted: WatchWanted = {
    cluster,
    target: await openTarget('gs://example-cluster', outside),
    issuerUrl: undefined,
    replicas: [],
    account: { namespace: 'default', name: 'default' },
    memory: { namespace: 'pullpass-system', name: 'pullpass-issuer' },
    keepForMs: 48 * 3_600_000,
    ...changes,
  }
  sandbox.cluster.seed({
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { namespace: 'default', name: 'default' },
  })
  let state = firstState
  const look = async (rounds = 1) => {
    for (let round = 0; round < rounds; round++) {
      sandbox.clock.advance('15 s')
      state = await watchRound(state, wanted, outside)
    }
    return state
  }
  return {
    sandbox,
    wanted,
    outside,
    logged,
    look,
    async swapKey(rounds) {
      const { keys } = sandbox.cluster
      const before = keys.current
      await look()
      keys.signWith(await keys.add())
      keys.drop(before.kid)
      await look(rounds)
      return before
    },
    skew: clock.advance,
    restart() {
      state = firstState
    },
    published() {
      const object = sandbox.google.store.find('example-cluster', 'openid/v1/jwks')
      if (object === undefined) return undefined
      const { keys }: { keys: { kid: string }[] } = JSON.parse(object.bytes.toString())
      return keys.map(({ kid }) => kid).toSorted()
    },
    addReplica: async (context, differing) => await addReplica(context, sandbox, differing),
    remembered() {
      const memory = sandbox.cluster.store.read('ConfigMap', 'pullpass-system', 'pullpass-issuer')
      return asTexts(memory?.['data'])
    },
  }
}
