/** What a command that runs until it is stopped lets people know: that it lives, where it listens, what it does. */
import { isIPv6 } from 'node:net'
import type { Log } from '../../http/context.ts'
import { wholeSeconds } from '../../publish/safe-to-sign.ts'
import type { WatchStatus } from '../../publish/watch/state.ts'
import type { ListenAddress } from '../../server/http-server.ts'
import type { Call } from '../command.ts'
import type { Flags } from '../flag.ts'
import type { outputFlags } from '../flags.ts'
import type { IssuerWatchStatus } from '../output/issuer.ts'
import { instant, overall, renderStreamed } from '../output.ts'

/** To who sits there, whatever the log's level; a log for programs stays one. */
export function printStart({ terminal, common }: Pick<Call<Flags>, 'terminal' | 'common'>, says: string): void {
  if (common['log-format'] === 'json') return
  terminal.notify?.(
    `${says}. It looks every 15 s, until it is stopped (Ctrl-C); alarms are told here, more with --log-level info.`,
  )
}

/** `http://127.0.0.1:8080`; with * for every address. */
export function listenUrl({ host = '*' }: ListenAddress, port: number): string {
  return `http://${isIPv6(host) ? `[${host}]` : host}:${port}`
}

/** A line for the first look, and for each that went otherwise than the one before; of level debug for every other. */
export function logRounds(log: Log): (status: WatchStatus) => void {
  let before = ''
  return ({ issuer = '', rounds, replicas, keys, alarms }) => {
    const went = {
      issuer,
      apiServers: `${replicas.read} of ${replicas.asked}`,
      publicKeys: keys.published,
      alarms: alarms.length,
    }
    const now = JSON.stringify(went)
    log(now === before ? 'debug' : 'info', 'the API servers were looked at', { look: rounds, ...went })
    before = now
  }
}

export interface StatusPrinter {
  readonly print: (status: WatchStatus) => void
  /** After the last status was printed. */
  readonly end: () => Promise<void>
}

/** Prints the status of each round, in order; nothing without -o. */
export function openStatusPrinter({
  flags: { output },
  terminal,
}: Pick<Call<typeof outputFlags>, 'flags' | 'terminal'>): StatusPrinter {
  let printed = Promise.resolve()
  return {
    print: (status) => {
      if (output === undefined) return
      printed = printed.then(async () => terminal.print(await renderStreamed(watchStatus(status), output)))
    },
    end: async () => await printed,
  }
}

function watchStatus(status: WatchStatus): IssuerWatchStatus {
  const { issuer, lookedAt, rounds, replicas, keys, publishedAt, unstoredRounds, safeToSign, alarms } = status
  return {
    kind: 'IssuerWatchStatus',
    result: overall(alarms.length === 0 ? 0 : 1),
    ...(issuer !== undefined && { issuer }),
    round: rounds,
    endedAt: instant(lookedAt),
    apiServers: { known: replicas.asked, read: replicas.read },
    keys: { published: keys.published, recorded: keys.remembered, revoked: keys.revoked },
    ...(publishedAt && { publishedAt: instant(publishedAt) }),
    failedStateRounds: unstoredRounds,
    signingKeys: safeToSign.map(({ keyId, at, signs }) => ({
      kid: keyId,
      safeToSignAt: wholeSeconds(at),
      signing: signs,
    })),
    alarms: alarms.map(({ code, subject, message }) => ({ code, subject, message })),
  }
}
