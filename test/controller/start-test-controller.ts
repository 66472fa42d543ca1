/** A controller in this process against a sandbox: real sockets, and a clock that only the test advances. */
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { Controller, type ControllerConfig } from '../../src/controller/controller.ts'
import { loadDocumentSet } from '../../src/controller/documents.ts'
import { renderPage } from '../../src/controller/page/render-page.ts'
import type { HttpRequest, Transport } from '../../src/http/transport.ts'
import { connect } from '../../src/kubernetes/connect.ts'
import type { Cluster } from '../../src/kubernetes/connection/cluster.ts'
import { createPublicationGate } from '../../src/publish/gate/publication-gate.ts'
import { respondHealth } from '../../src/server/health.ts'
import { LeaderElection } from '../../src/server/leader-election.ts'
import type { VendorContext } from '../../src/vendors/vendor.ts'
import { documentText } from '../support/document-text.ts'
import { fakeContext } from '../support/fake-context.ts'
import { readPullSecret } from '../support/read-pull-secret.ts'
import { startTestSandbox, type TestSandbox } from '../support/start-test-sandbox.ts'
import { wordsOf } from './page/page-facts-samples.ts'
import { createVirtualTime, until, type VirtualTime } from './virtual-time.ts'

export interface ControllerTest {
  readonly sandbox: TestSandbox
  readonly time: VirtualTime
  /** Of the document in `documents/pull.yaml`. */
  readonly file: string
  /** Starts a controller; `replica` is the identity with which it takes part in leader election, absent: there is none. */
  readonly start: (replica?: string) => Promise<RunningController>
  readonly addNamespace: (name: string, labels?: Readonly<Record<string, string>>) => void
  readonly hasSecret: (namespace: string) => boolean
  /** Exchanges so far, by all controllers. */
  readonly exchanges: () => number
}

export interface RunningController {
  readonly stop: () => Promise<void>
  /** Lines of the log, `level sentence fields`, but for those of level debug. */
  readonly logged: readonly string[]
  /** Value of a sample as it is rendered: `queue_depth`, `failures_total{hop="exchange",code="…"}`. */
  readonly metric: (sample: string) => number | undefined
  /** Text of an endpoint: `/readyz`. */
  readonly health: (path: string) => string
  /** The texts of the status page. */
  readonly page: () => string
  /** Resolves when every selected namespace has a valid Secret, so many in all. */
  readonly whenFresh: (namespaces: number, document?: string) => Promise<void>
}

export interface ControllerTestOptions {
  readonly namespaces?: readonly string[]
  /** Absent: a document that selects `team-*`; `none`: no file is given to the controller. */
  readonly document?: ((sandbox: TestSandbox) => string) | 'none'
  readonly random?: () => number
  /** Sends a request to a cloud, or not; absent: each is sent. */
  readonly send?: (request: HttpRequest, transport: Transport) => ReturnType<Transport>
  readonly customResources?: ControllerConfig['customResources']
  /** Variables in addition to those of the sandbox. */
  readonly environment?: Readonly<Record<string, string>>
  /** Absent: PullSecrets are not used. */
  readonly tenants?: (sandbox: TestSandbox) => ControllerConfig['tenants']
}

export async function startControllerTest(
  t: Pick<TestContext, 'after'>,
  {
    namespaces = ['default', 'team-a', 'team-b'],
    document = selectTeams,
    random = () => 0,
    send = (request, transport) => transport(request),
    customResources = 'used',
    environment = {},
    tenants,
  }: ControllerTestOptions = {},
): Promise<ControllerTest> {
  const time = createVirtualTime()
  const sandbox = await startTestSandbox(t, { now: time.now, namespaces })
  const file = document === 'none' ? undefined : await sandbox.write('pull.yaml', document(sandbox))
  const files = file === undefined ? [] : [file]
  const start = async (replica?: string) =>
    await run(t, {
      sandbox,
      files,
      time,
      random,
      send,
      customResources,
      environment,
      tenants: tenants?.(sandbox),
      replica,
    })
  return {
    sandbox,
    time,
    file: file ?? '',
    start,
    addNamespace: (name, labels = {}) =>
      void sandbox.cluster.seed({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } }),
    hasSecret: (namespace) => readPullSecret(sandbox, namespace) !== undefined,
    exchanges: () => sandbox.gcp.parts.sts.seen.length,
  }
}

export const selectTeams = (sandbox: TestSandbox): string => documentText(sandbox, { include: ['team-*'] })

interface Run {
  readonly sandbox: TestSandbox
  readonly files: readonly string[]
  readonly time: VirtualTime
  readonly random: () => number
  readonly send: NonNullable<ControllerTestOptions['send']>
  readonly customResources: ControllerConfig['customResources']
  readonly environment: Readonly<Record<string, string>>
  readonly tenants: ControllerConfig['tenants']
  readonly replica: string | undefined
}

async function run(
  t: Pick<TestContext, 'after'>,
  { sandbox, files, time, random, send, customResources, environment, tenants, replica }: Run,
): Promise<RunningController> {
  const end = new AbortController()
  const logged: string[] = []
  const { ca } = sandbox.authority
  const fake = fakeContext({ ca, environment: { ...sandbox.environment, ...environment }, signal: end.signal })
  const context: VendorContext = {
    ...fake,
    transport: async (request) => await send(request, fake.transport),
    now: time.now,
    sleep: time.sleep,
    random,
    log(level, sentence, fields = {}) {
      if (level !== 'debug') logged.push([level, sentence, ...Object.values(fields)].join(' '))
    },
  }
  const kubeconfig = join(sandbox.folder.path, 'kubeconfig')
  const cluster = await connect({ kubeconfig }, context)
  const leaseCluster = await connect({ kubeconfig }, { ...context, signal: new AbortController().signal })
  const lease = { namespace: 'default', name: 'pullpass-controller' }
  const { elapsedMs } = time
  const election =
    replica === undefined
      ? undefined
      : new LeaderElection({ cluster: leaseCluster, lease, identity: replica, elapsedMs }, context)
  const source = {
    ...context,
    tokenFile: undefined,
    openGate: async (gated: Cluster) => createPublicationGate({ cluster: gated, context, mode: 'write' }),
  }
  const issuerTrust = { authorities: [], accepted: { authorities: [], keys: [] } }
  const documents = await loadDocumentSet(files, context)
  const config: ControllerConfig = {
    files,
    documents,
    customResources,
    tenants,
    issuerTrust,
    source,
    cluster,
    election,
  }
  const controller = new Controller(config, context)
  const ended = controller.run()
  const stop = async () => {
    end.abort(new Error('stopped'))
    await ended
    await leaseCluster.close()
    await cluster.close()
  }
  t.after(stop)
  ended.catch(() => undefined) // reported by stop
  const health = (path: string) => respondHealth(path, controller.status.endpoints)?.text ?? ''
  const metric = (sample: string) => {
    const line = health('/metrics')
      .split('\n')
      .find((one) => one.startsWith(`pullpass_controller_${sample} `))
    return line === undefined ? undefined : Number(line.split(' ').at(-1))
  }
  return {
    stop,
    logged,
    health,
    page: () => wordsOf(renderPage(controller.pageFacts())),
    metric,
    whenFresh: async (namespaces, document = 'ClusterPullSecret/pull') =>
      await until(`${namespaces} fresh namespaces of ${document}`, () =>
        ['desired', 'fresh'].every((state) => metric(`namespaces_${state}{document="${document}"}`) === namespaces),
      ),
  }
}
