/** Flags of what asks every API server for its keys, and what they say. */
import { showValue } from '../../document/show-value.ts'
import type { WatchWanted } from '../../issuer/watch/watch-wanted.ts'
import { PullpassError } from '../../outside/pullpass-error.ts'
import type { Flag, FlagValues } from '../flag.ts'
import { clusterFlags } from '../shared-flags.ts'
import { accountFlag, readAccountFlag } from './account-flag.ts'
import { memoryFlag, readMemoryFlag } from './memory-flag.ts'

export const keyFlags: typeof clusterFlags &
  typeof accountFlag &
  typeof memoryFlag & {
    readonly 'issuer-url': Flag & { type: 'string' }
    readonly replica: Flag & { type: 'string'; multiple: true }
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
  ...accountFlag,
  ...memoryFlag,
  ...clusterFlags,
}

/** @throws USAGE_INVALID */
export function readKeyFlags(
  flags: FlagValues<typeof keyFlags>,
  command: string,
): Pick<WatchWanted, 'issuerUrl' | 'replicas' | 'account' | 'memory'> {
  return {
    issuerUrl: flags['issuer-url'],
    replicas: flags.replica.map(readReplicaUrl),
    account: readAccountFlag(flags['service-account'], command),
    memory: readMemoryFlag(flags.memory, command),
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
