/** pullpass issuer serve: serves the issuer metadata from the cluster, behind an Ingress, instead of a bucket. */
import { createServedDocuments } from '../../publish/serve/served-documents.ts'
import { servedStoreRef, servedTarget } from '../../publish/serve/served-target.ts'
import { createKeyStateEvents } from '../../publish/watch/alarms.ts'
import { createWatchHealth } from '../../publish/watch/health.ts'
import { watchIssuer } from '../../publish/watch/watch.ts'
import { serveHealth } from '../../server/health.ts'
import { createRateLimit, type HttpServer, openHttpServer } from '../../server/http-server.ts'
import type { Command } from '../command-line/command.ts'
import type { Flag } from '../command-line/flag.ts'
import { connectToWatch, readListen, readWatchFlags, watchFlags } from './flags.ts'
import { announceStart, listenUrl, observeRounds } from './watch-progress.ts'

const flags: typeof watchFlags & { readonly listen: Flag & { type: 'string' } } = {
  listen: {
    type: 'string',
    value: 'ADDRESS',
    summary: 'Address of the HTTP server: PORT, ADDRESS:PORT or *:PORT (default 8080)',
  },
  ...watchFlags,
}

export const serve: Command<typeof flags> = {
  usage: ['issuer serve [flags]'],
  details: [
    'Serves /.well-known/openid-configuration and /openid/v1/jwks under the path of the issuer, with ETag and',
    'Cache-Control. Reads the keys of all API servers as issuer watch does, keeps them for --keep-for, and omits revoked',
    'keys. The documents are stored in the ConfigMap NAME-served, so that all replicas serve the same after a restart.',
    'deploy/issuer-serve runs two replicas with least privilege. TLS terminates at the Ingress, which must be public at the',
    'URL of the issuer.',
    '',
    'Example:',
    '  pullpass issuer serve --issuer-url https://oidc.example.com/cluster-1 --listen "*:8080" --health-listen "*:8081"',
  ].join('\n'),
  life: 'until-stopped',
  flags,

  async run(call) {
    const { flags: given, context } = call
    const listen = readListen('--listen', given.listen ?? '8080')
    const { config, acceptedCas, healthListen } = readWatchFlags(given, 'issuer serve')
    const { cluster, trusted } = await connectToWatch(given, acceptedCas, context, 'issuer serve')
    const events = createKeyStateEvents(cluster, config.keyStateRef, context)
    const served = createServedDocuments()
    const store = servedStoreRef(config.keyStateRef)
    const target = servedTarget({ cluster, store, issuerUrl: config.issuerUrl, served })
    const opened: HttpServer[] = []
    const health = createWatchHealth('documents', context)
    const rounds = observeRounds(call, health)
    try {
      const server = await openHttpServer({
        listen,
        allow: createRateLimit({ perSecond: 200, burst: 400, now: context.now }), // of requests for other paths
        respond: served.respond,
      })
      opened.push(server)
      const address = listenUrl(listen, server.port)
      context.log('info', 'documents are served', { port: server.port, address })
      if (healthListen !== undefined) opened.push(await serveHealth(healthListen, health.endpoints, context))
      announceStart(call, { cluster: cluster.server, target: address, keepForMs: config.keepForMs })
      const full = { ...config, cluster, trusted, events, target, served, checkIntervalMs: 0 }
      await watchIssuer(full, context, rounds)
      return 0
    } finally {
      await rounds.end()
      await Promise.all(opened.map(async (server) => await server.close(3_000)))
      await cluster.close()
    }
  },
}
