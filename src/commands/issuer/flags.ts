/** Flags of the issuer commands. */
import { isIP } from 'node:net'
import { defaultKeyStateRef, type NamespacedName } from '../../document/document.ts'
import { issuerUrl } from '../../document/field-rules.ts'
import { showValue } from '../../document/show-value.ts'
import { PullpassError } from '../../errors/pullpass-error.ts'
import type { Context } from '../../http/context.ts'
import { connect } from '../../kubernetes/connect.ts'
import type { Cluster } from '../../kubernetes/connection/cluster.ts'
import type { PublishTarget } from '../../oidc/issuer-documents.ts'
import { pinAuthorities } from '../../publish/watch/authorities.ts'
import { defaultKeepForMs, type WatchConfig } from '../../publish/watch/watch-config.ts'
import type { ListenAddress } from '../../server/http-server.ts'
import { targetForms } from '../../vendors/target.ts'
import { type Flag, type FlagValues, usageFault } from '../command-line/flag.ts'
import { clusterFlags, outputFlags, parseNamespacedName, readDuration } from '../command-line/flags.ts'

export const accountFlag: { readonly 'service-account': Flag & { type: 'string' } } = {
  'service-account': {
    type: 'string',
    value: 'NAMESPACE/NAME',
    summary: 'Service account whose token is requested to read its issuer and key (default default/default)',
  },
}

/** @throws USAGE_INVALID */
export const readAccountFlag = (value: string | undefined, command: string): NamespacedName =>
  parseNamespacedName(value ?? 'default/default', '--service-account', command)

/** The ConfigMap of the key state. */
export const keyStateFlag: { readonly 'key-state': Flag & { type: 'string' } } = {
  'key-state': {
    type: 'string',
    value: 'NAMESPACE/NAME',
    summary: 'ConfigMap of the key state (default pullpass-system/pullpass-issuer)',
  },
}

/** @throws USAGE_INVALID */
export const readKeyStateFlag = (value: string | undefined, command: string): NamespacedName =>
  value === undefined ? defaultKeyStateRef : parseNamespacedName(value, '--key-state', command)

/** Flags of commands that read the keys of all API servers. */
export const keyFlags: typeof clusterFlags &
  typeof accountFlag &
  typeof keyStateFlag & {
    readonly 'issuer-url': Flag & { type: 'string' }
    readonly replica: Flag & { type: 'string'; multiple: true }
  } = {
  'issuer-url': {
    type: 'string',
    value: 'URL',
    rule: issuerUrl,
    summary: 'Public URL of the issuer (default: that of the target, or else the issuer of the cluster)',
  },
  replica: {
    type: 'string',
    multiple: true,
    value: 'URL',
    summary: 'URL of an API server; repeatable (default: the EndpointSlices of Service kubernetes)',
  },
  ...accountFlag,
  ...keyStateFlag,
  ...clusterFlags,
}

/** @throws USAGE_INVALID */
export function readKeyFlags(
  flags: FlagValues<typeof keyFlags>,
  command: string,
): Pick<WatchConfig, 'issuerUrl' | 'replicas' | 'account' | 'keyStateRef'> {
  return {
    issuerUrl: flags['issuer-url'],
    replicas: flags.replica.map(readReplicaUrl),
    account: readAccountFlag(flags['service-account'], command),
    keyStateRef: readKeyStateFlag(flags['key-state'], command),
  }
}

/** `flags`: without effect for a target that holds only keys. @throws USAGE_INVALID */
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

/** The publish target. */
export const targetFlag: { readonly to: Flag & { type: 'string' } } = {
  to: {
    type: 'string',
    value: 'TARGET',
    summary: 'Publish target',
    vendorSummary: targetForms,
  },
}

/** `command`: `issuer watch`. @throws USAGE_INVALID if it is missing */
export function readTargetFlag(to: string | undefined, command: string): string {
  if (to !== undefined) return to
  throw usageFault(command, '--to is missing', 'the publish target: --to TARGET')
}

type Texts = Flag & { type: 'string'; multiple: true }

export const acceptFlags: { readonly 'accept-key': Texts; readonly 'accept-ca': Texts } = {
  'accept-key': {
    type: 'string',
    multiple: true,
    value: 'THUMBPRINT',
    summary: 'Thumbprint (RFC 7638) of a key to publish although only an unknown API server serves it; repeatable',
  },
  'accept-ca': {
    type: 'string',
    multiple: true,
    value: 'FINGERPRINT',
    summary: 'SHA-256 fingerprint of a CA of API servers to trust; repeatable (default: recorded at the first start)',
  },
}

/** @throws USAGE_INVALID */
export const readAcceptFlags = (
  flags: FlagValues<typeof acceptFlags>,
): { readonly keys: readonly string[]; readonly authorities: readonly string[] } => ({
  keys: flags['accept-key'].map(readThumbprint),
  authorities: flags['accept-ca'].map(readFingerprint),
})

/** Flags of commands that watch the keys of the cluster. */
export const watchFlags: typeof keyFlags &
  typeof outputFlags &
  typeof acceptFlags & {
    readonly 'keep-for': Flag & { type: 'string' }
    readonly 'health-listen': Flag & { type: 'string' }
  } = {
  'keep-for': {
    type: 'string',
    value: 'DURATION',
    summary: 'Time that a key stays published after an API server last served it (default 48h)',
  },
  'health-listen': {
    type: 'string',
    value: 'ADDRESS',
    summary: 'Address of /livez, /readyz and /metrics: PORT, ADDRESS:PORT or *:PORT (default: none)',
  },
  ...acceptFlags,
  output: { ...outputFlags.output, summary: 'Print the status of each round: a line of JSON, or a YAML document' },
  ...keyFlags,
}

export interface WatchFlags {
  readonly config: Omit<WatchConfig, 'cluster' | 'target' | 'trusted' | 'events'>
  readonly acceptedCas: readonly string[]
  readonly healthListen: ListenAddress | undefined
}

/** @throws USAGE_INVALID */
export function readWatchFlags(flags: FlagValues<typeof watchFlags>, command: string): WatchFlags {
  const { 'keep-for': keepFor, 'health-listen': listen } = flags
  const accepted = readAcceptFlags(flags)
  return {
    config: {
      ...readKeyFlags(flags, command),
      keepForMs: keepFor === undefined ? defaultKeepForMs : readDuration('--keep-for', keepFor),
      acceptedKeys: accepted.keys,
    },
    acceptedCas: accepted.authorities,
    healthListen: listen === undefined ? undefined : readListen('--health-listen', listen),
  }
}

/** Pins the present authorities until the process ends. @throws USAGE_INVALID, and errors of connect */
export async function connectToWatch(
  flags: FlagValues<typeof watchFlags>,
  acceptedCas: readonly string[],
  context: Context,
  command: string,
): Promise<{ readonly cluster: Cluster } & Pick<WatchConfig, 'trusted'>> {
  const configured = await connect(flags, context)
  const { cluster, pinned } = await pinAuthorities(configured)
  await configured.close()
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

/** With or without colons, in upper or lower case. */
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

// Listen addresses: `8080`, `127.0.0.1:8080`, `[::1]:8080`, `*:8080`

/** A port without address is that of the loopback interface. @throws USAGE_INVALID */
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
    expected: 'PORT, ADDRESS:PORT, or *:PORT for all addresses',
    hint: `${flag} 127.0.0.1:8080`,
  })
}
