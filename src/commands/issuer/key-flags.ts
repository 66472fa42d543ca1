/** Flags of what asks every API server for its keys, and what they say. */
import { issuerUrl } from '../../document/issuer-rules.ts'
import { showValue } from '../../document/show-value.ts'
import type { PublishTarget } from '../../issuer/documents/publish-target.ts'
import type { WatchWanted } from '../../issuer/watch/watch-wanted.ts'
import { PullpassError } from '../../outside/pullpass-error.ts'
import type { Flag, FlagValues } from '../flag.ts'
import { clusterFlags } from '../shared-flags.ts'
import { usageFault } from '../usage-fault.ts'
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
    rule: issuerUrl,
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

/** `flags`: those that the command has no use for where a target holds keys only. @throws USAGE_INVALID */
export function refuseIdleKeyFlags(
  command: string,
  given: FlagValues<typeof keyFlags>,
  flags: readonly ('issuer-url' | 'service-account')[],
  { name, holds }: Pick<PublishTarget, 'name' | 'holds'>,
): void {
  const idle = holds.includes('discovery') ? undefined : flags.find((flag) => given[flag] !== undefined)
  if (idle === undefined) return
  const why = 'holds keys only: no document there names an issuer, and no token is checked'
  throw usageFault(command, `--${idle} has no effect: ${name} ${why}`, `the command without --${idle}`)
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
