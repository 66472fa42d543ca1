/** What fixes a pull that fails on the node: the finding's word, what was expected, and who must do what. */
import type { Pod, PodContainer } from '../../../kubernetes/objects/pods.ts'
import type { PullFailure } from '../../../kubernetes/objects/pull-failure.ts'
import { parseImageReference } from '../../../registry/image-reference.ts'
import { shellOperand } from '../../../text/shell.ts'
import type { HopFinding } from '../../finding.ts'
import type { PrintedCommands } from '../../printed-commands.ts'

export type Advice = Pick<HopFinding, 'code' | 'expected' | 'remedy'>

export interface FailedPull {
  readonly container: PodContainer
  readonly pod: Pod
  readonly commands: PrintedCommands
}

/** A `credential refused` or `unknown` failure has no separate fix: the preceding hops find the cause. */
export type AdvisedFailure = Exclude<PullFailure, 'credential refused' | 'unknown'>

export const pullRemedy = (failure: AdvisedFailure, pull: FailedPull): Advice => advices[failure](pull)

const advices: Readonly<Record<AdvisedFailure, (pull: FailedPull) => Advice>> = {
  'name invalid': ({ container, pod }) => ({
    code: 'IMAGE_NAME_INVALID',
    expected: 'HOST/PATH:TAG or HOST/PATH@DIGEST, with a lower-case path',
    remedy: { words: `correct the image of ${nameIn(container, pod)}: kubelets cannot parse ${container.image}` },
  }),
  'never pulled': neverPulled,
  'signature refused': ({ container, pod }) => ({
    code: 'IMAGE_SIGNATURE_REFUSED',
    expected: `a signature of ${container.image} that the policy of ${nodeOf(pod)} accepts`,
    remedy: { words: `sign the image, or change the signature policy of ${nodeOf(pod)}` },
  }),
  'disk full': ({ pod, commands }) => nodeFullRemedy(pod, commands),
  'no platform': ({ container, pod, commands }) => {
    const platform = `{.status.nodeInfo.operatingSystem}/{.status.nodeInfo.architecture}`
    const inspection =
      pod.nodeName === undefined
        ? ''
        : `: ${commands.kubectl('get', 'node', pod.nodeName, '-o', `jsonpath=${platform}`)}`
    return {
      code: 'IMAGE_PLATFORM_MISSING',
      expected: `an image for the platform of ${nodeOf(pod)}${inspection}`,
      remedy: {
        words: `build and push ${container.image} for that platform too, or run ${makerOf(pod)} on other nodes (nodeSelector kubernetes.io/arch); ${again(pod, commands)}`,
      },
    }
  },
  incomplete: ({ container, pod, commands }) => ({
    code: 'IMAGE_INCOMPLETE',
    expected: 'a registry that has all layers of the image, as its manifest names them',
    remedy: {
      words: `push ${container.image} again: a cleanup of the registry or an interrupted copy removed a part of it; ${again(pod, commands)}`,
    },
  }),
  'node store damaged': ({ container, pod, commands }) => ({
    code: 'NODE_STORE_DAMAGED',
    expected: `complete layers in the image store of ${nodeOf(pod)}`,
    remedy: {
      words: `on ${nodeOf(pod)}, remove what is left of the image: crictl rmi ${shellOperand(container.image, 'IMAGE')}; ${again(pod, commands)}`,
    },
  }),
  'certificate expired': (pull) =>
    certificate(pull, (host) => `renew the certificate of ${host}, or synchronize the clock of the node by NTP`),
  'certificate of another name': (pull) => certificate(pull, (host) => `serve a certificate for that name at ${host}`),
  'certificate untrusted': (pull) =>
    certificate(
      pull,
      (host) =>
        `on the node, add the certificate authority of ${host}: ca in /etc/containerd/certs.d/${host}/hosts.toml for containerd, /etc/containers/certs.d/${host}/ca.crt for CRI-O`,
    ),
  'plain http': ({ container, pod, commands }) => {
    const host = hostOf(container)
    return {
      code: 'REGISTRY_PLAIN_HTTP',
      expected: `https at ${host}, or a node that is configured for plain HTTP there`,
      remedy: {
        words: `serve ${host} by https; or allow plain HTTP on ${nodeOf(pod)}: server = "http://${host}" in /etc/containerd/certs.d/${host}/hosts.toml; ${again(pod, commands)}`,
      },
    }
  },
  throttled: (pull) => ofRegistry(pull, 'REGISTRY_THROTTLED', 'a registry within its quota', 'wait'),
  'registry unavailable': (pull) =>
    ofRegistry(
      pull,
      'REGISTRY_UNAVAILABLE',
      'an available registry',
      `wait, or contact the operator of ${hostOf(pull.container)}`,
    ),
  unreachable: ({ container, pod, commands }) => ({
    code: 'REGISTRY_UNREACHABLE',
    expected: `a connection from ${nodeOf(pod)} to ${hostOf(container)}`,
    remedy: {
      words: `on ${nodeOf(pod)}, check DNS, routes, firewall and the proxy of the container runtime; ${again(pod, commands)}`,
    },
  }),
  absent: ({ container, pod, commands }) => ({
    code: 'MANIFEST_UNKNOWN',
    expected: `${container.image}, pushed there`,
    remedy: { words: `correct the image of ${nameIn(container, pod)}, or push it; ${again(pod, commands)}` },
  }),
}

/** Of the pull, or of the pod as a whole: evicted, or not scheduled. */
export function nodeFullRemedy(pod: Pod, commands: PrintedCommands): Advice {
  return {
    code: 'NODE_DISK_FULL',
    expected: `free disk space on ${nodeOf(pod)}`,
    remedy: {
      words: `on ${nodeOf(pod)}, free disk space (crictl rmi --prune removes unused images) or enlarge the disk; ${again(pod, commands)}`,
    },
  }
}

/** A template that can be patched makes a pod that pulls; a Job's cannot, nor can a pod's own policy. */
function neverPulled({ container, pod, commands }: FailedPull): Advice {
  const { namespace, name, controller } = pod
  const code = 'IMAGE_NEVER_PULLED'
  const expected = `imagePullPolicy IfNotPresent or Always for ${container.image}, or that ${nodeOf(pod)} has it already`
  const load = `or load the image on ${nodeOf(pod)}`
  if (controller === undefined || !['DaemonSet', 'Deployment', 'StatefulSet'].includes(controller.kind)) {
    return {
      code,
      expected,
      remedy: { words: `set imagePullPolicy: IfNotPresent for ${nameIn(container, pod)}, ${load}` },
    }
  }
  const spec = { [container.kind]: [{ name: container.name, imagePullPolicy: 'IfNotPresent' }] }
  const patch = JSON.stringify({ spec: { template: { spec } } })
  const change = commands.kubectl('patch', controller.kind.toLowerCase(), controller.name, '-n', namespace, '-p', patch)
  const remove = commands.kubectl('delete', 'pod', name, '-n', namespace, '--ignore-not-found')
  return { code, expected, remedy: { command: `${change} && ${remove}`, words: load } }
}

function certificate({ container, pod, commands }: FailedPull, fix: (host: string) => string): Advice {
  const host = hostOf(container)
  return {
    code: 'CERTIFICATE_UNTRUSTED',
    expected: `a certificate of ${host} that ${nodeOf(pod)} trusts`,
    remedy: { words: `${fix(host)}; ${again(pod, commands)}` },
  }
}

const ofRegistry = (
  { pod, commands }: FailedPull,
  code: 'REGISTRY_THROTTLED' | 'REGISTRY_UNAVAILABLE',
  expected: string,
  fix: string,
): Advice => ({ code, expected, remedy: { words: `${fix}; ${again(pod, commands)}` } })

const again = ({ name, namespace }: Pod, { kubectl }: PrintedCommands): string =>
  `then ${kubectl('delete', 'pod', name, '-n', namespace)}, or wait: the kubelet retries within 5 minutes`

const nodeOf = ({ nodeName }: Pod): string => (nodeName === undefined ? 'the node' : `node ${nodeName}`)

const makerOf = ({ controller }: Pod): string =>
  controller === undefined ? 'the template of this pod' : `${controller.kind} ${controller.name}`

const nameIn = ({ name }: PodContainer, pod: Pod): string => `container ${name} in ${makerOf(pod)}`

const hostOf = ({ image }: PodContainer): string => parseImageReference(image)?.host ?? image
