/** The flag that says whose token is requested to look at what the cluster signs. */

import { isIP } from 'node:net'
import { issuerMemory, type NamespacedName } from '../../document/document.ts'
import { issuerUrl } from '../../document/field-rules.ts'
import { showValue } from '../../document/show-value.ts'
import { PullpassError } from '../../errors/pullpass-error.ts'
import type { Context } from '../../http/context.ts'
import { connect } from '../../kubernetes/connect.ts'
import type { Cluster } from '../../kubernetes/connection/cluster.ts'
import type { PublishTarget } from '../../oidc/issuer-documents.ts'
import { pinAuthorities } from '../../publish/watch/authorities.ts'
import type { WatchConfig } from '../../publish/watch/state.ts'
import type { ListenAddress } from '../../server/http-server.ts'
import { targetForms } from '../../vendors/target.ts'
import { type Flag, type FlagValues, usageFault } from '../flag.ts'
import { clusterFlags, outputFlags, parseNamespacedName, readDuration } from '../flags.ts'

export const accountFlag: { readonly 'service-account': Flag & { type: 'string' } } = {
  'service-account': {
    type: 'string',
    value: 'NAMESPACE/NAME',
    summary: 'Whose token is requested, for nobody, to see its issuer and key (default default/default)',
  },
}

/** @throws USAGE_INVALID */
export const readAccountFlag = (value: string | undefined, command: string): NamespacedName =>
  parseNamespacedName(value ?? 'default/default', 'service account', command)

/** The flag that says which ConfigMap remembers the issuer's keys. */
export const memoryFlag: { readonly memory: Flag & { type: 'string' } } = {
  memory: {
    type: 'string',
    value: 'NAMESPACE/NAME',
    summary: 'ConfigMap that remembers keys (default pullpass-system/pullpass-issuer)',
  },
}

/** @throws USAGE_INVALID */
export const readMemoryFlag = (value: string | undefined, command: string): NamespacedName =>
  value === undefined ? issuerMemory : parseNamespacedName(value, 'ConfigMap', command)

/** Flags of what asks every API server for its keys, and what they say. */
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
): Pick<WatchConfig, 'issuerUrl' | 'replicas' | 'account' | 'memory'> {
  return {
    issuerUrl: flags['issuer-url'],
    replicas: flags.replica.map(readReplicaUrl),
    account: readAccountFlag(flags['service-account'], command),
    memory: readMemoryFlag(flags.memory, command),
  }
}

/** `flags`: those that the command has no use for where a target holds keys only. @throws USAGE_INVALID */
export function refuseUnusedKeyFlags(
  command: string,
  given: FlagValues<typeof keyFlags>,
  flags: readonly ('issuer-url' | 'service-account')[],
  { name, facts }: Pick<PublishTarget, 'name' | 'facts'>,
): void {
  const idle = facts.publishes === 'documents' ? undefined : flags.find((flag) => given[flag] !== undefined)
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

/** The flag that says where an issuer's documents are public. */
export const targetFlag: { readonly to: Flag & { type: 'string' } } = {
  to: {
    type: 'string',
    value: 'TARGET',
    summary: 'Where to publish',
    vendorSummary: targetForms,
  },
}

/** `command`: `issuer watch`. @throws USAGE_INVALID where it is not given */
export function readTargetFlag(to: string | undefined, command: string): string {
  if (to !== undefined) return to
  throw usageFault(command, '--to is not given', 'where the documents are public: --to TARGET')
}

/** Flags of commands that keep watching the cluster's keys, and the connection that they watch over. */
type Texts = Flag & { type: 'string'; multiple: true }

export const watchFlags: typeof keyFlags &
  typeof outputFlags & {
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
    summary: 'Serve /livez, /readyz and /metrics: a port, or ADDRESS:PORT, *:PORT for every address',
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
  output: { ...outputFlags.output, summary: 'Print the status of each round: a line of JSON, or a YAML document' },
  ...keyFlags,
}

export interface WatchFlags {
  readonly wanted: Omit<WatchConfig, 'cluster' | 'target' | 'trusted' | 'events'>
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
  context: Context,
  command: string,
): Promise<{ readonly cluster: Cluster } & Pick<WatchConfig, 'trusted'>> {
  const { cluster, pinned } = await pinAuthorities(await connect(flags, context))
  if (acceptedCas.length === 0 || pinned.length > 0) return { cluster, trusted: { pinned, accepted: acceptedCas } }
  await cluster.close()
  throw usageFault(command, '--accept-ca is given, and the cluster names no certificate authority', 'one, in PEM')
}

function readThumbprint(text: string): string {
  if (/^[\w-]{43}$/.test(text)) return text
  throw invalid(
    '--accept-key',
    text,
    'the RFC 7638 thumbprint of a key, 43 characters, as the alarm KEY_UNCONFIRMED prints it',
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

// A flag that is an address to listen at: `8080`, `127.0.0.1:8080`, `[::1]:8080`, `*:8080`.

/** A port alone is heard on this machine only. @throws USAGE_INVALID */
export function readListen(flag: string, text: string): ListenAddress {
  const [, host = '127.0.0.1', digits = ''] =
    /^(?:(\*|\[[0-9a-fA-F:.]+\]|[0-9.]+|localhost):)?(\d{1,5})$/.exec(text) ?? []
  const [bare, port] = [host.replace(/^\[(.*)\]$/, '$1'), Number(digits)]
  const isAddress = host === '*' || host === 'localhost' || isIP(bare) !== 0
  if (digits !== '' && isAddress && port <= 65_535) return { host: host === '*' ? undefined : bare, port }
  throw new PullpassError({
    code: 'USAGE_INVALID',
    hop: 'run',
    seen: `${flag} is ${showValue(text)}`,
    expected: 'a port, or ADDRESS:PORT with * for every address of the machine',
    hint: `${flag} *:8080`,
  })
}
