/** Flags of commands that keep watching the cluster's keys, and the connection that they watch over. */
import { showValue } from '../../document/show-value.ts'
import type { ListenAddress } from '../../issuer/serve/open-http-server.ts'
import { pinAuthorities } from '../../issuer/watch/authorities.ts'
import type { WatchWanted } from '../../issuer/watch/watch-wanted.ts'
import type { Cluster } from '../../kubernetes/cluster.ts'
import { connect } from '../../kubernetes/connect.ts'
import type { Outside } from '../../outside/outside.ts'
import { PullpassError } from '../../outside/pullpass-error.ts'
import type { Flag, FlagValues } from '../flag.ts'
import { readDuration } from '../read-duration.ts'
import { usageFault } from '../usage-fault.ts'
import { keyFlags, readKeyFlags } from './key-flags.ts'
import { readListen } from './read-listen.ts'

type Texts = Flag & { type: 'string'; multiple: true }

export const watchFlags: typeof keyFlags & {
  readonly 'keep-for': Flag & { type: 'string' }
  readonly 'health-listen': Flag & { type: 'string' }
  readonly 'accept-key': Texts
  readonly 'accept-ca': Texts
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
  'accept-key': {
    type: 'string',
    multiple: true,
    value: 'THUMBPRINT',
    summary: 'Publish this key although only an unknown API server serves it, repeatable (RFC 7638 thumbprint)',
  },
  'accept-ca': {
    type: 'string',
    multiple: true,
    value: 'FINGERPRINT',
    summary: 'Believe only API servers of these CAs, repeatable (SHA-256; default: those recorded at the first start)',
  },
  ...keyFlags,
}

export interface WatchFlags {
  readonly wanted: Omit<WatchWanted, 'cluster' | 'target' | 'trusted'>
  readonly acceptedCas: readonly string[]
  readonly healthListen: ListenAddress | undefined
}

/** @throws USAGE_INVALID */
export function readWatchFlags(flags: FlagValues<typeof watchFlags>, command: string): WatchFlags {
  const { 'keep-for': keepFor = '48h', 'health-listen': listen } = flags
  return {
    wanted: {
      ...readKeyFlags(flags, command),
      keepForMs: readDuration('--keep-for', keepFor),
      acceptedKeys: flags['accept-key'].map(readThumbprint),
    },
    acceptedCas: flags['accept-ca'].map(readFingerprint),
    healthListen: listen === undefined ? undefined : readListen('--health-listen', listen),
  }
}

/** With the authorities of now, until the process ends. @throws USAGE_INVALID, and what connecting throws */
export async function connectToWatch(
  flags: FlagValues<typeof watchFlags>,
  acceptedCas: readonly string[],
  outside: Outside,
  command: string,
): Promise<{ readonly cluster: Cluster } & Pick<WatchWanted, 'trusted'>> {
  const { cluster, pinned } = await pinAuthorities(await connect(flags, outside))
  if (acceptedCas.length === 0 || pinned.length > 0) return { cluster, trusted: { pinned, accepted: acceptedCas } }
  await cluster.close()
  throw usageFault(command, '--accept-ca is given, and the cluster names no certificate authority', 'one, in PEM')
}

function readThumbprint(text: string): string {
  if (/^[\w-]{43}$/.test(text)) return text
  throw invalid(
    '--accept-key',
    text,
    'the RFC 7638 thumbprint of a key, 43 characters, as the alarm KeyUnconfirmed prints it',
  )
}

/** With or without colons, in either case: as openssl and the alarm print it. */
function readFingerprint(text: string): string {
  const digits = text.replaceAll(':', '').toUpperCase()
  if (/^[0-9A-F]{64}$/.test(digits)) return digits.replaceAll(/(..)(?!$)/g, '$1:')
  throw invalid('--accept-ca', text, 'the SHA-256 fingerprint of a CA certificate: 64 hexadecimal digits')
}

const invalid = (flag: string, text: string, expected: string) =>
  new PullpassError({
    code: 'USAGE_INVALID',
    hop: 'run',
    seen: `${flag} is ${showValue(text)}`,
    expected,
    hint:
      flag === '--accept-ca'
        ? 'openssl x509 -in ca.crt -noout -fingerprint -sha256 prints it'
        : 'copy it from the alarm',
  })
