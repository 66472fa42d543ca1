/** pullpass issuer watch: keeps the published documents true through every rotation of keys, until it is stopped. */
import { openTarget } from '../../publish/open-target.ts'
import { createWatchHealth } from '../../publish/watch/health.ts'
import { createKeyStateEvents } from '../../publish/watch/report-alarms.ts'
import { watchIssuer } from '../../publish/watch/watch.ts'
import { serveHealth } from '../../server/health.ts'
import type { HttpServer } from '../../server/http-server.ts'
import type { Command } from '../command.ts'
import {
  connectToWatch,
  readTargetFlag,
  readWatchFlags,
  refuseUnusedKeyFlags,
  targetFlag,
  watchFlags,
} from './flags.ts'
import { listenUrl, logRounds, openStatusPrinter, printStart, type StatusPrinter } from './watch-progress.ts'

const flags: typeof targetFlag & typeof watchFlags = { ...targetFlag, ...watchFlags }

export const watch: Command<typeof flags> = {
  summary: 'Keep the published keys in sync during key rotation',
  usage: ['issuer watch --to TARGET [flags]'],
  details: [
    'Asks every API server, each 15 s over a connection of its own, which keys it serves and which one signs; publishes',
    'the union of them, and keeps a key for --keep-for after it was last seen: choose the longest life of a token for a',
    'cloud, and what caches add. An answer that is empty, thinner or broken takes no key away; issuer revoke does.',
    'What it knows is remembered in a ConfigMap, so that a restart forgets nothing. What needs somebody is said in the',
    'log, as Events of that ConfigMap, and in the metrics. deploy/issuer runs it in the cluster, with the least rights.',
    '',
    'Example:',
    '  pullpass issuer watch --to gs://example-issuer/cluster-1 --health-listen 8080',
  ].join('\n'),
  life: 'until-stopped',
  flags,

  async run(call) {
    const { flags: given, context } = call
    const to = readTargetFlag(given.to, 'issuer watch')
    const { wanted, acceptedCas, healthListen } = readWatchFlags(given, 'issuer watch')
    const target = await openTarget(to, context)
    refuseUnusedKeyFlags('issuer watch', given, ['issuer-url'], target)
    const { cluster, trusted } = await connectToWatch(given, acceptedCas, context, 'issuer watch')
    const events = createKeyStateEvents(cluster, wanted.memory, context)
    const health = createWatchHealth('state', context)
    let server: HttpServer | undefined
    let printer: StatusPrinter | undefined
    try {
      server = healthListen && (await serveHealth(healthListen, health.endpoints, context))
      const at = server && healthListen ? `; health and metrics at ${listenUrl(healthListen, server.port)}` : ''
      printStart(call, `The cluster's keys are kept public at ${target.name}${at}`)
      const logLook = logRounds(context.log)
      printer = openStatusPrinter(call)
      await watchIssuer({ ...wanted, cluster, trusted, events, target }, context, {
        watchdog: health.watchdog,
        report(status) {
          health.update(status)
          logLook(status)
          printer?.print(status)
        },
      })
      return 0
    } finally {
      await printer?.end()
      await server?.close(1_000)
      await cluster.close()
    }
  },
}
