/** Writes every chosen pull secret of every document, side by side; one namespace's trouble is its own. */
import type { Cluster } from '../kubernetes/cluster.ts'
import { fieldManager } from '../kubernetes/field-manager.ts'
import type { PullSecretMetadata } from '../kubernetes/pull-secret-metadata.ts'
import { asFault } from '../outside/as-fault.ts'
import type { Outside } from '../outside/outside.ts'
import type { PullpassError } from '../outside/pullpass-error.ts'
import { applyPullSecret } from './apply-pull-secret.ts'
import { checkSize } from './check-size.ts'
import { type ComposedPullSecret, composePullSecret, type Earlier } from './compose-pull-secret.ts'
import { documentName } from './document-name.ts'
import { readEarlierEntries } from './earlier-entries.ts'
import type { Minted } from './mint-credentials.ts'
import type { Outcome } from './outcome.ts'
import { ownRecord } from './own-record.ts'
import type { Job } from './plan-refresh.ts'
import { sideBySide } from './side-by-side.ts'
import type { Surroundings } from './survey.ts'

export interface Apply {
  readonly minted: Minted
  readonly surroundings: Surroundings
  readonly refreshedAt: Date
  readonly mode: 'write' | 'dry-run'
  /** Called after each Secret that was tried. */
  readonly onProgress: (done: number, all: number) => void
}

/** In the order of the jobs and their namespaces. */
export async function applyPullSecrets(
  jobs: readonly Job[],
  apply: Apply,
  cluster: Cluster,
  outside: Outside,
): Promise<Outcome[]> {
  const targets = (await Promise.all(jobs.map((job) => composeTargets(job, apply, cluster)))).flat()
  let done = 0
  return await sideBySide(targets, async (target) => {
    const outcome = await applyTarget(target, apply, { cluster, signal: outside.signal })
    apply.onProgress(++done, targets.length)
    return outcome
  })
}

interface Target {
  readonly job: Job
  readonly namespace: string
  readonly found: PullSecretMetadata | undefined
  readonly composed: ComposedPullSecret
  /** Why this namespace cannot be written: its state could not be read. */
  readonly fault: PullpassError | undefined
}

/** Where every exchange succeeded, one composition serves all namespaces; else each keeps entries of its own. */
async function composeTargets(job: Job, { minted, surroundings }: Apply, cluster: Cluster): Promise<Target[]> {
  const { document, namespaces } = job
  const { found, faults } = surroundings.of(document)
  const whole = composePullSecret(document, minted)
  const complete = whole.registries.every(({ fault }) => fault === undefined)
  const kept =
    !complete && whole.dockerConfigJson !== undefined ? await readEarlierEntries(cluster, job, found) : undefined
  return namespaces.map((namespace) => {
    const secret = found.get(namespace)
    const earlier: Earlier = {
      entries: kept && (kept.byNamespace.get(namespace) ?? new Map()),
      record: secret && ownRecord(secret, fieldManager(document)),
    }
    const composed = complete ? whole : composePullSecret(document, minted, earlier)
    return { job, namespace, found: secret, composed, fault: faults.get(namespace) ?? kept?.faults.get(namespace) }
  })
}

async function applyTarget(
  { job: { document }, namespace, found, composed, fault }: Target,
  { refreshedAt, mode }: Apply,
  { cluster, signal }: { readonly cluster: Cluster; readonly signal: AbortSignal },
): Promise<Outcome> {
  const { dockerConfigJson, records, registries } = composed
  const outcome = { document: documentName(document), namespace, secretName: document.secretName, registries }
  try {
    signal.throwIfAborted()
    if (fault !== undefined) throw fault
    if (dockerConfigJson === undefined) return { ...outcome, result: 'failed', ...firstFault(composed) }
    checkSize(dockerConfigJson, `${namespace}/${document.secretName}`)
    const write = { document, namespace, dockerConfigJson, records, refreshedAt, mode }
    return { ...outcome, ...(await applyPullSecret(write, found, cluster)) }
  } catch (error) {
    return { ...outcome, result: 'failed', fault: asFault(error) }
  }
}

function firstFault({ registries }: ComposedPullSecret): Pick<Outcome, 'fault'> {
  const fault = registries.find((registry) => registry.fault !== undefined)?.fault
  return fault === undefined ? {} : { fault }
}
