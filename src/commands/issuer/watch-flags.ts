/** Flags of what watches the cluster's keys, and what they say. */

import { showValue } from '../../document/show-value.ts'
import type { WatchWanted } from '../../issuer/watch/watch-wanted.ts'
import { PullpassError } from '../../outside/pullpass-error.ts'
import type { Flag, FlagValues } from '../flag.ts'
import { parseNamespacedName } from '../parse-namespaced-name.ts'
import { readDuration } from '../read-duration.ts'
import { clusterFlags } from '../shared-flags.ts'
import { memoryFlag, readMemoryFlag } from './memory-flag.ts'

export const watchFlags: typeof clusterFlags &
  typeof memoryFlag & {
    readonly 'issuer-url': Flag & { type: 'string' }
    readonly replica: Flag & { type: 'string'; multiple: true }
    readonly 'keep-for': Flag & { type: 'string' }
    readonly 'service-account': Flag & { type: 'string' }
    readonly 'health-listen': Flag & { type: 'string' }
  } = {
  'issuer-url': {
    type: 'string',
    value: 'URL',
    summary: "The issuer's public URL (default: where the target is read, or else the cluster's own issuer)",
  },
  replica: {
    type: 'string',
    multiple: true,
    value: 'URL',
    summary: 'An API server to ask, repeatable (default: all that EndpointSlice kubernetes lists)',
  },
  'keep-for': {
    type: 'string',
    value: 'DURATION',
    summary: 'How long a key stays public after it was last seen (default 48h)',
  },
  'service-account': {
    type: 'string',
    value: 'NAMESPACE/NAME',
    summary: 'Whose token is requested, for nobody, to see which key signs (default default/default)',
  },
  ...memoryFlag,
  'health-listen': {
    type: 'string',
    value: 'ADDRESS',
    summary: 'Serve /healthz, /readyz and /metrics: a port, or ADDRESS:PORT, *:PORT for every address',
  },
  ...clusterFlags,
}

/** @throws USAGE_INVALID */
export function readWatchFlags(
  flags: FlagValues<typeof watchFlags>,
  command: string,
): Omit<WatchWanted, 'cluster' | 'target'> {
  return {
    issuerUrl: flags['issuer-url'],
    replicas: flags.replica.map(readReplicaUrl),
    account: parseNamespacedName(flags['service-account'] ?? 'default/default', 'service account', command),
    memory: readMemoryFlag(flags.memory, command),
    keepForMs: readDuration('--keep-for', flags['keep-for'] ?? '48h'),
  }
}

function readReplicaUrl(text: string): URL {
  const url = URL.parse(text)
  const isBare = url !== null && url.username === '' && url.password === '' && url.search === '' && url.hash === ''
  if (isBare && url.protocol === 'https:') return url
  throw new PullpassError({
    code: 'USAGE_INVALID',
    hop: 'run',
    seen: `--replica is ${showValue(text)}`,
    expected: 'the URL of one API server: https://10.0.0.1:6443',
    hint: 'kubectl get endpointslices -n default -l kubernetes.io/service-name=kubernetes shows them',
  })
}
