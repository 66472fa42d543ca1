/** pullpass trust apply: makes what clouds must know, one change after another, and waits until it works. */
import type { PullpassError } from '../../errors/pullpass-error.ts'
import { applyTrust, checkRecord } from '../../trust/apply.ts'
import { findAbsentAccounts } from '../../trust/clusters.ts'
import { openResources } from '../../trust/desired.ts'
import type { PreparedTrust } from '../../trust/prepare.ts'
import { listTrials, type VerificationResult, verifyTrust } from '../../trust/prove.ts'
import { noRecord, openRecord } from '../../trust/record.ts'
import type { TrustRecord } from '../../vendors/trust-contract.ts'
import type { Call, Command } from '../command.ts'
import type { Flag } from '../flag.ts'
import { defaultTimeout, outputFlags, readDuration } from '../flags.ts'
import { printErrors } from '../output.ts'
import { isInPlace, printApplied } from './apply-report.ts'
import { confirmChanges, confirmSharing } from './confirm.ts'
import { readAccepted, repeatCommand, replaceFlag, trustFlags, yesFlag } from './flags.ts'
import { runTrust } from './prepare.ts'

const flags: typeof trustFlags &
  typeof replaceFlag &
  typeof yesFlag &
  typeof outputFlags &
  Record<'no-record' | 'no-trial', Flag & { readonly type: 'boolean' }> = {
  ...trustFlags,
  ...replaceFlag,
  ...yesFlag,
  'no-record': {
    type: 'boolean',
    summary: 'Write no ConfigMap of what is granted; pullpass trust destroy then takes no grant back',
  },
  'no-trial': {
    type: 'boolean',
    summary: 'Try no registry at the end: exit code 0 then says that all was made, and not that it works',
  },
  ...outputFlags,
}

export const apply: Command<typeof flags> = {
  summary: 'Create and verify the cloud IAM resources',
  usage: [
    'trust apply -f FILE [flags]',
    'trust apply [flags]   (PROJECT_NUMBER, POOL_ID, PROVIDER_ID, … in the environment)',
  ],
  details: [
    'Makes what pullpass trust plan shows, each change said before it is made, and asked for unless --yes. A run that ended',
    'anywhere is taken up by the next. A condition, mapping or issuer that is there and differs stays, unless --replace',
    'names it; other members of a policy stay always. What is made carries the mark pullpass:… of its cluster, and each grant',
    'is written into the ConfigMap pullpass-trust in the namespace of the account.',
    'With several --context each cluster has a pool of its own. A pool in which other clusters have providers is refused',
    'unless it is confirmed on the terminal or by --share-pool; --yes does not confirm it.',
    'At the end each registry is tried with a real token, for as long as --timeout allows: a new grant takes minutes. Where',
    'none can be had, it exits 1: what was not tried is not proven.',
    '',
    'Examples:',
    '  pullpass trust apply -f artifact-registry.yaml',
    '  pullpass trust apply -f artifact-registry.yaml --context prod-1 --context prod-2 --yes --timeout 10m',
  ].join('\n'),
  namespaceHint: 'none: the account stands in the document, as spec.serviceAccountRef',
  life: 'one-shot',
  flags,

  async run(call) {
    const consent = call.flags.yes ? 'given' : 'to be asked'
    const plan = repeatCommand('trust plan', call.flags, { ...trustFlags, ...replaceFlag })
    const hint = `see first what would change: ${plan}`
    const confirm = confirmChanges({ command: 'trust apply', consent, hint }, call)
    const startedMs = call.context.now().getTime()
    return await runTrust('trust apply', call, 'always', async (prepared) => {
      const { needs, clusters } = prepared
      const record = recordOf(prepared, call)
      const absent = await findAbsentAccounts(needs, clusters)
      const resources = await openResources(prepared.wanted, record, call.context)
      const accepted = await confirmSharing(resources, { given: readAccepted(call.flags), consent }, call)
      await checkRecord(resources, { accepted, record, absent })
      const outcomes = await applyTrust(resources, { accepted, confirm, record }, call.context)
      const proofs = outcomes.every(isInPlace) && !call.flags['no-trial'] ? await prove(prepared, call, startedMs) : []
      await printApplied(outcomes, proofs, call)
      printErrors([...outcomes, ...proofs.map(faultOf)], call)
      call.context.signal.throwIfAborted()
      return outcomes.every(isInPlace) && proofs.every(({ result }) => result === 'works') ? 0 : 1
    })
  },
}

const faultOf = (proof: VerificationResult) => ('fault' in proof ? { fault: proof.fault } : {})

const recordOf = ({ connections }: PreparedTrust, { flags: { 'no-record': none } }: Call<typeof flags>): TrustRecord =>
  none ? noRecord : openRecord(connections)

/** Left to say what was seen, when no time is left to wait. */
const reserveMs = 15_000

async function prove(
  prepared: PreparedTrust,
  call: Call<typeof flags>,
  startedMs: number,
): Promise<VerificationResult[]> {
  const { common, context, terminal } = call
  const wholeMs = readDuration('--timeout', common.timeout ?? defaultTimeout['one-shot'])
  const onWait = (name: string, { code, seen }: PullpassError) => {
    terminal.showProgress(`${name}: ${code}, waiting`)
    context.log('info', 'it does not work yet, and is tried again', { what: name, code, seen })
  }
  const proofs: VerificationResult[] = []
  try {
    for (const trial of await listTrials(prepared.needs, prepared.clusters, context)) {
      const longestMs = wholeMs - reserveMs - (context.now().getTime() - startedMs)
      proofs.push(await verifyTrust(trial, { longestMs, onWait }, context))
    }
  } catch (error) {
    if (!context.signal.aborted) throw error // the run's end is told after what was done
  }
  terminal.showProgress(undefined)
  return proofs
}
