/**
 * Removes pullpass from a cluster. Each phase starts only when the one before it succeeded, so that nothing is written
 * again after its removal, and a repeated run continues where this one stopped:
 *
 *   stop          the CronJob and its Jobs, or the controller: nothing writes Secrets any more
 *   detach        the Secret's name from the service accounts that the documents name
 *   pull-secrets  the Secrets themselves, only where this is requested
 *   resources     custom resources, then their definitions, with their pull secrets only
 *   trust         what trust apply created at the cloud; its record is in the namespace
 *   installation  RBAC, network policy, ConfigMaps, account, admission policies
 *   namespace     only if pullpass manifests created it and it contains nothing else
 */
import type { Document } from '../document/document.ts'
import { asFault, type PullpassError } from '../errors/pullpass-error.ts'
import type { Context } from '../http/context.ts'
import type { Cluster } from '../kubernetes/connection/cluster.ts'
import { type ApiObject, deleteObject, waitUntilDeleted } from '../kubernetes/objects/api-object.ts'
import { fieldManager } from '../kubernetes/objects/apply-pull-secret.ts'
import { deletePullSecret, listPullSecrets, type PullSecretMetadata } from '../kubernetes/objects/pull-secrets.ts'
import { detachPullSecret, listServiceAccounts, type ServiceAccount } from '../kubernetes/objects/service-accounts.ts'
import type { Removal } from '../trust/destroy.ts'
import { findInstallation, type Installation } from './installation.ts'
import { stillExists } from './remaining.ts'
import type { InstalledResources } from './resources.ts'

type Phase = 'stop' | 'detach' | 'pull-secrets' | 'resources' | 'trust' | 'installation' | 'namespace'

export interface UninstallStep {
  readonly phase: Phase
  /** Of a resource at the cloud. */
  readonly vendor?: string
  /** `CronJob`, `ServiceAccount`; of a resource at the cloud, as `trust` names it. */
  readonly kind: string
  /** `NAMESPACE/NAME`, or NAME where it has no namespace. */
  readonly name: string
  /** `blocked`: an earlier phase failed. `pending`: not executed yet, in a plan. */
  readonly result: 'pending' | 'deleted' | 'detached' | 'absent' | 'kept' | 'failed' | 'blocked'
  /** Why it was kept or blocked. */
  readonly note?: string
  readonly fault?: PullpassError
}

/** A step, and what executes it; absent: there is nothing to do. */
interface PlannedStep {
  readonly step: UninstallStep
  readonly execute?: (dryRun: 'all' | 'none') => Promise<Pick<UninstallStep, 'result' | 'note'>>
}

/** Names of the cloud resources that the plan showed as pending: no other is removed. */
export type ConfirmedRemovals = ReadonlySet<string>

export interface UninstallRequest {
  readonly documents: readonly Document[]
  /** Custom resources are documents, too. */
  readonly resources: InstalledResources
  /** Where pullpass was installed. */
  readonly namespace: string
  readonly pullSecrets: 'Delete' | 'Keep'
  /** Absent: what was created at the cloud is kept. */
  readonly destroyTrust?: (mode: 'plan' | ConfirmedRemovals) => Promise<readonly Removal[]>
}

export interface UninstallPlan {
  /** Whether anything of an installation is in the namespace. */
  readonly installation: 'found' | 'absent'
  readonly steps: readonly UninstallStep[]
  /** Executes the plan. `all`: the API server checks every change and stores none. */
  readonly execute: (dryRun: 'all' | 'none') => Promise<UninstallStep[]>
}

type UninstallContext = Pick<Context, 'now' | 'sleep' | 'signal'>

/** Reads the cluster and the cloud, and changes nothing. @throws what a cluster and a cloud throw */
export async function planUninstall(
  request: UninstallRequest,
  cluster: Cluster,
  context: UninstallContext,
): Promise<UninstallPlan> {
  const installation = await findInstallation(cluster, request.namespace)
  // Those of another installation are refreshed further.
  const inCluster = installation.others.length > 0 ? [] : request.resources.objects
  const documents = [...request.documents, ...inCluster.flatMap(({ document }) => document ?? [])]
  const [secrets, removals] = await Promise.all([
    findPullSecrets(documents, cluster),
    request.destroyTrust?.('plan') ?? [],
  ])
  const planned: PlannedStep[] = [
    ...installation.workloads.map((object) => deletion('stop', object, cluster, context)),
    ...(await planDetachments(documents, secrets, cluster)),
    ...secrets.map((found) => planPullSecret(found, request.pullSecrets, cluster)),
    ...planResources(request, installation.others, cluster, context),
    ...removals.map((removal) => ({ step: stepOfRemoval(removal) })),
    ...installation.objects.map((object) => deletion('installation', object, cluster, context)),
    ...installation.trustRecords.map(keptRecord),
    ...planNamespace(request.namespace, installation, cluster, context),
  ]
  const { workloads, objects, namespace } = installation
  const isFound = workloads.length > 0 || objects.length > 0 || namespace.state === 'removable'
  return {
    installation: isFound ? 'found' : 'absent',
    steps: planned.map(({ step }) => step),
    execute: async (dryRun) => await executePhases(planned, request, { dryRun, signal: context.signal }),
  }
}

/** Objects first, so that one that cannot be deleted is named. A definition that is deleted deletes its objects. */
function planResources(
  { resources: { definitions, objects }, pullSecrets }: UninstallRequest,
  others: readonly string[],
  cluster: Cluster,
  context: UninstallContext,
): PlannedStep[] {
  const isKept = others.length > 0 || pullSecrets === 'Keep'
  if (!isKept) {
    return [
      ...objects.map(({ object, document }): PlannedStep => {
        const { step, execute } = deletion('resources', object, cluster, context)
        const note = 'it is invalid: its pull secrets are not known, and kept'
        return { step: document === undefined ? { ...step, note } : step, execute }
      }),
      ...definitions.map((definition) => deletion('resources', definition, cluster, context)),
    ]
  }
  return definitions.map((definition): PlannedStep => {
    const count = objects.filter(({ object: { type } }) => definition.name === `${type.resource}.${type.group}`).length
    const note =
      others.length > 0
        ? `the controller in namespace ${others.join(', ')} uses it`
        : `its objects (${count}) are documents, and with deletionPolicy Delete they own their pull secrets; --delete-pull-secrets deletes all of them`
    return { step: { phase: 'resources', kind: definition.type.kind, name: definition.name, result: 'kept', note } }
  })
}

const keptRecord = (object: ApiObject): PlannedStep => ({
  step: {
    phase: 'installation',
    kind: object.type.kind,
    name: nameOf(object),
    result: 'kept',
    note: 'it records what trust apply created: delete it when no other document of this cluster uses it',
  },
})

const phases: readonly Phase[] = ['stop', 'detach', 'pull-secrets', 'resources', 'trust', 'installation', 'namespace']

interface Execution {
  readonly dryRun: 'all' | 'none'
  readonly signal: AbortSignal
}

async function executePhases(
  planned: readonly PlannedStep[],
  { destroyTrust }: UninstallRequest,
  { dryRun, signal }: Execution,
): Promise<UninstallStep[]> {
  const done: UninstallStep[] = []
  for (const phase of phases) {
    const steps = planned.filter(({ step }) => step.phase === phase)
    const blocked = signal.aborted || done.some(({ result }) => result === 'failed' || result === 'blocked')
    if (blocked) done.push(...steps.map(({ step }) => withPending(step, 'blocked')))
    else if (phase !== 'trust')
      for (const one of steps) done.push(await executeStep(one, dryRun)) // in their order
    else if (dryRun === 'all') done.push(...steps.map(({ step }) => withPending(step, 'deleted')))
    else {
      const confirmed = steps.filter(({ step }) => step.result === 'pending').map(({ step }) => step.name)
      done.push(...((await destroyTrust?.(new Set(confirmed))) ?? []).map(stepOfRemoval))
    }
  }
  return done
}

const withPending = (step: UninstallStep, result: 'blocked' | 'deleted'): UninstallStep =>
  step.result === 'pending' ? { ...step, result } : step

async function executeStep({ step, execute }: PlannedStep, dryRun: 'all' | 'none'): Promise<UninstallStep> {
  if (execute === undefined) return step
  try {
    return { ...step, ...(await execute(dryRun)) }
  } catch (error) {
    return { ...step, result: 'failed', fault: asFault(error) }
  }
}

/** A CronJob and a namespace are waited for: their Jobs and objects must be gone before what follows. */
function deletion(phase: Phase, object: ApiObject, cluster: Cluster, context: UninstallContext): Required<PlannedStep> {
  const isForeground = phase === 'stop' || object.type.kind === 'Namespace'
  // Without its definition a kind is not served any more, after its objects were deleted.
  const waits = isForeground || object.type.kind === 'CustomResourceDefinition'
  return {
    step: { phase, kind: object.type.kind, name: nameOf(object), result: 'pending' },
    async execute(dryRun) {
      const result = await deleteObject(cluster, object, { dryRun, ...(isForeground && { propagation: 'Foreground' }) })
      if (!waits || dryRun === 'all') return { result }
      const remaining = await waitUntilDeleted(cluster, object, longestWaitMs, context)
      if (remaining !== 'deleted') throw await stillExists(cluster, remaining, longestWaitMs)
      return { result }
    },
  }
}

/** A Job's Pod has 30 s to end by itself. */
const longestWaitMs = 90_000

const nameOf = ({ namespace, name }: { readonly namespace?: string; readonly name: string }) =>
  namespace === undefined ? name : `${namespace}/${name}`

interface FoundPullSecret {
  readonly document: Document
  readonly secret: PullSecretMetadata
  /** Whether this document's field manager owns its credential. */
  readonly owner: 'document' | 'other'
}

/** In every namespace, whether the document still selects it or not. */
async function findPullSecrets(documents: readonly Document[], cluster: Cluster): Promise<FoundPullSecret[]> {
  const names = new Set(documents.map(({ secretName }) => secretName))
  const byName = new Map([...names].map((name) => [name, listPullSecrets(cluster, name, 'all')]))
  const lists = documents.map(async (document) => {
    const { found } = (await byName.get(document.secretName)) ?? { found: new Map<string, never>() }
    const manager = fieldManager(document)
    return [...found.values()].map((secret): FoundPullSecret => {
      return { document, secret, owner: secret.owners.data.includes(manager) ? 'document' : 'other' }
    })
  })
  return (await Promise.all(lists)).flat()
}

function planPullSecret(
  { document, secret, owner }: FoundPullSecret,
  pullSecrets: UninstallRequest['pullSecrets'],
  cluster: Cluster,
): PlannedStep {
  const { namespace } = secret
  const name = document.secretName
  const step = { phase: 'pull-secrets', kind: 'Secret', name: nameOf({ namespace, name }) } as const
  if (owner === 'other') {
    const managers = secret.owners.data.join(', ') || 'no field manager'
    return { step: { ...step, result: 'kept', note: `its credential is managed by ${managers}` } }
  }
  if (pullSecrets === 'Keep')
    return {
      step: {
        ...step,
        result: 'kept',
        note: 'its credential is no longer refreshed; --delete-pull-secrets deletes it',
      },
    }
  return {
    step: { ...step, result: 'pending' },
    execute: async (dryRun) => ({
      result: await deletePullSecret(cluster, name, secret, dryRun),
    }),
  }
}

/** Where pullpass did not attach the name, the entry is kept. A name that one document detaches, no other keeps. */
async function planDetachments(
  documents: readonly Document[],
  secrets: readonly FoundPullSecret[],
  cluster: Cluster,
): Promise<PlannedStep[]> {
  const lists = documents.flatMap((document) =>
    document.attachToServiceAccounts.map(async (account) => {
      const { found } = await listServiceAccounts(cluster, account, 'all')
      return [...found.values()]
        .filter(({ imagePullSecrets }) => imagePullSecrets.includes(document.secretName))
        .map((serviceAccount) => ({
          entry: `${nameOf(serviceAccount)} ${document.secretName}`,
          planned: planDetachment(document, serviceAccount, secrets, cluster),
        }))
    }),
  )
  const all = (await Promise.all(lists)).flat()
  const detached = new Set(all.filter(({ planned }) => planned.execute !== undefined).map(({ entry }) => entry))
  return all
    .filter(({ entry, planned }) => planned.execute !== undefined || !detached.has(entry))
    .map(({ planned }) => planned)
}

function planDetachment(
  document: Document,
  serviceAccount: ServiceAccount,
  secrets: readonly FoundPullSecret[],
  cluster: Cluster,
): PlannedStep {
  const manager = fieldManager(document)
  const step = { phase: 'detach', kind: 'ServiceAccount', name: nameOf(serviceAccount) } as const
  const attached = secrets.find(
    (found) => found.document === document && found.secret.namespace === serviceAccount.namespace,
  )
  if (attached?.owner === 'other')
    return { step: { ...step, result: 'kept', note: `another manager wrote Secret ${document.secretName}` } }
  if (attached === undefined && !serviceAccount.owners.includes(manager)) {
    const note = `${document.secretName} was not attached by this document: no such Secret, and another manager of imagePullSecrets`
    return { step: { ...step, result: 'kept', note } }
  }
  return {
    step: { ...step, result: 'pending' },
    async execute(dryRun) {
      const result = await detachPullSecret(cluster, serviceAccount, document.secretName, { manager, dryRun })
      return { result: result === 'detached' ? 'detached' : 'absent' }
    },
  }
}

/** The cloud's side is executed as a whole, by `destroyTrust`. */
function stepOfRemoval({ vendor, kind, name, result, note, fault }: Removal): UninstallStep {
  const results = {
    removed: 'deleted',
    remove: 'pending',
    absent: 'absent',
    kept: 'kept',
    declined: 'blocked', // it is still recorded: the record, in the namespace, has to stay
    failed: 'failed',
    unfinished: 'failed',
    'not-started': 'blocked',
  } as const
  const step = { phase: 'trust', vendor, kind, name, result: results[result] } as const
  const text = result === 'declined' ? 'it was not in the plan: run the same command again' : note
  return { ...step, ...(text !== undefined && { note: text }), ...(fault && { fault }) }
}

/** Each deletion reads the namespace again: objects that were created since the plan keep it, and the policies with it. */
function planNamespace(
  name: string,
  { namespace: found, examineAgain }: Installation,
  cluster: Cluster,
  context: UninstallContext,
): PlannedStep[] {
  if (found.state === 'removable')
    return [...found.policies, found.object].map((object): PlannedStep => {
      const { step, execute } = deletion('namespace', object, cluster, context)
      return {
        step,
        async execute(dryRun) {
          const now = await examineAgain()
          if (now.state === 'absent' && object.type.kind === 'Namespace') return { result: 'absent' }
          if (now.state === 'kept') return { result: 'kept', note: `namespace ${name} is kept: ${now.reason}` }
          return await execute(dryRun)
        },
      }
    })
  const step = { phase: 'namespace', kind: 'Namespace', name } as const
  if (found.state === 'absent') return [{ step: { ...step, result: 'absent' } }]
  return [{ step: { ...step, result: 'kept', note: found.reason } }]
}
