/** pullpass issuer revoke: removes a key from the published JWKS immediately and permanently. */
import { showValue } from '../../document/show-value.ts'
import { withoutFaults } from '../../errors/pullpass-error.ts'
import type { Context } from '../../http/context.ts'
import type { SubjectToken } from '../../identity/subject-token.ts'
import { connect } from '../../kubernetes/connect.ts'
import type { Cluster } from '../../kubernetes/connection/cluster.ts'
import type { PublishTarget } from '../../oidc/issuer-documents.ts'
import { openPublicContext } from '../../oidc/public/public-facts.ts'
import { readBack } from '../../publish/confirm.ts'
import { openTarget } from '../../publish/open-target.ts'
import { issuerToPublish } from '../../publish/publish.ts'
import { publishDocuments } from '../../publish/publish-documents.ts'
import { type Revoked, type RevokeRequest, revokeKey } from '../../publish/revoke.ts'
import { awaitReplicas, servedStoreRef, servingReplicas } from '../../publish/serve/served-target.ts'
import type { VendorContext } from '../../vendors/vendor.ts'
import type { Command } from '../command-line/command.ts'
import { type Flag, usageFault } from '../command-line/flag.ts'
import { outputFlags } from '../command-line/flags.ts'
import { renderResult } from '../command-line/output.ts'
import { keyFlags, readKeyFlags, readTargetFlag, refuseUnusedKeyFlags, targetFlag } from './flags.ts'
import { type PublishReport, renderPublication, revokeResult } from './publication-report.ts'

const flags: typeof targetFlag &
  typeof keyFlags &
  typeof outputFlags & {
    readonly yes: Flag & { type: 'boolean' }
    readonly 'dry-run': Flag & { type: 'boolean' }
  } = {
  to: {
    ...targetFlag.to,
    summary: 'Publish target ("serve": the documents of issuer serve in this cluster)',
  },
  yes: { type: 'boolean', summary: 'Also revoke the current signing key or the only key: every exchange then fails' },
  'dry-run': { type: 'boolean', summary: 'Show the changes without writing' },
  ...outputFlags,
  ...keyFlags,
}

export const revoke: Command<typeof flags> = {
  usage: [
    'issuer revoke KID --to TARGET [flags]',
    'issuer revoke --to TARGET [flags] -- KID   (a short KID that begins with -)',
  ],
  details: [
    'Records the revocation in the key state (--key-state) and publishes the JWKS without the key. Watch, publish and refresh',
    'do not publish it again, under any kid. Clouds accept its tokens until their caches expire.',
    'The current signing key and the only key require --yes: every exchange fails until the API servers sign with another',
    'key. To undo a revocation, stop issuer watch and remove the entry from the ConfigMap.',
    'With --to serve, removes the key from the documents of issuer serve in this cluster, and waits for its replicas.',
    '',
    'Examples:',
    '  pullpass issuer revoke 2ZrNyZx0bVRt-o9JZCWzRj2cEBt1bCPdz2uFUKbXMPg --to gs://example-issuer/cluster-1',
    '  pullpass issuer revoke 2ZrNyZx0bVRt-o9JZCWzRj2cEBt1bCPdz2uFUKbXMPg --to serve',
  ].join('\n'),
  life: 'one-shot',
  flags,
  // One in 64 kids of API servers, which are SHA-256 in base64url. No flag is that long.
  dashedPositional: {
    pattern: /^(?:-[A-Za-z0-9_][A-Za-z0-9_-]{18,127}|--[A-Za-z0-9_-]{41})$/,
    hint: 'KID as an argument, after -- if it begins with "-": pullpass issuer revoke --to TARGET -- KID',
  },

  async run({ flags: given, positionals, context, terminal }) {
    const keyId = readKeyId(positionals)
    const to = readTargetFlag(given.to, 'issuer revoke')
    const config = readKeyFlags(given, 'issuer revoke')
    const opened = to === 'serve' ? undefined : await openTarget(to, context)
    if (opened !== undefined) refuseUnusedKeyFlags('issuer revoke', given, ['issuer-url'], opened)
    const cluster = await connect(given, context)
    try {
      const destination =
        opened === undefined ? servedBy(cluster, config, context) : publishedAt(opened, config, context)
      const mode = given['dry-run'] ? 'dry-run' : 'write'
      const inUse = given.yes ? 'revoke' : 'refuse'
      const revoked = await revokeKey({ ...config, ...destination, cluster, keyId, inUse, mode }, context)
      // Replicas are read at the ConfigMap; their public URL is unknown here.
      const confirmations = opened === undefined ? [] : await confirm(revoked, { target: opened, mode, context })
      const { issuer, outcome, revocation } = revoked
      const { target } = destination
      const report = { issuer, target, mode, outcome, confirmations, revocation } as const
      terminal.print(
        given.output === undefined
          ? renderPublication(report, terminal)
          : await renderResult(revokeResult(report), given.output, context.secrets),
      )
      return report.confirmations.some(({ check, state }) => check !== 'token' && state === 'failed') ? 1 : 0
    } finally {
      await cluster.close()
    }
  },
}

type Destination = Pick<RevokeRequest, 'target' | 'publish' | 'issuerOf'>
type KeyConfig = ReturnType<typeof readKeyFlags>

/** Replicas of issuer serve in this cluster, which check themselves which issuer they serve. */
function servedBy(cluster: Cluster, { issuerUrl, keyStateRef }: KeyConfig, context: Context): Destination {
  const store = servedStoreRef(keyStateRef)
  const target = servingReplicas(cluster, store)
  return {
    target,
    publish: async (publication) => await awaitReplicas(target, store, publication, context),
    issuerOf: (ofCluster) => issuerUrl ?? ofCluster,
  }
}

const publishedAt = (target: PublishTarget, { issuerUrl }: KeyConfig, { vendors }: VendorContext): Destination => ({
  target,
  publish: async (publication) => await publishDocuments(target, publication),
  issuerOf: (ofCluster) => issuerToPublish(issuerUrl, target, ofCluster, vendors),
})

interface Confirm {
  readonly target: Pick<PublishTarget, 'name' | 'publicUrl' | 'facts'>
  readonly mode: 'write' | 'dry-run'
  readonly context: VendorContext
}

async function confirm(
  { issuer, outcome, readings, revocation }: Revoked,
  { target, mode, context }: Confirm,
): Promise<PublishReport['confirmations']> {
  const token = async () => tokenToTry(readings, revocation.keyId)
  return await readBack(openPublicContext(context), { issuer, target, mode }, outcome, token)
}

/** A token of the revoked key must not verify any more, so another one is tried. */
function tokenToTry(readings: Revoked['readings'], keyId: string): SubjectToken | string {
  const tokens = withoutFaults(readings.map((reading) => reading.token))
  if (tokens.length === 0) return 'not tried: the API servers issued no token'
  return (
    tokens.find((token) => token.keyId !== keyId) ??
    'the cluster still signs with the revoked key: every exchange is refused until its API servers have another'
  )
}

/** @throws USAGE_INVALID */
function readKeyId([keyId, more]: readonly string[]): string {
  const expected = 'one kid of issuer show: pullpass issuer revoke KID --to TARGET'
  if (keyId === undefined) throw usageFault('issuer revoke', 'KID is missing', expected)
  if (more !== undefined) throw usageFault('issuer revoke', `unexpected argument ${showValue(more)}`, expected)
  return keyId
}
