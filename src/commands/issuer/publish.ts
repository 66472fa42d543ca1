/** pullpass issuer publish: writes the issuer metadata to a publish target, and reads it back anonymously. */
import type { NamespacedName } from '../../document/document.ts'
import { connect } from '../../kubernetes/connect.ts'
import type { Cluster } from '../../kubernetes/connection/cluster.ts'
import { openPublicContext } from '../../oidc/public/public-facts.ts'
import { readBack } from '../../publish/confirm.ts'
import { readKeyState, unknownKeys } from '../../publish/key-state.ts'
import { openTarget } from '../../publish/open-target.ts'
import { issuerToPublish, publishServed } from '../../publish/publish.ts'
import { readServedIssuer } from '../../publish/served-issuer.ts'
import { tokenOrReason } from '../../publish/survey.ts'
import type { Call, Command, ExitCode } from '../command-line/command.ts'
import type { Flag } from '../command-line/flag.ts'
import { outputFlags } from '../command-line/flags.ts'
import { renderResult } from '../command-line/output.ts'
import { keyFlags, readKeyFlags, readTargetFlag, refuseUnusedKeyFlags, targetFlag } from './flags.ts'
import { type PublishReport, publishResult, renderPublication } from './publication-report.ts'

const flags: typeof targetFlag &
  typeof keyFlags &
  typeof outputFlags & {
    readonly 'dry-run': Flag & { type: 'boolean' }
    readonly adopt: Flag & { type: 'boolean' }
  } = {
  ...targetFlag,
  'dry-run': { type: 'boolean', summary: 'Show the changes without writing' },
  adopt: { type: 'boolean', summary: 'Take over documents of another cluster or tool once' },
  ...outputFlags,
  ...keyFlags,
}

export const publish: Command<typeof flags> = {
  usage: ['issuer publish --to TARGET [flags]'],
  details: [
    'Reads the signing keys of every API server, writes openid/v1/jwks and then .well-known/openid-configuration to the',
    'target, and reads both from the URL of the issuer as an anonymous client. Published keys are kept (issuer revoke',
    'removes one); a key that no API server serves or served before causes a warning.',
    "Writes with the operator's credentials, from the same sources as the tools of the vendor.",
    'Until the cluster issues tokens with this issuer, their check is pending, and the settings to change are printed.',
    '',
    'Examples:',
    '  pullpass issuer publish --to gs://example-issuer/cluster-1 --dry-run',
    '  pullpass issuer publish --to ./public --issuer-url https://oidc.example.com/cluster-1',
  ].join('\n'),
  life: 'one-shot',
  flags,

  async run(call) {
    const { flags: given, context } = call
    const to = readTargetFlag(given.to, 'issuer publish')
    const config = readKeyFlags(given, 'issuer publish')
    const target = await openTarget(to, context)
    refuseUnusedKeyFlags('issuer publish', given, ['issuer-url', 'service-account'], target)
    const cluster = await connect(given, context)
    try {
      const served = await readServedIssuer(cluster, config.replicas, context.log)
      const issuer = issuerToPublish(config.issuerUrl, target, served.issuer, context.vendors)
      const keyState = await readKeyState(cluster, config.keyStateRef)
      const mode = given['dry-run'] ? 'dry-run' : 'write'
      const conflictPolicy = given.adopt ? 'Adopt' : 'Refuse'
      const publication = { issuer, served: served.keys, conflictPolicy, mode } as const
      const readAgain = () => readKeyState(cluster, config.keyStateRef)
      const outcome = await publishServed(target, publication, keyState, readAgain)
      const publishedAt = mode === 'write' ? { publishedAt: context.now() } : {}
      const token = async () => await tokenToTry(cluster, config.account)
      const confirmations = await readBack(openPublicContext(context), { issuer, target, mode }, outcome, token)
      const kept = outcome.keys.filter(({ state }) => state === 'kept').map(({ key }) => key)
      const unknown = unknownKeys(kept, served.keys, keyState)
      const report = { issuer, target, mode, outcome, confirmations, unknown, to: given.to, ...publishedAt } as const
      return await printReport(report, call)
    } finally {
      await cluster.close()
    }
  },
}

/** Or the reason why there is none. */
async function tokenToTry(cluster: Cluster, account: NamespacedName) {
  const token = await tokenOrReason(cluster, account)
  return typeof token === 'string' ? `not tried: ${token}` : token
}

async function printReport(
  report: PublishReport,
  { flags: { output }, context, terminal }: Call<typeof flags>,
): Promise<ExitCode> {
  terminal.print(
    output === undefined
      ? renderPublication(report, terminal)
      : await renderResult(publishResult(report), output, context.secrets),
  )
  return report.confirmations.some(({ state }) => state === 'failed') ? 1 : 0
}
