/** A watch of a sandbox's cluster, round by round, that publishes to the sandbox's bucket; and further API servers for it. */
import { readFile } from 'node:fs/promises'
import type { TestContext } from 'node:test'
import type { ReplicaOptions } from '../../../sandbox/kubernetes/kubernetes-api.ts'
import type { SigningKey } from '../../../sandbox/kubernetes/tokens/signing-keys.ts'
import type { CertificateAuthority } from '../../../sandbox/serve/certificate-authority.ts'
import { createMovableClock } from '../../../sandbox/start/movable-clock.ts'
import { connect } from '../../../src/kubernetes/connect.ts'
import { openTarget } from '../../../src/publish/open-target.ts'
import { issuerToPublish } from '../../../src/publish/publish.ts'
import { type Publication, publishDocuments } from '../../../src/publish/publish-documents.ts'
import { revokeKey } from '../../../src/publish/revoke.ts'
import { createKeyStateEvents } from '../../../src/publish/watch/alarms.ts'
import { pinAuthorities } from '../../../src/publish/watch/authorities.ts'
import { firstState, type WatchState, watchRound } from '../../../src/publish/watch/round.ts'
import type { WatchConfig } from '../../../src/publish/watch/watch-config.ts'
import { asTexts } from '../../../src/text/json-fields.ts'
import type { VendorContext } from '../../../src/vendors/vendor.ts'
import { vendors } from '../../../src/vendors/vendors.ts'
import { addReplica, type Replica } from '../../support/add-replica.ts'
import { fakeContext } from '../../support/fake-context.ts'
import { startTestSandbox, type TestSandbox } from '../../support/start-test-sandbox.ts'

export interface TestWatch {
  readonly sandbox: TestSandbox
  readonly config: WatchConfig
  readonly context: VendorContext
  /** Lines of the log, `level sentence reason`, but for those of level debug. */
  readonly logged: readonly string[]
  /** So many rounds, after each other, from the state that the last one left. */
  readonly runRound: (rounds?: number) => Promise<WatchState>
  /** After a round, the cluster signs with and serves only a new key; then so many rounds. Returns the earlier key. */
  readonly swapKey: (rounds?: number) => Promise<SigningKey>
  /** As `issuer revoke`, of a key that does not sign any more. */
  readonly revoke: (keyId: string) => Promise<unknown>
  /** Moves the watch's own clock, and not the cluster's: `2 d`, `-1 h`. */
  readonly skew: (duration: string) => void
  /** Forgets all that the process knows, as a restart does. */
  readonly restart: () => void
  /** The kids that anonymous clients read in the bucket; undefined if it is empty. */
  readonly published: () => string[] | undefined
  /** Puts a further API server into the EndpointSlice. */
  readonly addReplica: (t: TestContext, options: ReplicaOptions, authority?: CertificateAuthority) => Promise<Replica>
  /** Of the ConfigMap's entries, those of keys and revocations. */
  readonly keyEntries: () => Record<string, string>
  /** The others: of API servers and their CAs. */
  readonly recorded: () => Record<string, string>
  /** Of a watch with a CA file: what the kubelet writes from ConfigMap kube-root-ca.crt. */
  readonly writeCaBundle: (...certificates: string[]) => Promise<void>
  /** A new process, of a watch with a CA file: it reads the bundle again, and knows the recorded key state. */
  readonly startAgain: (accepted?: {
    readonly cas?: readonly string[]
    readonly keys?: readonly string[]
  }) => Promise<void>
}

/** Ten times the interval of the product, so that what takes ten minutes takes four rounds. */
const intervalMs = 150_000

/** `caFile`: the cluster's CA comes from a file, as in a Pod; otherwise it is not pinned. */
type Changes = Partial<WatchConfig> & { readonly caFile?: boolean }

export async function startTestWatch(t: TestContext, { caFile = false, ...changes }: Changes = {}): Promise<TestWatch> {
  const sandbox = await startTestSandbox(t, {
    issuerDocuments: 'absent',
    namespaces: ['default', 'pullpass-system'],
  })
  const logged: string[] = []
  const clock = createMovableClock(sandbox.clock.now)
  const context: VendorContext = {
    ...fakeContext({ ca: sandbox.authority.ca, environment: sandbox.environment }),
    vendors,
    now: clock.now,
    async sleep(ms, signal) {
      signal.throwIfAborted()
      sandbox.clock.advance(`${Math.ceil(ms / 1000)} s`) // a request that is sent again takes time
    },
    log(level, sentence, fields = {}) {
      if (level !== 'debug') logged.push([level, sentence, ...Object.values(fields)].join(' '))
    },
  }
  const writeCaBundle = async (...certificates: string[]) => void (await sandbox.write('ca.crt', certificates.join('')))
  const kubeconfig = caFile ? await kubeconfigWithCaFile(sandbox) : undefined
  await writeCaBundle(sandbox.authority.ca)
  const open = async (accepted: readonly string[]) => {
    const connected = await connect({ kubeconfig }, context)
    t.after(() => connected.close())
    const { cluster, pinned } = caFile ? await pinAuthorities(connected) : { cluster: connected, pinned: [] }
    t.after(() => cluster.close())
    return { cluster, trusted: { pinned, accepted } }
  }
  const connection = await open([])
  const keyState = changes.keyStateRef ?? { namespace: 'pullpass-system', name: 'pullpass-issuer' }
  let config: WatchConfig = {
    ...connection,
    target: await openTarget('gs://example-cluster', context),
    issuerUrl: undefined,
    replicas: [],
    account: { namespace: 'default', name: 'default' },
    keyStateRef: keyState,
    keepForMs: 48 * 3_600_000,
    acceptedKeys: [],
    intervalMs,
    events: createKeyStateEvents(connection.cluster, keyState, context),
    ...changes,
  }
  sandbox.cluster.seed({
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { namespace: 'default', name: 'default' },
  })
  let state = firstState
  const runRound = async (rounds = 1) => {
    for (let round = 0; round < rounds; round++) {
      sandbox.clock.advance(`${(config.intervalMs ?? intervalMs) / 1000} s`)
      state = await watchRound(state, config, context)
    }
    return state
  }
  return {
    sandbox,
    get config() {
      return config
    },
    context,
    logged,
    runRound,
    async swapKey(rounds) {
      const { keys } = sandbox.cluster
      const before = keys.current
      await runRound()
      keys.signWith(await keys.add())
      keys.drop(before.kid)
      await runRound(rounds)
      return before
    },
    async revoke(keyId) {
      const { target, issuerUrl } = config
      const issuerOf = (ofCluster: string) => issuerToPublish(issuerUrl, target, ofCluster, vendors)
      const publish = async (publication: Publication) => await publishDocuments(target, publication)
      return await revokeKey({ ...config, publish, issuerOf, keyId, inUse: 'refuse', mode: 'write' }, context)
    },
    skew: clock.advance,
    restart() {
      state = firstState
      config = { ...config, events: createKeyStateEvents(config.cluster, keyState, context) }
    },
    writeCaBundle,
    async startAgain({ cas = [], keys = [] } = {}) {
      const opened = await open(cas)
      const events = createKeyStateEvents(opened.cluster, keyState, context)
      config = { ...config, ...opened, events, acceptedKeys: keys }
      state = firstState
    },
    published() {
      const object = sandbox.gcp.store.find('example-cluster', 'openid/v1/jwks')
      if (object === undefined) return undefined
      const { keys }: { keys: { kid: string }[] } = JSON.parse(object.bytes.toString())
      return keys.map(({ kid }) => kid).toSorted()
    },
    addReplica: async (test, ...differing) => await addReplica(test, sandbox, ...differing),
    keyEntries: () => entriesOf(sandbox, (name) => /^(key|revoked)\./.test(name)),
    recorded: () => entriesOf(sandbox, (name) => !/^(key|revoked)\./.test(name)),
  }
}

async function kubeconfigWithCaFile(sandbox: TestSandbox): Promise<string> {
  const text = await readFile(sandbox.environment['KUBECONFIG'] ?? '', 'utf8')
  return await sandbox.write(
    'kubeconfig-in-pod',
    text.replace(/certificate-authority-data: .*/, 'certificate-authority: ca.crt'),
  )
}

function entriesOf(sandbox: TestSandbox, isSelected: (name: string) => boolean): Record<string, string> {
  const keyState = sandbox.cluster.store.read('ConfigMap', 'pullpass-system', 'pullpass-issuer')
  return Object.fromEntries(Object.entries(asTexts(keyState?.['data'])).filter(([name]) => isSelected(name)))
}
