/**
 * Why a node could not pull an image, from the kubelet's message: the only code that parses it. The kubelet repeats the
 * message of its container runtime, which is not a stable interface: an unrecognized message is `unknown`.
 * Kubelet: pkg/kubelet/images/image_manager.go; containerd: core/remotes/docker; CRI-O: containers/image.
 */

export type PullFailure =
  | 'name invalid'
  | 'never pulled'
  | 'signature refused'
  | 'disk full'
  /** The image index has nothing for the node's operating system and architecture. */
  | 'no platform'
  /** The manifest names a layer or configuration that the registry does not have, or has with another content. */
  | 'incomplete'
  /** The node's image store is damaged. */
  | 'node store damaged'
  | 'certificate expired'
  | 'certificate of another name'
  | 'certificate untrusted'
  | 'plain http'
  | 'throttled'
  | 'registry unavailable'
  | 'unreachable'
  | 'credential refused'
  | 'absent'
  | 'unknown'

/** Reasons of waiting containers and of Events that determine the failure. */
const byReason: Readonly<Record<string, PullFailure>> = {
  InvalidImageName: 'name invalid',
  ErrImageNeverPull: 'never pulled',
  SignatureValidationFailed: 'signature refused',
  RegistryUnavailable: 'registry unavailable',
}

/**
 * In this order: a message holds what failed last at its end, and what was being tried before it (`failed to fetch oauth
 * token: … no such host`), so that the particular comes before the general. Plain texts: each costs one pass.
 */
const byWords: readonly (readonly [PullFailure, readonly string[]])[] = [
  ['disk full', ['no space left on device', 'disk quota exceeded']],
  [
    'no platform',
    [
      'no match for platform in manifest',
      'no image found in manifest list for architecture',
      'no image found in image index for architecture',
      'no matching manifest for ',
    ],
  ],
  ['node store damaged', ['failed to get reader from content store', 'content digest sha256:']],
  [
    'incomplete',
    [
      'could not fetch content descriptor',
      'blob unknown',
      'failed size validation',
      'unexpected commit digest',
      'httpreadseeker: failed open: content at ',
    ],
  ],
  ['certificate expired', ['certificate has expired or is not yet valid']],
  [
    'certificate of another name',
    [
      'x509: certificate is valid for',
      'x509: certificate is not valid for',
      ' ip sans',
      'cannot validate certificate for',
    ],
  ],
  ['certificate untrusted', ['x509:', 'failed to verify certificate', 'tls: unknown certificate authority']],
  ['plain http', ['server gave http response to https client']],
  ['throttled', ['429 too many requests', 'toomanyrequests', 'pull qps exceeded']],
  [
    'registry unavailable',
    ['500 internal server error', '502 bad gateway', '503 service unavailable', '504 gateway time'],
  ],
  [
    'unreachable',
    [
      'no such host',
      'server misbehaving',
      'temporary failure in name resolution',
      'connection refused',
      'connection reset by peer',
      'connection timed out',
      'i/o timeout',
      'tls handshake timeout',
      'no route to host',
      'network is unreachable',
      'proxyconnect ',
      'context deadline exceeded',
      'request canceled while waiting',
    ],
  ],
  [
    'credential refused',
    [
      '401 unauthorized',
      '403 forbidden',
      'authorization failed',
      'authentication required',
      'insufficient_scope',
      'no basic auth credentials',
      'pull access denied',
      'failed to fetch anonymous token',
      'failed to fetch oauth token',
    ],
  ],
  ['absent', ['manifest unknown', 'name unknown', ': not found', 'code = notfound']],
]

/** Characters; an Event has at most 1024, a container's status perhaps more. */
const longest = 4096

export function parsePullFailure({
  reason,
  message,
}: {
  readonly reason: string
  readonly message: string
}): PullFailure {
  const known = byReason[reason]
  if (known !== undefined) return known
  const words = message.slice(0, longest).toLowerCase()
  return byWords.find(([, texts]) => texts.some((text) => words.includes(text)))?.[0] ?? 'unknown'
}

/** Reasons of a container that waits for its image, for any failure. */
const pulling: readonly string[] = [
  'ErrImagePull',
  'ImagePullBackOff',
  'ImageInspectError',
  'InvalidImageName',
  'ErrImageNeverPull',
  'RegistryUnavailable',
  'SignatureValidationFailed',
]

export const waitsForImage = (reason: string): boolean => pulling.includes(reason)

/**
 * Whether a pod was evicted, not admitted or not scheduled since a node's disk is full.
 * https://kubernetes.io/docs/concepts/scheduling-eviction/node-pressure-eviction/
 */
export function isDiskPressure({ reason, message }: { readonly reason: string; readonly message: string }): boolean {
  const words = message.slice(0, longest).toLowerCase()
  const ofDisk = ['ephemeral-storage', 'imagefs', 'nodefs', 'inodes', 'diskpressure', 'disk-pressure']
  return ['Evicted', 'Unschedulable'].includes(reason) && ofDisk.some((text) => words.includes(text))
}

/** Characters that are shown of a message. */
const shown = 290

/** The last failure is at the end of a message: a long message is shortened at its beginning. */
export const lastWords = (message: string): string => (message.length > shown ? `…${message.slice(-shown)}` : message)
