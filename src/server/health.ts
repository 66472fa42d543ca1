/**
 * Health and metrics endpoints of a long-running command: /livez and /readyz with named checks in the form of the API server's
 * own (also one by one: /readyz/NAME), and /metrics for Prometheus, in the format that it accepts.
 * https://kubernetes.io/docs/reference/using-api/health-checks/
 */
import type { Context } from '../http/context.ts'
import { plainLine } from '../text/plain-text.ts'
import { withholdSecrets } from '../text/secret-register.ts'
import { type HttpResponse, type HttpServer, type ListenAddress, openHttpServer, plainResponse } from './http-server.ts'
import { type Metric, metricsContentTypes, metricsFormatFor, renderMetrics } from './metrics.ts'

export interface HealthCheck {
  readonly name: string
  /** Why it fails; undefined if it passes. */
  readonly failure: () => string | undefined
}

export interface HealthEndpoints {
  /** A failure means that the process has to be restarted. */
  readonly live: readonly HealthCheck[]
  /** A failure means that the process does not do its work, or should receive no requests. */
  readonly ready: readonly HealthCheck[]
  /** Shown by /readyz below its checks: warnings that fail none of them. */
  readonly notes?: () => readonly string[]
  readonly metrics: () => readonly Metric[]
}

/** Serves the endpoints until it is closed. @throws USAGE_INVALID if the server cannot listen at the address */
export async function serveHealth(
  listen: ListenAddress,
  endpoints: HealthEndpoints,
  { log, secrets }: Pick<Context, 'log' | 'secrets'>,
): Promise<HttpServer> {
  const server = await openHttpServer({
    listen,
    keepAliveMs: 5_000, // each probe opens its own connection
    respond(path, { accept }) {
      const response = respondHealth(path, endpoints, accept)
      return response && { ...response, text: withholdSecrets(response.text, secrets) }
    },
  })
  log('info', 'serving health and metrics', { port: server.port })
  return server
}

/** Undefined: no endpoint has this path. @internal */
export function respondHealth(path: string, endpoints: HealthEndpoints, accept?: string): HttpResponse | undefined {
  if (path === '/metrics') {
    const format = metricsFormatFor(accept)
    const text = renderMetrics(endpoints.metrics(), format)
    const headers = { 'content-type': metricsContentTypes[format], vary: 'accept', ...noSniff }
    const response = plainResponse(200, '', headers)
    return { ...response, text }
  }
  const [, endpoint, name] = /^\/(livez|readyz)(?:\/([a-z-]{1,63}))?$/.exec(path) ?? []
  if (endpoint === undefined) return undefined
  const checks = endpoint === 'livez' ? endpoints.live : endpoints.ready
  if (name === undefined) return respondChecks(endpoint, checks, endpoint === 'readyz' ? endpoints.notes?.() : [])
  const check = checks.find((one) => one.name === name)
  return check && respondChecks(`${endpoint}/${name}`, [check])
}

const noSniff = { 'x-content-type-options': 'nosniff' }

function respondChecks(endpoint: string, checks: readonly HealthCheck[], notes: readonly string[] = []): HttpResponse {
  const results = checks.map(({ name, failure }) => ({ name, failure: failure() }))
  const isHealthy = results.every(({ failure }) => failure === undefined)
  const lines = [
    ...results.map(({ name, failure }) => (failure === undefined ? `[+]${name} ok` : `[-]${name} failed: ${failure}`)),
    `${endpoint} check ${isHealthy ? 'passed' : 'failed'}`,
    ...notes.slice(0, maxNotes),
    ...(notes.length > maxNotes ? [`and ${notes.length - maxNotes} more, see the log`] : []),
  ]
  const text = lines.map((line) => plainLine(line.slice(0, maxLineLength))).join('\n')
  return plainResponse(isHealthy ? 200 : 503, text, noSniff)
}

/** Notes quote names from other systems: their number and length are limited. */
const maxNotes = 20
const maxLineLength = 1_000
