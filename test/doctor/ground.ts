/** A sandbox in which a document works from end to end: a fresh Secret in two namespaces, and a pod that names it. */
import type { TestContext } from 'node:test'
import type { Vendors } from '../../src/vendors/vendor.ts'
import { vendors } from '../../src/vendors/vendors.ts'
import { type PullpassRun, runPullpass } from '../support/run-pullpass.ts'
import { startTestSandbox, type TestSandbox } from '../support/start-test-sandbox.ts'

/** What a fault can be planted in: all but what doctor is given. */
export type World = Omit<Ground, 'writeDocument'>

export interface Ground {
  readonly sandbox: TestSandbox
  /** Of the document. */
  readonly file: string
  /** A request to the API server as its admin makes it; fails where it is refused. */
  readonly send: (method: string, path: string, body?: object, contentType?: string) => Promise<void>
  /** A pod of a StatefulSet, as the API server admits it: with what its service account names then. */
  readonly makePod: (spec?: object) => Promise<void>
  /** An Event of the kubelet about the pod. */
  readonly makeEvent: (reason: string, message: string, at?: string) => Promise<void>
  readonly writeDocument: (content: DocumentContent) => Promise<void>
  readonly after: (end: () => Promise<void>) => void
  /** pullpass, with the machine's clock that many milliseconds off the sandbox's. */
  readonly pullpass: (argv: readonly string[], clockOffMs?: number) => Promise<PullpassRun>
}

export interface DocumentContent {
  /** The whole document of another vendor, instead of the other fields. */
  readonly text?: string
  /** Of the registry; absent: the sandbox's. */
  readonly hosts?: readonly string[]
  /** For hosts that are not Google's. */
  readonly hostPolicy?: 'Any'
  readonly include?: readonly string[]
  readonly exclude?: readonly string[]
  /** `images: private`: the label of both team's namespaces; absent: none. */
  readonly selector?: string
  /** More lines of the registry's gcp, indented by eight. */
  readonly gcp?: string
  /** More lines of gcp.trust, indented by ten. */
  readonly trust?: string
  /** Absent: the sandbox's. */
  readonly provider?: string
  /** `none`: direct federation. */
  readonly account?: string
  /** More lines of the spec, indented by two. */
  readonly more?: string
}

export type DocumentChoice =
  | DocumentContent
  | ((sandbox: TestSandbox, after: Ground['after']) => DocumentContent | Promise<DocumentContent>)

export const email = 'puller@example-project.iam.gserviceaccount.com'
export const podPath = '/api/v1/namespaces/team-a/pods'

export async function startGround(t: TestContext, choice: DocumentChoice = {}): Promise<Ground> {
  const sandbox = await startTestSandbox(t)
  const send = sender(sandbox)
  const after: Ground['after'] = (end) => t.after(end)
  const document = typeof choice === 'function' ? await choice(sandbox, after) : choice
  const file = await sandbox.write('pull.yaml', renderDocument(sandbox, document))
  const ground: Ground = {
    sandbox,
    file,
    after,
    send,
    makePod: (spec = {}) => send('POST', podPath, podOf(sandbox.image, spec)),
    makeEvent: (reason, message, at = '2026-11-24T12:00:00Z') =>
      send('POST', '/api/v1/namespaces/team-a/events', eventOf(sandbox, { reason, message, at })),
    writeDocument: async (content) => void (await sandbox.write('pull.yaml', renderDocument(sandbox, content))),
    pullpass: (argv, clockOffMs = 0) =>
      runPullpass(withClock(sandbox, clockOffMs), argv, { sleep: sleepOf(sandbox), vendors: acceptingPorts }),
  }
  for (const namespace of ['team-a', 'team-b']) await labelNamespace(ground, namespace, 'private')
  const { exitCode, stdout, stderr } = await ground.pullpass(['refresh', '-f', file])
  if (exitCode !== 0) throw new Error(`the ground does not hold: ${stdout}${stderr}`)
  await ground.makePod()
  return ground
}

/** `images: private`, as documents with a selector want it; null takes the label off. */
export const labelNamespace = ({ send }: World, namespace: string, images: 'private' | null): Promise<void> =>
  send('PATCH', `/api/v1/namespaces/${namespace}`, { metadata: { labels: { images } } }, 'application/merge-patch+json')

export function renderDocument(sandbox: TestSandbox, content: DocumentContent): string {
  if (content.text !== undefined) return content.text
  const { include = ['team-a', 'team-b'], account = email, more = '  attachToServiceAccounts: [default]' } = content
  const hosts = content.hosts ?? [`localhost:${sandbox.parts.registry.port}`]
  const lines = [
    'apiVersion: pullpass.dev/v1alpha1',
    'kind: ClusterPullSecret',
    'metadata: {name: pull}',
    'spec:',
    '  secretName: regcred',
    `  namespaces: {include: ${JSON.stringify(include)}${content.exclude ? `, exclude: ${JSON.stringify(content.exclude)}` : ''}${content.selector ? `, selector: {matchLabels: {${content.selector}}}` : ''}}`,
    '  registries:',
    '    - name: google',
    `      hosts: ${JSON.stringify(hosts)}`,
    content.hostPolicy === undefined ? '' : `      hostPolicy: ${content.hostPolicy}`,
    '      gcp:',
    `        workloadIdentityProvider: ${content.provider ?? sandbox.gcp.provider}`,
    account === 'none' ? '' : `        serviceAccountEmail: ${account}`,
    content.gcp ?? '',
    '        trust:',
    `          repository: ${sandbox.gcp.repository}`,
    content.trust ?? '',
    more,
  ]
  return `${lines.filter((line) => line !== '').join('\n')}\n`
}

function sender({ cluster }: TestSandbox): Ground['send'] {
  return async (method, target, body, contentType = 'application/json') => {
    const { pathname, searchParams } = new URL(target, 'http://sandbox')
    const { status, body: response } = await cluster.handle({
      method,
      path: decodeURIComponent(pathname),
      query: searchParams,
      headers: { accept: 'application/json', 'content-type': contentType },
      body: Buffer.from(body === undefined ? '' : JSON.stringify(body)),
      clientName: 'cluster-admin',
      signal: new AbortController().signal,
    })
    if (status >= 300) throw new Error(`${method} ${target} was responded with ${status} ${JSON.stringify(response)}`)
  }
}

const podOf = (image: string, spec: object) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name: 'web-0',
    ownerReferences: [{ apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'web', uid: 'set-1', controller: true }],
  },
  spec: { containers: [{ name: 'web', image }], ...spec },
})

/** As kubelets write them: of a pod's uid. */
function eventOf({ cluster }: TestSandbox, event: { reason: string; message: string; at: string }) {
  const { reason, message, at } = event
  const uid = cluster.store.read('Pod', 'team-a', 'web-0')?.metadata.uid ?? ''
  return {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { generateName: 'web-0.' },
    involvedObject: { apiVersion: 'v1', kind: 'Pod', namespace: 'team-a', name: 'web-0', uid },
    type: 'Warning',
    reason,
    message,
    firstTimestamp: at,
    lastTimestamp: at,
    count: 1,
    source: { component: 'kubelet', host: 'node-1' },
  }
}

const withClock = (sandbox: TestSandbox, offMs: number) => ({
  ...sandbox,
  clock: { ...sandbox.clock, now: () => new Date(sandbox.clock.now().getTime() + offMs) },
})

/** The issuers of sandboxes differ by port, which AWS does not accept. */
const acceptingPorts: Vendors = Object.fromEntries(
  Object.entries(vendors).map(([name, vendor]) => {
    const { issuerRequirements: load } = vendor
    if (load === undefined) return [name, vendor]
    const issuerRequirements = async () => {
      const { rules, evaluateMore } = await load()
      return { rules: { ...rules, port: undefined }, evaluateMore }
    }
    return [name, { ...vendor, issuerRequirements }]
  }),
)

/** A pause moves the sandbox's clock, so that what takes minutes has come after it. */
const sleepOf =
  ({ clock }: TestSandbox) =>
  async (ms: number, signal: AbortSignal): Promise<void> => {
    const wholeRun = 240_000
    if (ms >= wholeRun)
      return await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
    signal.throwIfAborted()
    clock.advance(`${Math.ceil(ms / 1000)} s`)
  }
