/** pullpass trust plan: what clouds must know for these documents, against what they know. Exits 1 where that cannot be made. */
import { plainLine } from '../../text/plain-text.ts'
import { describeAbsent, findAbsentAccounts } from '../../trust/clusters.ts'
import { observeAll, openResources } from '../../trust/desired.ts'
import { openRecord } from '../../trust/record.ts'
import type { Call, Command, ExitCode } from '../command.ts'
import type { Choice, Flag } from '../flag.ts'
import { printErrors, renderResult } from '../output.ts'
import { readAccepted, replaceFlag, trustFlags } from './flags.ts'
import { type Plan, planResult, renderFindings } from './plan-report.ts'
import { runTrust } from './prepare.ts'

const flags: typeof trustFlags &
  typeof replaceFlag & {
    readonly output: Choice<string>
    readonly 'exit-code': Flag & { readonly type: 'boolean' }
  } = {
  ...trustFlags,
  ...replaceFlag,
  output: {
    type: 'string',
    short: 'o',
    value: 'FORMAT',
    choices: ['json', 'yaml', 'terraform'],
    vendorChoices: (vendors) => Object.values(vendors).flatMap(({ trust }) => trust?.commandLine ?? []),
    summary: 'Print for programs, as commands for what is missing, or as HCL for the whole (default: a table)',
  },
  'exit-code': { type: 'boolean', summary: 'Exit 1 where something is missing, as git diff does' },
}

export const plan: Command<typeof flags> = {
  summary: 'Show the required cloud IAM resources and their changes',
  usage: [
    'trust plan -f FILE [flags]',
    'trust plan [flags]   (PROJECT_NUMBER, POOL_ID, PROVIDER_ID, … in the environment)',
  ],
  details: [
    'Reads all resources that the documents need at their vendors, and changes nothing. What exists and differs is named, and',
    'stays.',
    "The issuer is the cluster's own, or --issuer; what only trust needs stands in the document, as trust. The cloud is",
    'asked with your own credentials, where its own tools find them. Where the account whose token is to be exchanged is',
    'not in the cluster yet, the plan says so; with --issuer no cluster is asked.',
    'With several --context each cluster has a pool of its own, named after its context (--pool-id). A pool in which other',
    'clusters have providers is refused, with the providers: the service accounts of one name in all of them are one',
    'principal. --share-pool accepts that. What needs a refused resource is blocked, and is not created.',
    '',
    'Examples:',
    '  pullpass trust plan -f artifact-registry.yaml',
    '  pullpass trust plan -f artifact-registry.yaml --issuer https://oidc.example.com/prod -o gcloud > trust.sh',
  ].join('\n'),
  namespaceHint: 'none: the account stands in the document, as spec.serviceAccountRef',
  life: 'one-shot',
  flags,

  async run(call) {
    return await runTrust('trust plan', call, 'for its issuer', async (prepared) => {
      const { clusters, connections, needs, wanted } = prepared
      const resources = await openResources(wanted, openRecord(connections), call.context)
      const findings = await observeAll(resources, readAccepted(call.flags))
      const absent = await findAbsentAccounts(needs, clusters)
      await printFindings({ findings, absent, clusters }, call)
      printErrors(findings, call)
      return exitCodeOf({ findings, absent }, call.flags['exit-code'] ? 'counts' : 'does not count')
    })
  },
}

async function printFindings(
  looked: Plan,
  { flags: { output }, context: { vendors }, terminal }: Call<typeof flags>,
): Promise<void> {
  const { findings, absent } = looked
  if (output !== undefined && output !== 'json' && output !== 'yaml') {
    for (const one of absent) terminal.printError(plainLine(`note: ${describeAbsent(one)}`))
  }
  if (output === undefined) {
    terminal.print(renderFindings(looked, terminal.color))
  } else if (output === 'terraform') {
    terminal.print((await import('../../trust/render-terraform.ts')).renderTerraform(findings))
  } else if (output === 'json' || output === 'yaml') {
    terminal.print(await renderResult(planResult(looked), output))
  } else {
    const { renderCommands } = await import('../../trust/render-commands.ts')
    terminal.print(renderCommands(findings.filter(({ vendor }) => vendors[vendor]?.trust?.commandLine === output)))
  }
}

function exitCodeOf(
  { findings, absent }: Pick<Plan, 'findings' | 'absent'>,
  missing: 'counts' | 'does not count',
): ExitCode {
  const failed = findings.some(({ fault }) => fault !== undefined)
  const lacking = missing === 'counts' && (absent.length > 0 || findings.some(({ changes }) => changes.length > 0))
  return failed || lacking ? 1 : 0
}
