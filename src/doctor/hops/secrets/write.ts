/** Hop `write`: the API server accepts what a refresh writes and stores it unchanged, by a dry run, admission included. */
import type { RegistryCredential } from '../../../credential/registry-credential.ts'
import { PullpassError } from '../../../errors/pullpass-error.ts'
import type { Context } from '../../../http/context.ts'
import type { Cluster } from '../../../kubernetes/connection/cluster.ts'
import { hooksIn, listSecretHooks, nameHook, type SecretHook } from '../../../kubernetes/objects/webhooks.ts'
import { applyPullSecrets } from '../../../refresh/apply-pull-secrets.ts'
import { mintFingerprint } from '../../../refresh/exchange-requests.ts'
import type { Outcome } from '../../../refresh/outcome.ts'
import type { Job } from '../../../refresh/plan.ts'
import { clusterSource } from '../../facts/cluster.ts'
import { type ExchangeFacts, exchangesSource, pullsSource } from '../../facts/exchanges.ts'
import {
  knownNamespaces,
  mostNamespaces,
  type NamespaceFacts,
  namespacesSource,
  type SecretFacts,
} from '../../facts/namespaces.ts'
import { imagesSource } from '../../facts/pods.ts'
import { dependencyFailed, type Evaluated, failedBy, type HopFinding } from '../../finding.ts'
import { defineHop, defineSource, type Found, type Hop, type Source } from '../../hop.ts'
import type { PrintedCommands } from '../../printed-commands.ts'
import { evaluateSecrets } from './secret.ts'

/** Of a pull secret, by which webhooks select it. */
const ownLabels = { 'app.kubernetes.io/managed-by': 'pullpass' }

/** Webhooks that the API server calls for pull secrets; none where they may not be read. */
const hooksSource: Source<readonly SecretHook[]> = defineSource({
  needs: { cluster: clusterSource },
  step: { hops: ['write'], of: 'cluster' },
  otherwise: [],
  gather: async ({ cluster }) => (cluster?.cluster ? await listSecretHooks(cluster.cluster, ownLabels) : []),
})

const writesSource: Source<readonly Outcome[]> = defineSource({
  // After the attempted pulls: a registry that does not respond is reported first.
  needs: {
    cluster: clusterSource,
    namespaces: namespacesSource,
    hooks: hooksSource,
    exchanges: exchangesSource,
    pulls: pullsSource,
  },
  step: {
    hops: ['write'],
    of: 'cluster',
    for: 'the dry run of Secrets',
    advice: ({ hooks }: { readonly hooks: readonly SecretHook[] }) =>
      hooks.length === 0
        ? undefined
        : `the API server may be waiting for a webhook for Secrets: check whether these respond: ${hooks.map(nameHook).join(', ')}`,
  },
  otherwise: [],
  async gather({ cluster, namespaces, exchanges }, { context }) {
    const known = knownNamespaces(namespaces)
    if (cluster?.cluster === undefined || known === undefined) return []
    return await gatherWrites(known, exchanges, cluster.cluster, context)
  },
})

export const writeHop: Hop = defineHop({
  name: 'write',
  needs: { namespaces: namespacesSource, images: imagesSource, hooks: hooksSource, writes: writesSource },
  after: ['cluster', 'clock', 'subject-token', 'publish', 'exchange', 'rights'],
  evaluate({ namespaces, images, hooks, writes }, view) {
    const { found, request } = view
    const failure = found.failure('cluster')
    if (failure !== undefined) return [dependencyFailed('write', '', failure)]
    const known = knownNamespaces(namespaces)
    const labels = new Map((known?.namespaces ?? []).map((one) => [one.name, one.labels]))
    const secrets = evaluateSecrets(namespaces, images, view)
    const writeView = { found, secrets, hooks, labels, commands: request.commands }
    if (writes.length === 0) return unwritten(found)
    return [...writes.map((outcome) => evaluateWrite(outcome, writeView)), ...untried(known?.jobs ?? [])]
  },
})

/** Nothing of documents of which an exchange failed. */
async function gatherWrites(
  { jobs, secrets }: NamespaceFacts,
  exchanges: readonly ExchangeFacts[],
  cluster: Cluster,
  context: Context,
): Promise<Outcome[]> {
  const minted = new Map(
    exchanges.flatMap(({ exchangeRequest, result }) =>
      result === undefined || result instanceof PullpassError ? [] : [[exchangeRequest.mintedFrom, result] as const],
    ),
  )
  const ready = jobs
    .filter((job) => isMinted(job, minted))
    .map((job) => ({ ...job, namespaces: job.namespaces.slice(0, mostNamespaces) }))
  const existing = (document: Job['document']) => listedOf(secrets.filter((one) => one.document === document))
  const apply = {
    minted,
    existing,
    refreshedAt: context.now(),
    mode: 'dry-run',
    takeover: 'refused',
    onProgress: () => undefined,
  } as const
  return await applyPullSecrets(ready, apply, cluster, context)
}

const isMinted = ({ document }: Job, minted: ReadonlyMap<string, RegistryCredential>) =>
  document.registries.every((registry) => minted.has(mintFingerprint(document, registry)))

function listedOf(secrets: readonly SecretFacts[]) {
  const found = secrets.flatMap(({ namespace, content }) =>
    content === undefined || content instanceof PullpassError ? [] : [[namespace, content] as const],
  )
  const faults = secrets.flatMap(({ namespace, content }) =>
    content instanceof PullpassError ? [[namespace, content] as const] : [],
  )
  return { found: new Map(found), faults: new Map(faults) }
}

/** Documents with more namespaces than are tried. */
const untried = (jobs: readonly Job[]): HopFinding[] =>
  jobs
    .filter(({ namespaces }) => namespaces.length > mostNamespaces)
    .map(({ document: { secretName }, namespaces }) => ({
      hop: 'write',
      about: `Secret ${secretName}`,
      result: 'skipped',
      code: 'SAMPLED',
      seen: `dry run in ${mostNamespaces} of ${namespaces.length} namespaces, to limit the load on the API server`,
    }))

/** Nothing can be written without a credential, dry or not. */
function unwritten(found: Found): HopFinding[] {
  // A token that waits for the publication of its key is not a failure, and gives no credential now.
  const waits = found.of('exchange').find(({ code }) => code === 'DEPENDENCY_FAILED')
  const cause = found.failure('subject-token', 'clock', 'publish', 'exchange') ?? waits
  if (cause !== undefined) return [dependencyFailed('write', 'Secrets', cause)]
  const elsewhere = found.of('subject-token').find(({ code }) => code === 'TOKEN_FILE_ELSEWHERE')
  if (elsewhere === undefined) return []
  const { hop, code } = elsewhere
  const seen = 'not tried, without a credential'
  return [{ hop: 'write', about: 'Secrets', result: 'skipped', code, seen, because: { hop, code } }]
}

interface WriteView {
  readonly found: Found
  /** At hop `secret`. */
  readonly secrets: readonly HopFinding[]
  /** Empty where they may not be read. */
  readonly hooks: readonly SecretHook[]
  /** Of namespaces; empty where they may not be listed. */
  readonly labels: ReadonlyMap<string, Readonly<Record<string, string>>>
  readonly commands: PrintedCommands
}

function evaluateWrite(outcome: Outcome, view: WriteView): HopFinding {
  const { namespace, secretName, fault, note, rewritten } = outcome
  const { commands } = view
  const about = `Secret ${namespace}/${secretName}`
  const base = { hop: 'write', about, namespace, alike: `Secret ${secretName}`, secret: secretName } as const
  if (rewritten !== undefined) return { ...base, ...evaluateRewritten(rewritten, outcome, view) }
  if (fault === undefined) {
    return {
      ...base,
      result: 'ok',
      code: 'OK',
      seen: `a refresh would write it${note === undefined ? '' : `: ${note}`}`,
    }
  }
  // What is really written may pass: nothing is known of it, and nothing is wrong.
  if (fault.code === 'DRY_RUN_UNSUPPORTED') {
    return { ...base, result: 'skipped', code: fault.code, seen: `a dry run is not possible: ${fault.seen}` }
  }
  const cause = causeOf(fault.code, about, view)
  if (cause !== undefined) return { ...base, ...dependencyFailed('write', about, cause) }
  const remedy =
    fault.code === 'NAMESPACE_NOT_FOUND' && namespace !== undefined
      ? { command: commands.kubectl('create', 'namespace', namespace), words: undefined }
      : {}
  const failed = failedBy('write', about, fault, remedy)
  const webhooks = fault.code === 'KUBERNETES_UNREACHABLE' ? namesOf(view, namespace, 'any') : []
  if (webhooks.length === 0) return { ...base, ...failed }
  const words = `it responds to other requests: this one waits for a webhook for Secrets: ${webhooks.join(', ')}`
  return { ...base, ...failed, remedy: { words } }
}

/** The earlier finding with the cause that the API server reports again. */
function causeOf(code: string, about: string, { found, secrets }: WriteView): HopFinding | undefined {
  if (code === 'KUBERNETES_FORBIDDEN') return found.failure('rights')
  const ofSecret = secrets.find((finding) => finding.about === about && finding.result === 'failed')
  const own = ['SECRET_NOT_OURS', 'SECRET_TYPE_WRONG', 'SECRET_CONFLICT', 'SECRET_IMMUTABLE']
  return own.includes(code) ? ofSecret : undefined
}

function evaluateRewritten(rewritten: readonly string[], { namespace }: Outcome, view: WriteView): Evaluated {
  const names = namesOf(view, namespace, 'mutating')
  const { command, words } = view.commands.refresh()
  const except = 'exclude this Secret (objectSelector: app.kubernetes.io/managed-by NotIn [pullpass])'
  const fix =
    names.length > 0
      ? `let the operator of ${names.join(', or of ')} ${except}`
      : `find what changes it: ${view.commands.kubectl('get', 'mutatingwebhookconfigurations', '-o', 'yaml')}; let its operator ${except}`
  return {
    result: 'failed',
    code: 'SECRET_MUTATED',
    seen: `admission changes what a refresh writes: ${rewritten.join(', ')}`,
    expected: 'a Secret that is stored as pullpass writes it: a further refresh changes nothing',
    remedy: { words: `${fix}; then ${command ?? words ?? 'refresh'}` },
  }
}

function namesOf({ hooks, labels }: WriteView, namespace: string | undefined, which: 'mutating' | 'any'): string[] {
  const here = namespace === undefined ? [] : hooksIn(hooks, namespace, labels.get(namespace))
  return here.filter(({ may }) => which === 'any' || may === 'change it').map(nameHook)
}
