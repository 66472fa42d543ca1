/** pullpass trust destroy: deletes the cloud resources that pullpass created for a cluster. */
import { openResources } from '../../trust/desired.ts'
import { destroyTrust } from '../../trust/destroy.ts'
import { openRecord } from '../../trust/record.ts'
import { markOf } from '../../vendors/trust/marks.ts'
import type { Command } from '../command-line/command.ts'
import type { Flag } from '../command-line/flag.ts'
import { outputFlags } from '../command-line/flags.ts'
import { printErrors } from '../command-line/output.ts'
import { confirmChanges } from './confirm.ts'
import { isRemoved, printRemovals } from './destroy-report.ts'
import { removalFlags, repeatCommand, yesFlag } from './flags.ts'
import { runTrust } from './prepare.ts'

const flags: typeof removalFlags &
  typeof yesFlag &
  typeof outputFlags & { readonly 'dry-run': Flag & { readonly type: 'boolean' } } = {
  ...removalFlags,
  yes: { ...yesFlag.yes, summary: 'Delete without confirmation' },
  'dry-run': { type: 'boolean', summary: 'Show what would be deleted, without deleting' },
  ...outputFlags,
}

export const destroy: Command<typeof flags> = {
  usage: [
    'trust destroy -f FILE [flags]',
    'trust destroy [flags]   (PROJECT_NUMBER, POOL_ID, PROVIDER_ID, … in the environment)',
  ],
  details: [
    'Deletes the resources of these documents that pullpass created for this cluster: grants that the ConfigMap',
    'pullpass-trust records, and resources that carry the mark pullpass:… of its issuer, or of an issuer that trust apply',
    '--replace issuer replaced: in a description, a tag, a name or the id of a statement, by vendor. Resources of others,',
    'or still in use, are kept and reported. trust apply restores resources that the cloud retains after deletion. Pull',
    'secrets in the cluster remain until their credentials expire.',
    '',
    'Examples:',
    '  pullpass trust destroy -f artifact-registry.yaml --dry-run',
    '  pullpass trust destroy -f artifact-registry.yaml --context prod-1',
  ].join('\n'),
  namespaceHint: 'no namespace: the service account is spec.serviceAccountRef of the document',
  life: 'one-shot',
  flags,

  async run(call) {
    const consent = call.flags.yes ? 'given' : 'required'
    const hint = `to see the deletions first: ${repeatCommand('trust destroy', call.flags, removalFlags)} --dry-run`
    const confirm = call.flags['dry-run']
      ? undefined
      : confirmChanges({ command: 'trust destroy', effect: 'deletes', consent, hint }, call)
    const prepared = { ...call, flags: { ...call.flags, publisher: undefined } }
    return await runTrust('trust destroy', prepared, 'always', async ({ clusters, connections, desired, skipped }) => {
      const inputs = { confirm, record: openRecord(connections), marks: clusters.map(markOf) }
      const resources = openResources(desired, inputs.record, call.context)
      const removals = await destroyTrust(resources, inputs, call.context)
      await printRemovals(removals, skipped, call)
      printErrors(removals, call)
      call.context.signal.throwIfAborted()
      return removals.every(isRemoved) ? 0 : 1
    })
  },
}
