/** pullpass uninstall: removes what pullpass created in a cluster and at the cloud, and nothing else. */

import type { Document } from '../document/document.ts'
import { brokenRule } from '../document/field-rules.ts'
import { labelName } from '../document/kubernetes-names.ts'
import { hasDocuments, loadDocuments } from '../document/load-documents.ts'
import { showValue } from '../document/show-value.ts'
import { asFault, PullpassError, withAlternative } from '../errors/pullpass-error.ts'
import { connect } from '../kubernetes/connect.ts'
import { type Cell, renderTable } from '../terminal/table.ts'
import { asObject } from '../text/json-fields.ts'
import { plainLine } from '../text/plain-text.ts'
import { openSignedIn } from '../trust/desired.ts'
import { destroyTrust, type Removal } from '../trust/destroy.ts'
import { openRecord } from '../trust/record.ts'
import { findResources } from '../uninstall/resources.ts'
import {
  type ConfirmedRemovals,
  planUninstall,
  type UninstallPlan,
  type UninstallStep,
} from '../uninstall/uninstall.ts'
import { markOf } from '../vendors/trust/marks.ts'
import type { Vendors } from '../vendors/vendor.ts'
import type { Call, Command, Terminal } from './command-line/command.ts'
import { type Flag, usageFault } from './command-line/flag.ts'
import { clusterFlags, outputFlags } from './command-line/flags.ts'
import { errorOf, overall, printErrors, renderResult } from './command-line/output.ts'
import type { UninstallStep as StepItem, UninstallResult } from './output/trust.ts'
import { removalFlags, repeatCommand, yesFlag } from './trust/flags.ts'
import { runTrust } from './trust/prepare.ts'

type Switch = Flag & { readonly type: 'boolean' }

const { context: _context, 'share-trust-domain': _sharing, ...trustFlagsOfOneCluster } = removalFlags

const flags: Omit<typeof removalFlags, 'context' | 'share-trust-domain'> &
  typeof clusterFlags &
  typeof yesFlag &
  typeof outputFlags & {
    readonly namespace: Flag & { readonly type: 'string' }
    readonly 'delete-pull-secrets': Switch
    readonly 'keep-trust': Switch
    readonly 'dry-run': Switch
  } = {
  ...trustFlagsOfOneCluster,
  namespace: {
    type: 'string',
    short: 'n',
    value: 'NAMESPACE',
    summary: 'Namespace of the installation (default pullpass-system)',
  },
  'delete-pull-secrets': {
    type: 'boolean',
    summary: 'Delete the pull secrets whose credential the documents manage, also adopted ones, and custom resources',
  },
  'keep-trust': { type: 'boolean', summary: 'Keep the cloud resources that trust apply created' },
  'dry-run': {
    type: 'boolean',
    summary: 'Server-side dry run: show the deletions without deleting',
  },
  ...clusterFlags,
  yes: { ...yesFlag.yes, summary: 'Delete without confirmation' },
  ...outputFlags,
}

export const uninstall: Command<typeof flags> = {
  usage: [
    'uninstall -f FILE [flags]',
    'uninstall [flags]   (PROJECT_NUMBER, POOL_ID, … in the environment, or custom resources in the cluster)',
  ],
  details: [
    "Removes in this order: the CronJob with its running Jobs; the Secret's name from the service accounts that the",
    'documents name; with --delete-pull-secrets the pull secrets whose credential the documents manage, and custom resources',
    'with their definitions, unless another installation uses them; the cloud resources',
    'that trust apply created; RBAC, NetworkPolicy, ConfigMaps, ServiceAccount and admission policies of the installation;',
    'and its namespace, if pullpass manifests created it and it contains nothing else. A phase starts only if the previous',
    'one succeeded: after a failure, run the command again. Objects that pullpass did not create are kept and reported.',
    'Without --delete-pull-secrets, Pods pull until the credentials expire. Issuer metadata stays published: other clouds',
    'and clusters may use it; issuer watch and issuer serve are removed with kubectl delete -k.',
    '',
    'Examples:',
    '  pullpass uninstall -f artifact-registry.yaml --dry-run',
    '  pullpass uninstall -f artifact-registry.yaml --delete-pull-secrets',
  ].join('\n'),
  life: 'one-shot',
  flags,

  async run(call) {
    const { flags: given, context, terminal } = call
    const namespace = readNamespace(given.namespace)
    if (given['keep-trust']) refuseTrustFlags(given, 'with --keep-trust')
    if (!given['dry-run'] && !given.yes && terminal.prompt === undefined) throw noTerminal(given)
    const isGiven = await hasDocuments(given.file, context)
    const documents = isGiven ? await loadDocuments(given.file, { ...context, ...terminal }) : []
    const hasTrust =
      given.repository !== undefined || documents.some((document) => statesTrust(document, context.vendors))
    const removesTrust = !given['keep-trust'] && hasTrust
    const lacksTrust = !given['keep-trust'] && !hasTrust
    if (lacksTrust) refuseTrustFlags(given, 'where no document has settings for trust')
    const cluster = await connect(given, context)
    try {
      const resources = await findResources(cluster, context.vendors)
      // Without custom resources, a document is required.
      if (!isGiven && resources.definitions.length === 0) await loadDocuments([], { ...context, ...terminal })
      if (lacksTrust) terminal.printError('No document has settings for trust: resources of clouds are not removed.')
      const request = {
        documents,
        resources,
        namespace,
        pullSecrets: given['delete-pull-secrets'] ? 'Delete' : 'Keep',
        ...(removesTrust && {
          destroyTrust: async (mode: 'plan' | ConfirmedRemovals) =>
            await removeTrust(call, mode).catch((error: unknown) => {
              const fault = asFault(error)
              throw fault.hop === 'trust'
                ? withAlternative(fault, '--keep-trust keeps what trust apply created')
                : fault
            }),
        }),
      } as const
      const plan = await planUninstall(request, cluster, context)
      if (given.namespace !== undefined) checkInstalled(plan, namespace)
      if (!(await isConfirmed(plan, call))) {
        terminal.printError('Nothing was removed.')
        return 1
      }
      const steps = await plan.execute(given['dry-run'] ? 'all' : 'none')
      await printSteps(steps, call)
      printErrors(
        steps.filter(({ fault }) => !context.signal.aborted || fault !== context.signal.reason), // thrown below
        call,
      )
      context.signal.throwIfAborted()
      return isDone(steps) ? 0 : 1
    } finally {
      await cluster.close()
    }
  },
}

/** @throws USAGE_INVALID */
function readNamespace(namespace = 'pullpass-system'): string {
  const expected = brokenRule(labelName, namespace)
  if (expected === undefined) return namespace
  throw usageFault('uninstall', `--namespace is ${showValue(namespace)}`, expected)
}

const flagsOfTrust = ['issuer', 'subject', 'repository', 'key-state', 'trust-domain-id', 'issuer-id'] as const

/** @throws USAGE_INVALID for a flag without effect */
function refuseTrustFlags(given: Call<typeof flags>['flags'], why: string): void {
  const unused = flagsOfTrust.find((name) => given[name] !== undefined && given[name].length > 0)
  if (unused === undefined) return
  throw usageFault(
    'uninstall',
    `--${unused} has no effect ${why}`,
    'the command without the flag, which is for resources at clouds',
  )
}

async function removeTrust(call: Call<typeof flags>, mode: 'plan' | ConfirmedRemovals): Promise<Removal[]> {
  const { context, ...given } = call.flags
  const flagsToPrepare = {
    ...given,
    context: context === undefined ? [] : [context],
    publisher: undefined,
    'share-trust-domain': false,
  }
  return await runTrust('uninstall', { ...call, flags: flagsToPrepare }, 'always', async (prepared) => {
    const record = openRecord(prepared.connections)
    const confirm =
      mode === 'plan' ? undefined : async (_: string, name: string) => (mode.has(name) ? 'confirmed' : 'declined')
    const inputs = { confirm, record, marks: prepared.clusters.map(markOf) }
    return await destroyTrust(await openSignedIn(prepared.desired, record, call.context), inputs, call.context)
  })
}

/** Whether `trust apply` can have created something for it, of which the document has the settings. */
const statesTrust = ({ registries }: Document, vendors: Vendors): boolean =>
  registries.some(
    ({ vendor, settings }) => vendors[vendor]?.trust !== undefined && asObject(settings)?.['trust'] !== undefined,
  )

/** Probably a wrong name: nothing is deleted. A repeated run, with nothing to delete, is valid. @throws USAGE_INVALID */
function checkInstalled({ steps, installation }: UninstallPlan, namespace: string): void {
  if (installation === 'found' || steps.every(({ result }) => result !== 'pending')) return
  throw usageFault(
    'uninstall',
    `no installation of pullpass in namespace ${namespace}`,
    'the namespace of an installation, or no --namespace to remove only what the documents name',
  )
}

async function isConfirmed(
  plan: UninstallPlan,
  { flags: given, context, terminal }: Call<typeof flags>,
): Promise<boolean> {
  const { prompt } = terminal
  const isPending = plan.steps.some(({ result }) => result === 'pending')
  if (given['dry-run'] || given.yes || prompt === undefined || !isPending) return true
  terminal.printError(renderSteps(plan.steps, { ...terminal, dryRun: false }))
  const choice = await prompt('\nRemove everything that is pending? [y/N]: ', context.signal)
  return ['y', 'yes'].includes(choice?.trim().toLowerCase() ?? '')
}

const noTerminal = (given: Call<typeof flags>['flags']) =>
  new PullpassError({
    code: 'USAGE_INVALID',
    hop: 'run',
    seen: 'uninstall requires confirmation, and there is no terminal',
    expected: '--yes, which deletes without confirmation',
    hint: 'to see the deletions first',
    command: `${repeatCommand('uninstall', given, flags)} --dry-run`,
  })

async function printSteps(
  steps: readonly UninstallStep[],
  { flags: given, context, terminal }: Call<typeof flags>,
): Promise<void> {
  const { output } = given
  if (output !== undefined) {
    terminal.print(await renderResult(uninstallResult(steps, given['dry-run']), output, context.secrets))
    return
  }
  terminal.print(renderSteps(steps, { ...terminal, dryRun: given['dry-run'] }))
  if (given['dry-run']) terminal.print('\nDry run: nothing was changed.')
}

const isDone = (steps: readonly UninstallStep[]) =>
  steps.every(({ result }) => result !== 'failed' && result !== 'blocked')

const uninstallResult = (steps: readonly UninstallStep[], dryRun: boolean): UninstallResult => ({
  kind: 'UninstallResult',
  result: overall(isDone(steps) ? 0 : 1),
  dryRun,
  steps: steps.map(({ phase, vendor, kind, name, result, note, fault }) => ({
    phase,
    ...(vendor !== undefined && { vendor }),
    kind,
    name,
    result: dryRun ? inDryRun(result) : result,
    notes: note === undefined ? [] : [note],
    ...errorOf(fault),
  })),
})

function inDryRun(result: UninstallStep['result']): StepItem['result'] {
  return result === 'deleted' ? 'would-delete' : result === 'detached' ? 'would-detach' : result
}

interface StepsForm extends Pick<Terminal, 'color' | 'columns'> {
  readonly dryRun: boolean
}

function renderSteps(steps: readonly UninstallStep[], { dryRun, color, columns }: StepsForm): string {
  const rows = steps.map(({ phase, kind, name, result }): Cell[] => {
    const tone = result === 'failed' || result === 'blocked' ? 'bad' : 'good'
    return [phase, { text: dryRun ? inDryRun(result) : result, tone }, kind, name]
  })
  const table = renderTable({ header: ['PHASE', 'RESULT', 'KIND', 'NAME'], rows }, color, columns)
  const removesTrust = steps.some(
    ({ phase, result }) => phase === 'trust' && result === (dryRun ? 'deleted' : 'pending'),
  )
  const notes = [
    ...(removesTrust
      ? ['note: phase trust removes what trust apply created at the cloud; with --keep-trust it is kept']
      : []),
    ...steps.flatMap(({ kind, name, note }) =>
      note === undefined ? [] : [plainLine(`note: ${kind} ${name}: ${note}`)],
    ),
  ]
  return [table, ...(notes.length === 0 ? [] : [notes.join('\n')])].join('\n\n')
}
