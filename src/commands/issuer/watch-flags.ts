/** Flags of what keeps watching the cluster's keys, and what they say. */
import type { ListenAddress } from '../../issuer/serve/open-http-server.ts'
import type { WatchWanted } from '../../issuer/watch/watch-wanted.ts'
import type { Flag, FlagValues } from '../flag.ts'
import { readDuration } from '../read-duration.ts'
import { keyFlags, readKeyFlags } from './key-flags.ts'
import { readListen } from './read-listen.ts'

export const watchFlags: typeof keyFlags & {
  readonly 'keep-for': Flag & { type: 'string' }
  readonly 'health-listen': Flag & { type: 'string' }
} = {
  'keep-for': {
    type: 'string',
    value: 'DURATION',
    summary: 'How long a key stays public after it was last seen (default 48h)',
  },
  'health-listen': {
    type: 'string',
    value: 'ADDRESS',
    summary: 'Serve /healthz, /readyz and /metrics: a port, or ADDRESS:PORT, *:PORT for every address',
  },
  ...keyFlags,
}

export interface WatchFlags {
  readonly wanted: Omit<WatchWanted, 'cluster' | 'target'>
  readonly healthListen: ListenAddress | undefined
}

/** @throws USAGE_INVALID */
export function readWatchFlags(flags: FlagValues<typeof watchFlags>, command: string): WatchFlags {
  const { 'keep-for': keepFor = '48h', 'health-listen': listen } = flags
  return {
    wanted: { ...readKeyFlags(flags, command), keepForMs: readDuration('--keep-for', keepFor) },
    healthListen: listen === undefined ? undefined : readListen('--health-listen', listen),
  }
}
