/** pullpass issuer publish: the cluster's two OIDC documents, brought where clouds read them, and read back. */

import type { NamespacedName } from '../../document/namespaced-name.ts'
import { readClusterIssuer } from '../../issuer/cluster/read-cluster-issuer.ts'
import { knownKeys } from '../../issuer/memory/known-keys.ts'
import { memoryOrNone } from '../../issuer/memory/memory-or-none.ts'
import { mergeUnrevoked } from '../../issuer/memory/merge-unrevoked.ts'
import { confirmPublication } from '../../issuer/publish/confirm-publication.ts'
import { issuerToPublish } from '../../issuer/publish/issuer-to-publish.ts'
import { openTarget } from '../../issuer/publish/open-target.ts'
import { publishDocuments } from '../../issuer/publish/publish-documents.ts'
import type { Cluster } from '../../kubernetes/cluster.ts'
import { connect } from '../../kubernetes/connect.ts'
import { renderStructured } from '../../terminal/render-structured.ts'
import type { Call, Command, ExitCode } from '../command.ts'
import type { Flag } from '../flag.ts'
import { clusterFlags, outputFlags } from '../shared-flags.ts'
import { usageFault } from '../usage-fault.ts'
import { accountFlag, readAccountFlag } from './account-flag.ts'
import { memoryFlag, readMemoryFlag } from './memory-flag.ts'
import { type PublishReport, renderPublication, reportPublication } from './render-publication.ts'
import { tokenOrReason } from './token-or-reason.ts'

const flags: typeof clusterFlags &
  typeof outputFlags &
  typeof accountFlag &
  typeof memoryFlag & {
    readonly to: Flag & { type: 'string' }
    readonly 'issuer-url': Flag & { type: 'string' }
    readonly 'dry-run': Flag & { type: 'boolean' }
    readonly adopt: Flag & { type: 'boolean' }
  } = {
  to: {
    type: 'string',
    value: 'TARGET',
    summary:
      'Where: gs://BUCKET/PATH, s3://BUCKET/PATH, azblob://ACCOUNT/CONTAINER/PATH, gcp-provider:PROVIDER, or a folder',
  },
  'issuer-url': {
    type: 'string',
    value: 'URL',
    summary: "The issuer's public URL (default: where the target is read; for a folder, the cluster's own issuer)",
  },
  ...accountFlag,
  'dry-run': { type: 'boolean', summary: 'Show what would change, and write nothing' },
  adopt: { type: 'boolean', summary: 'Take over documents that another cluster or tool wrote, this once' },
  ...memoryFlag,
  ...outputFlags,
  ...clusterFlags,
}

export const publish: Command<typeof flags> = {
  summary: "Bring the cluster's OIDC documents where clouds read them",
  usage: ['issuer publish --to TARGET [flags]'],
  details: [
    "Reads the cluster's signing keys, writes openid/v1/jwks and then .well-known/openid-configuration to the target, and",
    "reads both back as a stranger at the issuer's URL. Keys that are public already stay (issuer revoke KID removes one).",
    'Credentials for writing are your own: application default credentials, the AWS chain, or Azure’s.',
    "Until the cluster's tokens carry the issuer, their check is pending, and what to set is said.",
    '',
    'Examples:',
    '  pullpass issuer publish --to gs://example-issuer/cluster-1 --dry-run',
    '  pullpass issuer publish --to ./public --issuer-url https://oidc.example.com/cluster-1',
  ].join('\n'),
  life: 'one-shot',
  flags,

  async run(call) {
    const { flags: wanted, outside } = call
    if (wanted.to === undefined)
      throw usageFault('issuer publish', '--to is not given', 'where to publish: --to gs://BUCKET/PATH, or another')
    const account = readAccountFlag(wanted['service-account'], 'issuer publish')
    const place = readMemoryFlag(wanted.memory, 'issuer publish')
    const target = await openTarget(wanted.to, outside)
    const cluster = await connect(wanted, outside)
    try {
      const served = await readClusterIssuer(cluster)
      const issuer = issuerToPublish(wanted['issuer-url'], target, served.issuer)
      const memory = await memoryOrNone(cluster, place, outside.log)
      const mode = wanted['dry-run'] ? 'dry-run' : 'write'
      const outcome = await publishDocuments(target, {
        issuer,
        own: knownKeys(served.keys, memory),
        choose: (published) => mergeUnrevoked(served.keys, memory, published),
        conflictPolicy: wanted.adopt ? 'Adopt' : 'Refuse',
        mode,
      })
      const confirmations =
        mode === 'dry-run' || !target.holds.includes('discovery')
          ? []
          : await confirmPublication(outside, { issuer, target }, outcome, await tokenToTry(cluster, account))
      return await printReport({ issuer, target, mode, outcome, confirmations }, call)
    } finally {
      await cluster.close()
    }
  },
}

/** Without one the check is pending, and says why. */
async function tokenToTry(cluster: Cluster, account: NamespacedName) {
  const token = await tokenOrReason(cluster, account)
  return typeof token === 'string' ? `not tried: ${token}` : token
}

async function printReport(
  report: PublishReport,
  { flags: { output }, terminal }: Call<typeof flags>,
): Promise<ExitCode> {
  terminal.print(
    output === undefined
      ? renderPublication(report, terminal.color)
      : await renderStructured(reportPublication(report), output),
  )
  return report.confirmations.some(({ state }) => state === 'failed') ? 1 : 0
}
