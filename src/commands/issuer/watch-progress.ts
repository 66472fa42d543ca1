/** Messages, log lines and results of issuer watch and issuer serve. */
import { isIPv6 } from 'node:net'
import type { Log } from '../../http/context.ts'
import { cacheSeconds } from '../../oidc/issuer-documents.ts'
import { wholeSeconds } from '../../publish/safe-to-sign.ts'
import type { WatchHealth } from '../../publish/watch/health.ts'
import type { RoundObserver } from '../../publish/watch/watch.ts'
import type { WatchStatus } from '../../publish/watch/watch-config.ts'
import type { ListenAddress } from '../../server/http-server.ts'
import { shortDuration } from '../../text/time.ts'
import type { Call } from '../command-line/command.ts'
import type { Flags } from '../command-line/flag.ts'
import type { outputFlags } from '../command-line/flags.ts'
import { errorDetail, instant, overall, renderStreamed } from '../command-line/output.ts'
import type { IssuerWatchStatus } from '../output/issuer.ts'

export interface WatchStart {
  /** URL of the API server. */
  readonly cluster: string
  /** Where the documents are published or served. */
  readonly target: string
  readonly keepForMs: number
  /** URL of the health checks, if they are served. */
  readonly health?: string | undefined
}

/** One line: a sentence on a terminal, elsewhere a log message. */
export function announceStart(
  { terminal, common, context: { log } }: Pick<Call<Flags>, 'terminal' | 'common' | 'context'>,
  { cluster, target, keepForMs, health }: WatchStart,
): void {
  const keepFor = shortDuration(keepForMs)
  if (terminal.notify === undefined || common['log-format'] === 'json') {
    log('info', 'the watch of the issuer started', { cluster, target, keepFor, ...(health && { health }) })
  } else {
    const at = health === undefined ? '' : `; health and metrics at ${health}`
    terminal.notify(
      `Watching the keys of ${cluster}, published at ${target} until ${keepFor} after they were last served${at}. Reads every 15 s until stopped (Ctrl-C); --log-level warn logs alarms only.`,
    )
  }
  if (keepForMs < longestTokenMs + cacheSeconds * 1000) {
    log('warn', 'a key is withdrawn while tokens signed by it are still valid: --keep-for is too short', {
      keepFor,
      atLeast: `${longestTokenMs / 3_600_000}h plus ${cacheSeconds}s, the max-age of the JWKS`,
    })
  }
}

/** The longest lifetime of a token that clouds accept. */
const longestTokenMs = 24 * 3_600_000

/** `http://127.0.0.1:8080`; with * for every address. */
export function listenUrl({ host = '*' }: ListenAddress, port: number): string {
  return `http://${isIPv6(host) ? `[${host}]` : host}:${port}`
}

/** One line for the first round, and for each round with another result; other rounds are logged at level debug. */
function logRounds(log: Log): (status: WatchStatus) => void {
  let before = ''
  return ({ issuer = '', rounds, replicas, keys, alarms }) => {
    const went = {
      issuer,
      apiServers: `${replicas.read} of ${replicas.queried}`,
      publicKeys: keys.published,
      alarms: alarms.length,
    }
    const now = JSON.stringify(went)
    log(now === before ? 'debug' : 'info', 'the API servers were read', { round: rounds, ...went })
    before = now
  }
}

/** The observer of a watch's rounds: their health, log and results. */
export function observeRounds(
  call: Pick<Call<typeof outputFlags>, 'flags' | 'context' | 'terminal'>,
  health: WatchHealth,
): RoundObserver & Pick<StatusPrinter, 'end'> {
  const logRound = logRounds(call.context.log)
  const printer = openStatusPrinter(call)
  return {
    watchdog: health.watchdog,
    report(status) {
      health.update(status)
      logRound(status)
      printer.print(status)
    },
    end: printer.end,
  }
}

interface StatusPrinter {
  readonly print: (status: WatchStatus) => void
  /** Resolves when the last status was printed. */
  readonly end: () => Promise<void>
}

/** Prints the status of each round, in order; nothing without -o. */
function openStatusPrinter({
  flags: { output },
  context: { secrets },
  terminal,
}: Pick<Call<typeof outputFlags>, 'flags' | 'context' | 'terminal'>): StatusPrinter {
  let printed = Promise.resolve()
  return {
    print: (status) => {
      if (output === undefined) return
      const text = renderStreamed(watchStatus(status), output, secrets)
      printed = printed.then(async () => terminal.print(await text))
    },
    end: async () => await printed,
  }
}

function watchStatus(status: WatchStatus): IssuerWatchStatus {
  const { issuer, finishedAt, rounds, replicas, keys, publishedAt, unstoredRounds, safeToSign, alarms } = status
  return {
    kind: 'IssuerWatchStatus',
    result: overall(alarms.length === 0 ? 0 : 1),
    ...(issuer !== undefined && { issuer }),
    round: rounds,
    endedAt: instant(finishedAt),
    apiServers: replicas,
    keys: { published: keys.published, recorded: keys.recorded, revoked: keys.revoked },
    ...(publishedAt && { publishedAt: instant(publishedAt) }),
    failedStateRounds: unstoredRounds,
    signingKeys: safeToSign.map(({ keyId, at, signs }) => ({
      kid: keyId,
      safeToSignAt: wholeSeconds(at),
      signing: signs,
    })),
    alarms: alarms.map(({ subject, cause, ...facts }) => ({
      ...errorDetail(facts),
      subject,
      ...(cause && { causedBy: { hop: cause.hop, code: cause.code } }),
    })),
  }
}
