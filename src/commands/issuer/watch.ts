/** pullpass issuer watch: keeps the published keys in sync during key rotation, until it is stopped. */
import { openTarget } from '../../publish/open-target.ts'
import { createKeyStateEvents } from '../../publish/watch/alarms.ts'
import { createWatchHealth } from '../../publish/watch/health.ts'
import { watchIssuer } from '../../publish/watch/watch.ts'
import { serveHealth } from '../../server/health.ts'
import type { HttpServer } from '../../server/http-server.ts'
import type { Command } from '../command-line/command.ts'
import {
  connectToWatch,
  readTargetFlag,
  readWatchFlags,
  refuseUnusedKeyFlags,
  targetFlag,
  watchFlags,
} from './flags.ts'
import { announceStart, listenUrl, observeRounds } from './watch-progress.ts'

const flags: typeof targetFlag & typeof watchFlags = { ...targetFlag, ...watchFlags }

export const watch: Command<typeof flags> = {
  usage: ['issuer watch --to TARGET [flags]'],
  details: [
    'Reads the served keys and the signing key of each API server every 15 s, over a separate connection, and publishes',
    'their union. A key stays published for --keep-for after it was last served: at least the longest token lifetime plus',
    'the cache lifetime of verifiers. Failed or incomplete responses remove no key; issuer revoke does. The key state is',
    'stored in a ConfigMap. Alarms are logged, and reported as Events of the ConfigMap and as metrics. deploy/issuer runs',
    'it in the cluster with least privilege.',
    '',
    'Example:',
    '  pullpass issuer watch --to gs://example-issuer/cluster-1 --health-listen 8080',
  ].join('\n'),
  life: 'until-stopped',
  flags,

  async run(call) {
    const { flags: given, context } = call
    const to = readTargetFlag(given.to, 'issuer watch')
    const { config, acceptedCas, healthListen } = readWatchFlags(given, 'issuer watch')
    const target = await openTarget(to, context)
    refuseUnusedKeyFlags('issuer watch', given, ['issuer-url'], target)
    const { cluster, trusted } = await connectToWatch(given, acceptedCas, context, 'issuer watch')
    const events = createKeyStateEvents(cluster, config.keyStateRef, context)
    const health = createWatchHealth('state', context)
    let server: HttpServer | undefined
    const rounds = observeRounds(call, health)
    try {
      server = healthListen && (await serveHealth(healthListen, health.endpoints, context))
      const at = server && healthListen ? listenUrl(healthListen, server.port) : undefined
      announceStart(call, { cluster: cluster.server, target: target.name, keepForMs: config.keepForMs, health: at })
      await watchIssuer({ ...config, cluster, trusted, events, target }, context, rounds)
      return 0
    } finally {
      await rounds.end()
      await server?.close(1_000)
      await cluster.close()
    }
  },
}
