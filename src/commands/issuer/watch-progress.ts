/** What a command that runs until it is stopped lets people know: that it lives, where it listens, what it does. */
import { isIPv6 } from 'node:net'
import type { Log } from '../../http/context.ts'
import type { WatchStatus } from '../../publish/watch/state.ts'
import type { ListenAddress } from '../../server/http-server.ts'
import type { Call } from '../command.ts'
import type { Flags } from '../flag.ts'

/** To who sits there, whatever the log's level; a log for programs stays one. */
export function tellStart({ terminal, common }: Pick<Call<Flags>, 'terminal' | 'common'>, says: string): void {
  if (common['log-format'] === 'json') return
  terminal.tell?.(
    `${says}. It looks every 15 s, until it is stopped (Ctrl-C); alarms are told here, more with --log-level info.`,
  )
}

/** `http://127.0.0.1:8080`; with * for every address. */
export function listensAt({ host = '*' }: ListenAddress, port: number): string {
  return `http://${isIPv6(host) ? `[${host}]` : host}:${port}`
}

/** A line for the first look, and for each that went otherwise than the one before; of level debug for every other. */
export function logLooks(log: Log): (status: WatchStatus) => void {
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
