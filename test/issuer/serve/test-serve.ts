/** Replicas of issuer serve in a sandbox's cluster, round by round. */
import type { TestContext } from 'node:test'
import type { DocumentName } from '../../../src/oidc/issuer-documents.ts'
import { createServedDocuments, type ServedDocument } from '../../../src/publish/serve/served-documents.ts'
import { servedTarget } from '../../../src/publish/serve/served-target.ts'
import { firstState, type WatchState, watchRound } from '../../../src/publish/watch/round.ts'
import type { WatchConfig } from '../../../src/publish/watch/watch-config.ts'
import { startTestWatch, type TestWatch } from '../watch/test-watch.ts'

export interface TestServe {
  readonly watch: TestWatch
  /** A process that knows nothing yet. */
  readonly start: (changes?: Partial<WatchConfig>) => TestServer
  /** Of the ConfigMap of what is served. */
  readonly stored: () => string | undefined
  /** Writes it as another client; undefined: it exists and is empty. */
  readonly store: (text: string | undefined) => void
}

export interface TestServer {
  /** So many rounds, after each other. */
  readonly runRound: (rounds?: number) => Promise<WatchState['status']>
  /** The kids that an anonymous client gets; undefined if nothing is served yet. */
  readonly kids: () => string[] | undefined
  readonly current: (name: DocumentName) => ServedDocument | undefined
}

const place = { namespace: 'pullpass-system', name: 'pullpass-issuer-served' }
const issuerUrl = 'https://oidc.example.com/cluster-1'

export async function startTestServe(t: TestContext): Promise<TestServe> {
  const watch = await startTestWatch(t)
  const { store } = watch.sandbox.cluster
  const find = () => store.read('ConfigMap', place.namespace, place.name)
  const stored = () => Object.values(Object(find()?.['data']))[0]
  return {
    watch,
    start: (changes) => startServer(watch, changes),
    stored: () => (typeof stored() === 'string' ? String(stored()) : undefined),
    store(text) {
      const there = find()
      if (there) store.remove(there)
      const data = text === undefined ? {} : { 'jwks.json': text }
      watch.sandbox.cluster.seed({ apiVersion: 'v1', kind: 'ConfigMap', metadata: place, data })
    },
  }
}

function startServer(watch: TestWatch, changes: Partial<WatchConfig> = {}): TestServer {
  const { cluster } = watch.config
  const served = createServedDocuments()
  const target = servedTarget({ cluster, store: place, issuerUrl, served })
  const config = { ...watch.config, target, served, checkIntervalMs: 0, issuerUrl, ...changes }
  let state = firstState
  return {
    async runRound(rounds = 1) {
      for (let round = 0; round < rounds; round++) {
        watch.sandbox.clock.advance('15 s')
        state = await watchRound(state, config, watch.context)
      }
      return state.status
    },
    kids() {
      const text = served.current('jwks')?.text
      if (text === undefined) return undefined
      const { keys }: { keys: { kid: string }[] } = JSON.parse(text)
      return keys.map(({ kid }) => kid).toSorted()
    },
    current: served.current,
  }
}
