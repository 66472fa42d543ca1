/** pullpass trust plan: compares the required cloud resources with the existing ones. Exits 1 if they cannot be created. */
import { commandInCluster } from '../../terminal/render-error.ts'
import { plainLine } from '../../text/plain-text.ts'
import { describeAbsent, findAbsentAccounts } from '../../trust/clusters.ts'
import { observeAll, openResources } from '../../trust/desired.ts'
import { describeSkipped } from '../../trust/needs.ts'
import { openRecord } from '../../trust/record.ts'
import type { TrustFinding } from '../../vendors/trust/contract.ts'
import type { Vendors } from '../../vendors/vendor.ts'
import type { Call, Command, ExitCode } from '../command-line/command.ts'
import type { Choice, Flag } from '../command-line/flag.ts'
import { clusterWords } from '../command-line/flags.ts'
import { printErrors, renderResult } from '../command-line/output.ts'
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
    vendorChoices: (vendors) => [...new Set(Object.values(vendors).flatMap(({ trust }) => trust?.commandLine ?? []))],
    summary: 'Output format: a table (default), commands for the changes, or HCL for all resources',
  },
  'exit-code': { type: 'boolean', summary: 'Exit 1 if there are changes, as git diff does' },
}

export const plan: Command<typeof flags> = {
  usage: [
    'trust plan -f FILE [flags]',
    'trust plan [flags]   (PROJECT_NUMBER, POOL_ID, PROVIDER_ID, … in the environment)',
  ],
  details: [
    'Reads the resources that the documents require at their clouds, without changes. Resources that exist and differ are',
    'kept and reported. The issuer is that of the cluster, or --issuer; further settings are in the document, under trust.',
    "Uses the operator's credentials, from the same sources as the tools of the cloud. Missing service accounts of the",
    'cluster are reported; with --issuer no cluster is contacted. With several --context, each cluster has its own trust',
    'domain (such as an identity pool), named after the context (--trust-domain-id). A trust domain with issuers of other',
    'clusters is refused: service accounts of the same name in these clusters would be one principal (--share-trust-domain',
    'accepts this). Resources that require a refused one are blocked.',
    '',
    'Examples:',
    '  pullpass trust plan -f artifact-registry.yaml',
    '  pullpass trust plan -f artifact-registry.yaml --issuer https://oidc.example.com/prod -o gcloud > trust.sh',
  ].join('\n'),
  namespaceHint: 'no namespace: the service account is spec.serviceAccountRef of the document',
  life: 'one-shot',
  flags,

  async run(call) {
    return await runTrust('trust plan', call, 'for its issuer', async (prepared) => {
      const { clusters, connections, needs, desired, skipped } = prepared
      const resources = openResources(desired, openRecord(connections), call.context)
      const findings = await observeAll(resources, readAccepted(call.flags))
      const { kubeconfig, context: contexts } = call.flags
      const absent = (await findAbsentAccounts(needs, clusters)).map((one) => {
        const words = clusterWords({ kubeconfig, context: contexts.filter((name) => name === one.cluster) })
        return { ...one, command: commandInCluster(one.command, words) }
      })
      await printFindings({ findings, absent, clusters, skipped }, call)
      printErrors(findings, call)
      return exitCodeOf({ findings, absent }, call.flags['exit-code'] ? 'counts' : 'does not count')
    })
  },
}

async function printFindings(
  found: Plan,
  { flags: { output }, context: { secrets, vendors }, terminal }: Call<typeof flags>,
): Promise<void> {
  const { findings, absent, skipped } = found
  if (output !== undefined && output !== 'json' && output !== 'yaml') {
    const notes = [
      ...absent.map(describeAbsent),
      ...skipped.map(describeSkipped),
      ...otherTools(findings, output, vendors),
    ]
    for (const note of notes) terminal.printError(plainLine(`note: ${note}`))
  }
  if (output === undefined) {
    terminal.print(renderFindings(found, terminal))
  } else if (output === 'terraform') {
    terminal.print((await import('../../trust/render-plan.ts')).renderTerraform(findings))
  } else if (output === 'json' || output === 'yaml') {
    terminal.print(await renderResult(planResult(found), output, secrets))
  } else {
    const { renderCommands } = await import('../../trust/render-plan.ts')
    terminal.print(renderCommands(findings.filter(isOf(output, vendors))))
  }
}

const isOf =
  (tool: string, vendors: Vendors) =>
  ({ vendor }: Pick<TrustFinding, 'vendor'>) =>
    vendors[vendor]?.trust?.commandLine === tool

/** Vendors of the documents whose resources a script for one tool does not contain. */
function otherTools(findings: readonly TrustFinding[], output: string, vendors: Vendors): string[] {
  if (output === 'terraform') return []
  const others = new Set(findings.filter((finding) => !isOf(output, vendors)(finding)).map(({ vendor }) => vendor))
  return [...others].map((vendor) => {
    const { title = vendor, trust } = vendors[vendor] ?? {}
    return `resources at ${title} are not in these commands: trust plan -o ${trust?.commandLine}`
  })
}

function exitCodeOf(
  { findings, absent }: Pick<Plan, 'findings' | 'absent'>,
  missing: 'counts' | 'does not count',
): ExitCode {
  const failed = findings.some(({ fault }) => fault !== undefined)
  const lacking = missing === 'counts' && (absent.length > 0 || findings.some(({ changes }) => changes.length > 0))
  return failed || lacking ? 1 : 0
}
