/** Writes the pull secrets of all documents concurrently; a failure in one namespace does not affect the others. */

import type { PullSecretRecord } from '../credential/pull-secret-record.ts'
import { documentName } from '../document/document.ts'
import { asFault, type PullpassError } from '../errors/pullpass-error.ts'
import type { Context } from '../http/context.ts'
import type { Cluster } from '../kubernetes/connection/cluster.ts'
import type { PullSecretMetadata } from '../kubernetes/objects/pull-secrets.ts'
import { rfc3339 } from '../text/time.ts'
import { applyPullSecret } from './apply-pull-secret.ts'
import { type ComposedPullSecret, checkSize, composePullSecret, readEarlierEntries } from './compose-pull-secret.ts'
import type { ExistingSecrets } from './existing-secrets.ts'
import type { Minted } from './mint-credentials.ts'
import { expiryOf, type Outcome, type RegistryOutcome } from './outcome.ts'
import { recordFor } from './own-record.ts'
import type { Takeover } from './ownership.ts'
import type { Job } from './plan.ts'
import { runConcurrently } from './run-concurrently.ts'

export interface Apply {
  readonly minted: Minted
  readonly existing: ExistingSecrets
  readonly refreshedAt: Date
  readonly mode: 'write' | 'dry-run'
  readonly takeover: Takeover
  /** Called after each Secret that was tried. */
  readonly onProgress: (done: number, all: number) => void
}

/** In the order of the jobs and their namespaces. */
export async function applyPullSecrets(
  jobs: readonly Job[],
  apply: Apply,
  cluster: Cluster,
  context: Context,
): Promise<Outcome[]> {
  const targets = (await Promise.all(jobs.map((job) => composeTargets(job, apply, cluster)))).flat()
  let done = 0
  return await runConcurrently(targets, async (target) => {
    const outcome = await applyTarget(target, apply, { cluster, signal: context.signal })
    apply.onProgress(++done, targets.length)
    return outcome
  })
}

interface Target {
  readonly job: Job
  readonly namespace: string
  readonly found: PullSecretMetadata | undefined
  /** The record in its annotations, where it is ours. */
  readonly record: PullSecretRecord | undefined
  readonly composed: ComposedPullSecret
  /** Why this namespace cannot be written: its state could not be read. */
  readonly fault: PullpassError | undefined
}

/** If each exchange succeeded, all namespaces get the same content; otherwise each keeps its own earlier entries. */
async function composeTargets(job: Job, { minted, existing }: Apply, cluster: Cluster): Promise<Target[]> {
  const { document, namespaces } = job
  const { found, faults } = existing(document)
  const whole = composePullSecret(document, minted)
  const complete = whole.registries.every(({ fault }) => fault === undefined)
  const kept =
    !complete && whole.dockerConfigJson !== undefined ? await readEarlierEntries(cluster, job, found) : undefined
  return namespaces.map((namespace) => {
    const secret = found.get(namespace)
    const record = secret && recordFor(document, secret)
    const entries = kept && (kept.byNamespace.get(namespace) ?? new Map())
    const composed = complete ? whole : composePullSecret(document, minted, { entries, record })
    const fault = faults.get(namespace) ?? kept?.faults.get(namespace)
    return { job, namespace, found: secret, record, composed, fault }
  })
}

async function applyTarget(
  target: Target,
  { refreshedAt, mode, takeover }: Apply,
  { cluster, signal }: { readonly cluster: Cluster; readonly signal: AbortSignal },
): Promise<Outcome> {
  const { job, namespace, found, composed, fault } = target
  const { document } = job
  const { dockerConfigJson, records, registries } = composed
  const outcome = { document: documentName(document), namespace, secretName: document.secretName }
  try {
    signal.throwIfAborted()
    if (fault !== undefined) throw fault
    if (dockerConfigJson === undefined) return { ...outcome, registries, ...unwritten(composed) }
    checkSize(dockerConfigJson, { namespace, name: document.secretName })
    const write = { document, namespace, dockerConfigJson, records, refreshedAt, mode, takeover }
    const written = await applyPullSecret(write, found, cluster)
    return { ...outcome, registries: written.result === 'skipped' ? storedEntriesOf(target) : registries, ...written }
  } catch (error) {
    return { ...outcome, result: 'failed', registries: storedEntriesOf(target), fault: asFault(error) }
  }
}

/** Of each registry where nothing could be written: an entry that was minted is not in the Secret. */
const storedEntriesOf = ({ composed, record }: Target): RegistryOutcome[] =>
  composed.registries.map((registry) => {
    if (registry.state !== 'fresh') return registry
    const { name, hosts } = registry
    const entry = record?.registries.get(name)
    return { name, hosts, state: entry === undefined ? 'absent' : 'kept', ...expiryOf(entry) }
  })

/** Nothing was minted: a failure, unless each entry expires later than its exchange waits for. */
function unwritten({ registries }: ComposedPullSecret): Pick<Outcome, 'result' | 'fault' | 'note'> {
  const fault = registries.find((registry) => registry.fault !== undefined)?.fault
  if (fault !== undefined) return { result: 'failed', fault }
  const until = Math.max(...registries.map(({ waitsUntil }) => waitsUntil?.getTime() ?? 0))
  const at = rfc3339(new Date(until))
  return {
    result: 'unchanged',
    note: `the key that signs now was published a moment ago: exchanged by a run after ${at}`,
  }
}
