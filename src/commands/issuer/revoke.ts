/** pullpass issuer revoke: a leaked key, out of what is public at once, and never published again. */
import { showValue } from '../../document/show-value.ts'
import { withoutFaults } from '../../errors/pullpass-error.ts'
import type { Context } from '../../http/context.ts'
import type { SubjectToken } from '../../identity/subject-token.ts'
import { connect } from '../../kubernetes/connect.ts'
import type { PublishTarget } from '../../oidc/issuer-documents.ts'
import { openPublicContext } from '../../oidc/public/public-facts.ts'
import { readBack } from '../../publish/confirm.ts'
import { openTarget } from '../../publish/open-target.ts'
import { type Publication, publishDocuments } from '../../publish/publish-documents.ts'
import { type Revoked, revokeKey } from '../../publish/revoke.ts'
import { storeBeside } from '../../publish/serve/served-target.ts'
import { awaitReplicas, servingReplicas } from '../../publish/serve/serving-replicas.ts'
import type { Command } from '../command.ts'
import { type Flag, usageFault } from '../flag.ts'
import { outputFlags } from '../flags.ts'
import { renderResult } from '../output.ts'
import { keyFlags, readKeyFlags, readTargetFlag, refuseUnusedKeyFlags, targetFlag } from './flags.ts'
import { type PublishReport, renderPublication, revokeResult } from './publication-report.ts'

const flags: typeof targetFlag &
  typeof keyFlags &
  typeof outputFlags & {
    readonly yes: Flag & { type: 'boolean' }
    readonly 'dry-run': Flag & { type: 'boolean' }
  } = {
  ...targetFlag,
  yes: { type: 'boolean', summary: 'Revoke the key that signs now, or the only one, though every pull breaks' },
  'dry-run': { type: 'boolean', summary: 'Show what would change, and write nothing' },
  ...outputFlags,
  ...keyFlags,
}

export const revoke: Command<typeof flags> = {
  summary: 'Remove a leaked key from the published JWKS permanently',
  usage: [
    'issuer revoke KID --to TARGET [flags]',
    'issuer revoke --to TARGET [flags] -- KID   (a short KID that begins with -)',
  ],
  details: [
    'Writes the revocation into the ConfigMap that issuer watch remembers keys in, and publishes without the key: neither',
    'watch nor publish nor a refresh brings it back, under whatever kid. Clouds may believe it for as long as they cache.',
    'A key that signs now, or the only one, is not revoked without --yes: from then on every exchange is refused until the',
    'API servers sign with another. To take a revocation back, stop issuer watch, and remove its entry from the ConfigMap.',
    '',
    'With --to serve it is what issuer serve serves in this cluster: its replicas take the key out, and that is waited for.',
    '',
    'Examples:',
    '  pullpass issuer revoke 2ZrNyZx0bVRt-o9JZCWzRj2cEBt1bCPdz2uFUKbXMPg --to gs://example-issuer/cluster-1',
    '  pullpass issuer revoke 2ZrNyZx0bVRt-o9JZCWzRj2cEBt1bCPdz2uFUKbXMPg --to serve',
  ].join('\n'),
  life: 'one-shot',
  flags,
  // One in 64 of the API server's own kids, which are SHA-256 in base64url. No flag is that long.
  dashedPositional: {
    pattern: /^(?:-[A-Za-z0-9_][A-Za-z0-9_-]{18,127}|--[A-Za-z0-9_-]{41})$/,
    hint: 'a KID that begins with "-" after --: pullpass issuer revoke --to TARGET -- KID',
  },

  async run({ flags: given, positionals, context, terminal }) {
    const keyId = readKeyId(positionals)
    const to = readTargetFlag(given.to, 'issuer revoke')
    const wanted = readKeyFlags(given, 'issuer revoke')
    const opened = to === 'serve' ? undefined : await openTarget(to, context)
    if (opened !== undefined) refuseUnusedKeyFlags('issuer revoke', given, ['issuer-url'], opened)
    const cluster = await connect(given, context)
    try {
      const store = storeBeside(wanted.memory)
      const target = opened ?? servingReplicas(cluster, store)
      const publish = async (publication: Publication) =>
        opened === undefined
          ? await awaitReplicas(target, store, publication, context)
          : await publishDocuments(opened, publication)
      const mode = given['dry-run'] ? 'dry-run' : 'write'
      const inUse = given.yes ? 'revoke' : 'refuse'
      const revoked = await revokeKey({ ...wanted, cluster, target, publish, keyId, inUse, mode }, context)
      const report = await confirm(revoked, { target, mode, context })
      terminal.print(
        given.output === undefined
          ? renderPublication(report, terminal.color)
          : await renderResult(revokeResult(report), given.output),
      )
      return report.confirmations.some(({ check, state }) => check !== 'token' && state === 'failed') ? 1 : 0
    } finally {
      await cluster.close()
    }
  },
}

interface Confirm {
  readonly target: Pick<PublishTarget, 'name' | 'publicUrl' | 'facts'>
  readonly mode: 'write' | 'dry-run'
  readonly context: Context
}

async function confirm(
  { issuer, outcome, readings, revocation }: Revoked,
  { target, mode, context }: Confirm,
): Promise<PublishReport & Pick<Revoked, 'revocation'>> {
  const token = async () => tokenToTry(readings, revocation.keyId)
  const confirmations = await readBack(openPublicContext(context), { issuer, target, mode }, outcome, token)
  return { issuer, target, mode, outcome, confirmations, revocation }
}

/** A token of the revoked key verifies no longer: that is what was wanted. */
function tokenToTry(readings: Revoked['readings'], keyId: string): SubjectToken | string {
  const tokens = withoutFaults(readings.map((reading) => reading.token))
  if (tokens.length === 0) return 'not tried: no token was to be had'
  return (
    tokens.find((token) => token.keyId !== keyId) ??
    'the cluster still signs with the revoked key: every exchange is refused until its API servers have another'
  )
}

/** @throws USAGE_INVALID */
function readKeyId([keyId, more]: readonly string[]): string {
  const expected = 'one key, as issuer show names it: pullpass issuer revoke KID --to TARGET'
  if (keyId === undefined) throw usageFault('issuer revoke', 'no KID is given', expected)
  if (more !== undefined) throw usageFault('issuer revoke', `${showValue(more)} stands after the KID`, expected)
  return keyId
}
