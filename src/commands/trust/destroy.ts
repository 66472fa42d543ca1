/** pullpass trust destroy: takes back what pullpass made for a cluster, and only that. */
import { plainLine } from '../../outside/plain-text.ts'
import { renderStructured } from '../../terminal/render-structured.ts'
import { type Cell, renderTable } from '../../terminal/render-table.ts'
import { destroyTrust, type Removal } from '../../trust/destroy-trust.ts'
import { openTrust } from '../../trust/open-trust.ts'
import { openRecord } from '../../trust/trust-record.ts'
import { markOf } from '../../trust/trusted-cluster.ts'
import type { Call, Command } from '../command.ts'
import { outputFlags } from '../shared-flags.ts'
import { askBefore } from './agree.ts'
import { prepareTrust } from './prepare-trust.ts'
import { printFaults } from './print-faults.ts'
import { reportFault } from './report-fault.ts'
import { trustFlags, yesFlag } from './trust-flags.ts'

const flags: typeof trustFlags & typeof yesFlag & typeof outputFlags = { ...trustFlags, ...yesFlag, ...outputFlags }

export const destroy: Command<typeof flags> = {
  summary: 'Take back what trust apply made at the cloud, and only that',
  usage: [
    'trust destroy -f FILE [flags]',
    'trust destroy [flags]   (PROJECT_NUMBER, POOL_ID, PROVIDER_ID, … in the environment)',
  ],
  details: [
    'Removes, of what these documents need: grants that the ConfigMap pullpass-trust holds, and a service account, provider',
    'and pool whose description carries pullpass:… of this cluster. What others made, or still use, stays, and is named.',
    'What the cloud keeps for a while, trust apply brings back. Pull secrets in the cluster stay, until their credentials',
    'expire.',
    '',
    'Example:',
    '  pullpass trust destroy -f artifact-registry.yaml --context prod-1',
  ].join('\n'),
  namespacesStand: 'none: the account stands in the document, as spec.serviceAccountRef',
  life: 'one-shot',
  flags,

  async run(call) {
    const agree = askBefore('trust destroy', call.flags.yes, call)
    return await prepareTrust('trust destroy', call, 'always', async ({ clusters, connections, wanted }) => {
      const ways = { agree, record: openRecord(connections), marks: clusters.map(markOf) }
      const resources = await openTrust(wanted, ways.record, call.outside)
      const removals = await destroyTrust(resources, ways, call.outside)
      await printRemovals(removals, call)
      printFaults(removals, call)
      return removals.every(({ result }) => result !== 'failed' && result !== 'declined') ? 0 : 1
    })
  },
}

async function printRemovals(
  removals: readonly Removal[],
  { flags: { output }, terminal }: Call<typeof flags>,
): Promise<void> {
  if (output !== undefined) {
    const items = removals.map(({ fault, ...removal }) => ({ ...removal, ...reportFault(fault) }))
    terminal.print(await renderStructured({ removals: items }, output))
    return
  }
  const rows = removals.map(({ name, result }): Cell[] => {
    const tone = result === 'failed' || result === 'declined' ? 'bad' : 'good'
    return [{ text: result, tone }, name]
  })
  const notes = removals.flatMap(({ name, note }) => (note === undefined ? [] : [`note: ${name}: ${note}`]))
  const table = renderTable({ header: ['RESULT', 'NAME'], rows }, terminal.color)
  terminal.print([table, ...(notes.length === 0 ? [] : [notes.map(plainLine).join('\n')])].join('\n\n'))
}
