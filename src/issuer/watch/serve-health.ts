/** Serves a watch's health and metrics until it is closed. */
import type { Outside } from '../../outside/outside.ts'
import { withholdSecrets } from '../../outside/secret-register.ts'
import { type HttpServer, type ListenAddress, openHttpServer } from '../serve/open-http-server.ts'
import { answerHealth, type Readiness } from './answer-health.ts'
import type { WatchStatus } from './watch-status.ts'

/** `status` is called for each request. @throws USAGE_INVALID if the address cannot be listened at */
export async function serveHealth(
  listen: ListenAddress,
  { status, readiness }: { readonly status: () => WatchStatus | undefined; readonly readiness: Readiness },
  { now, log, secrets }: Pick<Outside, 'now' | 'log' | 'secrets'>,
): Promise<HttpServer> {
  const startedAt = now()
  const server = await openHttpServer({
    listen,
    keepAliveMs: 5_000, // a probe comes by a connection of its own
    answer(path) {
      const answer = answerHealth(path, status(), { now: now(), startedAt, readiness })
      if (answer === undefined) return undefined
      const headers = {
        'content-type': answer.contentType,
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
      }
      return { status: answer.status, headers, text: withholdSecrets(answer.text, secrets) }
    },
  })
  log('info', 'health is served', { port: server.port })
  return server
}
