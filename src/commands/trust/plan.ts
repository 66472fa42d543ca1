/** pullpass trust plan: what clouds must know for these documents, against what they know. Exits 1 where that cannot be made. */

import type { Finding } from '../../trust/finding.ts'
import { replaceable } from '../../trust/finding.ts'
import { lookAtAll } from '../../trust/look-at-all.ts'
import { openTrust } from '../../trust/open-trust.ts'
import { openRecord } from '../../trust/trust-record.ts'
import { commandLines } from '../../trust/trust-vendors.ts'
import type { Call, Command, ExitCode } from '../command.ts'
import type { Choice, Flag } from '../flag.ts'
import { prepareTrust } from './prepare-trust.ts'
import { printFaults } from './print-faults.ts'
import { renderFindings } from './render-findings.ts'
import { reportFindings } from './report-findings.ts'
import { replaceFlag, trustFlags } from './trust-flags.ts'

const flags: typeof trustFlags &
  typeof replaceFlag & {
    readonly output: Choice<'json' | 'yaml' | 'terraform' | (typeof commandLines)[keyof typeof commandLines]>
    readonly 'exit-code': Flag & { readonly type: 'boolean' }
  } = {
  ...trustFlags,
  ...replaceFlag,
  output: {
    type: 'string',
    short: 'o',
    value: 'FORMAT',
    choices: ['json', 'yaml', ...Object.values(commandLines), 'terraform'],
    summary: 'Print for programs, as commands for what is missing, or as HCL for the whole (default: a table)',
  },
  'exit-code': { type: 'boolean', summary: 'Exit 1 where something is missing, as git diff does' },
}

export const plan: Command<typeof flags> = {
  summary: 'Show what the cloud must know for a document, against what it knows',
  usage: [
    'trust plan -f FILE [flags]',
    'trust plan [flags]   (PROJECT_NUMBER, POOL_ID, PROVIDER_ID, … in the environment)',
  ],
  details: [
    'Looks at the pool, the provider, the service account and the two grants that the documents need, and changes nothing.',
    "The issuer is the cluster's own, or --issuer; what only trust needs stands in the document, as trust. The cloud is",
    'asked with your own credentials, where its own tools find them. What is there and differs is named and stays.',
    'With several --context there is one pool, and a provider for each cluster, with an id made of the context’s name.',
    '',
    'Examples:',
    '  pullpass trust plan -f artifact-registry.yaml',
    '  pullpass trust plan -f artifact-registry.yaml --issuer https://oidc.example.com/prod -o gcloud > trust.sh',
  ].join('\n'),
  namespacesStand: 'none: the account stands in the document, as spec.serviceAccountRef',
  life: 'one-shot',
  flags,

  async run(call) {
    return await prepareTrust('trust plan', call, 'for its issuer', async ({ clusters, connections, wanted }) => {
      const replace = replaceable.filter((field) => call.flags.replace.includes(field))
      const resources = await openTrust(wanted, openRecord(connections), call.outside)
      const findings = await lookAtAll(resources, replace)
      await printFindings(findings, clusters, call)
      printFaults(findings, call)
      return exitCodeOf(findings, call.flags['exit-code'] ? 'counts' : 'does not count')
    })
  },
}

async function printFindings(
  findings: readonly Finding[],
  clusters: Parameters<typeof renderFindings>[1],
  { flags: { output }, terminal }: Call<typeof flags>,
): Promise<void> {
  if (output === undefined) {
    terminal.print(renderFindings(findings, clusters, terminal.color))
  } else if (output === 'terraform') {
    terminal.print((await import('../../trust/render-terraform.ts')).renderTerraform(findings))
  } else if (output === 'json' || output === 'yaml') {
    const { renderStructured } = await import('../../terminal/render-structured.ts')
    terminal.print(await renderStructured(reportFindings(findings, clusters), output))
  } else {
    const { renderCommands } = await import('../../trust/render-commands.ts')
    terminal.print(renderCommands(findings.filter(({ vendor }) => commandLines[vendor] === output)))
  }
}

function exitCodeOf(findings: readonly Finding[], missing: 'counts' | 'does not count'): ExitCode {
  const failed = findings.some(({ fault }) => fault !== undefined)
  const lacking = missing === 'counts' && findings.some(({ changes }) => changes.length > 0)
  return failed || lacking ? 1 : 0
}
