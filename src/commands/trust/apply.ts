/** pullpass trust apply: creates the required cloud resources, one change after another, and verifies the result. */
import { plainLine } from '../../text/plain-text.ts'
import { applyTrust, checkRecord, type StepOutcome } from '../../trust/apply.ts'
import { findAbsentAccounts } from '../../trust/clusters.ts'
import { openResources } from '../../trust/desired.ts'
import { resourceVendor } from '../../trust/needs.ts'
import type { PreparedTrust } from '../../trust/prepare.ts'
import { noRecord, openRecord } from '../../trust/record.ts'
import { listVerifications, type VerificationResult, type VerificationWait, verifyTrust } from '../../trust/verify.ts'
import type { TrustNeed, TrustRecord } from '../../vendors/trust/contract.ts'
import type { Call, Command } from '../command-line/command.ts'
import type { Flag } from '../command-line/flag.ts'
import { defaultTimeout, outputFlags, readDuration } from '../command-line/flags.ts'
import { printErrors } from '../command-line/output.ts'
import { isInPlace, printApplied } from './apply-report.ts'
import { confirmChanges, confirmSharing } from './confirm.ts'
import { readAccepted, repeatCommand, replaceFlag, trustFlags, yesFlag } from './flags.ts'
import { runTrust } from './prepare.ts'

const flags: typeof trustFlags &
  typeof replaceFlag &
  typeof yesFlag &
  typeof outputFlags &
  Record<'no-record' | 'no-verify', Flag & { readonly type: 'boolean' }> = {
  ...trustFlags,
  ...replaceFlag,
  ...yesFlag,
  'no-record': {
    type: 'boolean',
    summary: 'Do not record grants in a ConfigMap; trust destroy then keeps them',
  },
  'no-verify': {
    type: 'boolean',
    summary: 'Do not verify the registries; exit code 0 then means created, not verified',
  },
  ...outputFlags,
}

export const apply: Command<typeof flags> = {
  usage: [
    'trust apply -f FILE [flags]',
    'trust apply [flags]   (PROJECT_NUMBER, POOL_ID, PROVIDER_ID, … in the environment)',
  ],
  details: [
    'Applies the changes of pullpass trust plan, each printed and confirmed first (--yes: without confirmation). A repeated',
    'run continues an interrupted one. A field of an existing resource that differs, such as its issuer, is kept unless',
    '--replace names it. Members of a policy that others added are kept. A service account that the documents no longer',
    'name is reported, and keeps its access or loses it in the next run, by vendor (docs/trust.md); --replace subjects',
    'removes it. Created resources carry the mark pullpass:… of their cluster, and grants are recorded in the',
    'ConfigMap pullpass-trust in the namespace of the service account. With several --context, each cluster has its own',
    'trust domain. One with issuers of other clusters is refused unless it is confirmed on the terminal or by',
    '--share-trust-domain; --yes does not confirm it. Finally, each registry is verified with a real token, repeatedly until',
    '--timeout: a new grant takes minutes. The exit code is 1 if no token is available: the result is not verified.',
    '',
    'Examples:',
    '  pullpass trust apply -f artifact-registry.yaml',
    '  pullpass trust apply -f artifact-registry.yaml --context prod-1 --context prod-2 --yes --timeout 10m',
  ].join('\n'),
  namespaceHint: 'no namespace: the service account is spec.serviceAccountRef of the document',
  life: 'one-shot',
  flags,

  async run(call) {
    const consent = call.flags.yes ? 'given' : 'required'
    const plan = repeatCommand('trust plan', call.flags, { ...trustFlags, ...replaceFlag })
    const hint = `to see the changes first: ${plan}`
    const confirm = confirmChanges({ command: 'trust apply', effect: 'applies', consent, hint }, call)
    const startedMs = call.context.now().getTime()
    return await runTrust('trust apply', call, 'always', async (prepared) => {
      const { needs, clusters } = prepared
      const record = recordOf(prepared, call)
      const absent = await findAbsentAccounts(needs, clusters)
      const resources = openResources(prepared.desired, record, call.context)
      const accepted = await confirmSharing(resources, { given: readAccepted(call.flags), consent }, call)
      await checkRecord(resources, { accepted, record, absent })
      const outcomes = await applyTrust(resources, { accepted, confirm, record }, call.context)
      const verifiable = { clusters, needs: call.flags['no-verify'] ? [] : needsInPlace(needs, outcomes, call.context) }
      const verifications = await verifyAll(verifiable, call, startedMs)
      await printApplied({ outcomes, verifications, skipped: prepared.skipped }, call)
      printErrors([...outcomes, ...verifications.map(faultOf)], call)
      call.context.signal.throwIfAborted()
      return outcomes.every(isInPlace) && verifications.every(({ result }) => result === 'ok') ? 0 : 1
    })
  },
}

/** Of the vendors whose resources are all in place. */
function needsInPlace(
  needs: readonly TrustNeed[],
  outcomes: readonly StepOutcome[],
  { vendors }: Call<typeof flags>['context'],
): TrustNeed[] {
  const failed = new Set(outcomes.filter((outcome) => !isInPlace(outcome)).map(({ vendor }) => vendor))
  return needs.filter(({ registry }) => !failed.has(resourceVendor(registry.vendor, vendors)))
}

const faultOf = (result: VerificationResult) => ('fault' in result ? { fault: result.fault } : {})

const recordOf = ({ connections }: PreparedTrust, { flags: { 'no-record': none } }: Call<typeof flags>): TrustRecord =>
  none ? noRecord : openRecord(connections)

/** A line that is replaced on a terminal; elsewhere one entry of the log for each registry, and further ones at level info. */
function reportWait(
  { name, attempt, fault: { code, seen }, delayMs, leftMs }: VerificationWait,
  { context, terminal }: Pick<Call<typeof flags>, 'context' | 'terminal'>,
): void {
  const seconds = (ms: number) => `${Math.ceil(ms / 1000)} s`
  terminal.showProgress(
    plainLine(`${name}: ${code}; next attempt in ${seconds(delayMs)}, for up to ${seconds(leftMs)}`),
  )
  const level = attempt === 1 && terminal.notify === undefined ? 'warn' : 'info'
  const fields = { what: name, code, seen, longestSeconds: Math.ceil(leftMs / 1000) }
  context.log(level, 'a registry is not accessible yet, and is tried again: a new grant takes minutes', fields)
}

/** Reserved for reporting, at the end of the time limit. */
const reserveMs = 15_000

async function verifyAll(
  { needs, clusters }: Pick<PreparedTrust, 'needs' | 'clusters'>,
  call: Call<typeof flags>,
  startedMs: number,
): Promise<VerificationResult[]> {
  const { common, context, terminal } = call
  const wholeMs = readDuration('--timeout', common.timeout ?? defaultTimeout['one-shot'])
  const onWait = (wait: VerificationWait) => reportWait(wait, call)
  const flagsOf = (cluster: string) => [
    ...(call.flags.kubeconfig === undefined ? [] : ['--kubeconfig', call.flags.kubeconfig]),
    ...(call.flags.context.includes(cluster) ? ['--context', cluster] : []),
  ]
  const verifications: VerificationResult[] = []
  try {
    for (const verification of await listVerifications(needs, clusters, context, flagsOf)) {
      const longestMs = wholeMs - reserveMs - (context.now().getTime() - startedMs)
      verifications.push(await verifyTrust(verification, { longestMs, onWait }, context))
    }
  } catch (error) {
    if (!context.signal.aborted) throw error // the end of the run is reported after the results
  }
  terminal.showProgress(undefined)
  return verifications
}
