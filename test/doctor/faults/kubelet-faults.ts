/** Faults that the kubelet alone sees: in the real words of kubelets, containerd and CRI-O. */
import type { Fault } from '../fault.ts'
import { podPath, type World } from '../ground.ts'
import { makeSecret, remake } from './pod-faults.ts'

const hop = 'events'
const waitsFor = (image: string) => new RegExp(`^it waits in ImagePullBackOff for ${image}; `)

interface Waiting {
  readonly reason?: string
  readonly message?: string
  /** Of the container; absent: the sandbox's. */
  readonly image?: string
  readonly name?: string
  readonly kind?: 'containerStatuses' | 'initContainerStatuses'
}

/** As a kubelet writes it into the pod's status; the other containers have their images. */
function wait(world: World, waiting: Waiting = {}, ready: readonly string[] = []) {
  const { image = world.sandbox.image, name = 'web', kind = 'containerStatuses' } = waiting
  const { reason = 'ImagePullBackOff', message = `Back-off pulling image "${image}"` } = waiting
  const status = { name, image, ready: false, restartCount: 0 }
  const statuses = [{ ...status, imageID: '', state: { waiting: { reason, message } } }]
  const others = ready.map((other) => ({
    ...status,
    name: other,
    ready: true,
    imageID: 'localhost/pulled@sha256:0',
    state: { running: { startedAt: '2026-11-24T12:00:00Z' } },
  }))
  const found =
    kind === 'containerStatuses'
      ? { [kind]: [...statuses, ...others] }
      : { [kind]: statuses, containerStatuses: others }
  return world.send('PATCH', `${podPath}/web-0/status`, { status: found }, 'application/merge-patch+json')
}

/** The message of an Event `Failed to pull image`. */
const fail = ({ sandbox, makeEvent }: World, words: string) =>
  makeEvent('Failed', `Failed to pull image "${sandbox.image}": ${words}`)

const unpack = (image: string) => `rpc error: code = NotFound desc = failed to pull and unpack image "${image}"`

/** What doctor cannot see from elsewhere is fixed there: then the pod is created again, as the fix states. */
const elsewhere = async (world: World) => await remake(world)

/** The kubelet reports it in an Event. */
const reported = (title: string, words: (image: string) => string, then: Pick<Fault, 'code' | 'fix'>): Fault => ({
  title,
  async plant(world) {
    await wait(world)
    await fail(world, words(world.sandbox.image))
  },
  hop,
  seen: waitsFor('localhost:\\d+/example-project/images/hello:1'),
  repair: elsewhere,
  ...then,
})

const again = /; then kubectl delete pod web-0 -n team-a, or wait: the kubelet retries within 5 minutes$/m
const both = (first: RegExp) => new RegExp(`${first.source}.*${again.source}`, 'm')

export const kubeletFaults: readonly Fault[] = [
  {
    title: "a container's image has capitals in its path, which no kubelet can parse",
    async plant(world) {
      await remake(world, { containers: [{ name: 'web', image: 'localhost:5000/Team/App:1' }] })
      const message = `Failed to apply default image tag "localhost:5000/Team/App:1": couldn't parse image name "localhost:5000/Team/App:1": invalid reference format: repository name must be lowercase`
      await wait(world, { reason: 'InvalidImageName', message, image: 'localhost:5000/Team/App:1' })
    },
    image: 'of the pod',
    hop,
    code: 'IMAGE_NAME_INVALID',
    seen: /^it waits in InvalidImageName for localhost:5000\/Team\/App:1; its kubelet reported "Failed to apply default image tag/,
    fix: /^correct the image of container web in StatefulSet web: kubelets cannot parse localhost:5000\/Team\/App:1/,
    repair: elsewhere,
  },
  {
    title: 'a container may never pull its image, and its node does not have it',
    async plant(world) {
      const message = `Container image "${world.sandbox.image}" is not present with pull policy of Never`
      await wait(world, { reason: 'ErrImageNeverPull', message })
    },
    hop,
    code: 'IMAGE_NEVER_PULLED',
    fix: /^kubectl patch statefulset web -n team-a -p '\{"spec":\{"template":\{"spec":\{"containers":\[\{"name":"web","imagePullPolicy":"IfNotPresent"\}\]\}\}\}\}' && kubectl delete pod web-0 -n team-a --ignore-not-found\nor load the image on the node/,
    unrun: 'it patches a controller, as e2e/doctor.test.ts sees',
    repair: elsewhere,
  },
  reported(
    "the image has nothing for the node's platform",
    (image) => `${unpack(image)}: no match for platform in manifest: not found`,
    {
      code: 'IMAGE_PLATFORM_MISSING',
      fix: both(
        /^build and push localhost:\d+\/example-project\/images\/hello:1 for that platform too, or run StatefulSet web on other nodes/,
      ),
    },
  ),
  reported(
    "the image has nothing for the node's platform, as CRI-O reports it",
    () => 'choosing image instance: no image found in image index for architecture "arm64", variant "v8", OS linux',
    { code: 'IMAGE_PLATFORM_MISSING', fix: both(/^build and push /) },
  ),
  reported(
    'a layer of the image is missing in the registry',
    (image) =>
      `${unpack(image)}: failed to copy: httpReadSeeker: failed open: could not fetch content descriptor sha256:${'a8'.repeat(32)} (application/vnd.docker.image.rootfs.diff.tar.gzip) from remote: not found`,
    { code: 'IMAGE_INCOMPLETE', fix: both(/^push localhost:\d+\/example-project\/images\/hello:1 again: /) },
  ),
  reported(
    "the node's own copy of a layer is damaged",
    (image) =>
      `${unpack(image)}: failed to extract layer sha256:${'7d'.repeat(32)}: failed to get reader from content store: blob sha256:${'9e'.repeat(32)} expected at /var/lib/containerd/io.containerd.content.v1.content/blobs: blob not found: not found`,
    {
      code: 'NODE_STORE_DAMAGED',
      fix: both(/^on the node, remove what is left of the image: crictl rmi /),
    },
  ),
  reported(
    "the node does not trust the registry's certificate",
    (image) =>
      `rpc error: code = Unknown desc = failed to pull and unpack image "${image}": failed to resolve reference "${image}": failed to do request: Head "https://localhost:5000/v2/": tls: failed to verify certificate: x509: certificate signed by unknown authority`,
    {
      code: 'CERTIFICATE_UNTRUSTED',
      fix: both(/^on the node, add the certificate authority of localhost:\d+: ca in \/etc\/containerd\/certs\.d\//),
    },
  ),
  reported(
    "by the node's clock, the registry's certificate has expired",
    (image) =>
      `failed to resolve reference "${image}": failed to do request: Head "https://localhost:5000/v2/": tls: failed to verify certificate: x509: certificate has expired or is not yet valid: current time 2031-01-01T00:00:00Z is after 2027-01-01T00:00:00Z`,
    {
      code: 'CERTIFICATE_UNTRUSTED',
      fix: both(/^renew the certificate of localhost:\d+, or synchronize the clock of the node/),
    },
  ),
  reported(
    "the registry's certificate is of another name",
    (image) =>
      `failed to resolve reference "${image}": failed to do request: Head "https://localhost:5000/v2/": tls: failed to verify certificate: x509: certificate is valid for registry.example.com, not localhost`,
    {
      code: 'CERTIFICATE_UNTRUSTED',
      fix: both(/^serve a certificate for that name at localhost:\d+/),
    },
  ),
  reported(
    'the node speaks https to a registry of plain HTTP',
    (image) =>
      `failed to resolve reference "${image}": failed to do request: Head "https://localhost:5000/v2/": http: server gave HTTP response to HTTPS client`,
    {
      code: 'REGISTRY_PLAIN_HTTP',
      fix: both(/^serve localhost:\d+ by https; or allow plain HTTP on the node/),
    },
  ),
  reported(
    'the disk of the node is full',
    (image) =>
      `rpc error: code = Unknown desc = failed to pull and unpack image "${image}": failed to extract layer sha256:${'5d'.repeat(32)}: write /var/lib/containerd/tmpmounts/containerd-mount252943319/lib/libc-2.24.so: no space left on device: unknown`,
    { code: 'NODE_DISK_FULL', fix: both(/^on the node, free disk space /) },
  ),
  {
    title: 'the pod was evicted, since the disk of its node is full',
    plant: ({ send }) =>
      send(
        'PATCH',
        `${podPath}/web-0/status`,
        {
          status: {
            phase: 'Failed',
            reason: 'Evicted',
            message: 'The node was low on resource: ephemeral-storage. Threshold quantity: 1Gi, available: 12Mi. ',
          },
        },
        'application/merge-patch+json',
      ),
    hop,
    code: 'NODE_DISK_FULL',
    seen: /^Evicted: "The node was low on resource: ephemeral-storage\./,
    fix: both(/^on the node, free disk space /),
    repair: elsewhere,
  },
  {
    title: 'no node takes the pod, since the disks of all are full',
    plant: ({ send }) =>
      send(
        'PATCH',
        `${podPath}/web-0/status`,
        {
          status: {
            conditions: [
              {
                type: 'PodScheduled',
                status: 'False',
                reason: 'Unschedulable',
                message:
                  '0/1 nodes are available: 1 node(s) had untolerated taint {node.kubernetes.io/disk-pressure: }.',
              },
            ],
          },
        },
        'application/merge-patch+json',
      ),
    hop,
    code: 'NODE_DISK_FULL',
    seen: /^Unschedulable: "0\/1 nodes are available/,
    fix: both(/^on the node, free disk space /),
    repair: elsewhere,
  },
  {
    title: "the image has no signature that the node's policy accepts",
    plant: (world) =>
      wait(world, { reason: 'SignatureValidationFailed', message: 'Source image rejected: A signature was required' }),
    hop,
    code: 'IMAGE_SIGNATURE_REFUSED',
    seen: /^it waits in SignatureValidationFailed for /,
    fix: /^sign the image, or change the signature policy of the node/,
    repair: elsewhere,
  },
  {
    title: 'a second container waits for another registry, which fails',
    async plant(world) {
      const image = 'registry.example.com/tools/agent:1'
      const config = JSON.stringify({
        auths: { 'registry.example.com': { auth: Buffer.from('a:b').toString('base64') } },
      })
      await makeSecret(world, 'other', config)
      await remake(world, {
        imagePullSecrets: [{ name: 'regcred' }, { name: 'other' }],
        containers: [
          { name: 'web', image: world.sandbox.image },
          { name: 'agent', image },
        ],
      })
      const message = `Back-off pulling image "${image}": ErrImagePull: failed to resolve reference "${image}": unexpected status from HEAD request to https://registry.example.com/v2/tools/agent/manifests/1: 503 Service Unavailable`
      await wait(world, { name: 'agent', image, message }, ['web'])
    },
    image: 'of the pod',
    hop,
    code: 'REGISTRY_UNAVAILABLE',
    fix: both(/^wait, or contact the operator of registry\.example\.com/),
    repair: elsewhere,
  },
  reported(
    'the node cannot resolve the name of the registry',
    (image) =>
      `failed to resolve reference "${image}": failed to do request: Head "https://localhost:5000/v2/": dial tcp: lookup localhost on 10.96.0.10:53: no such host`,
    { code: 'REGISTRY_UNREACHABLE', fix: both(/^on the node, check DNS, routes, firewall/) },
  ),
  {
    title: 'an init container waits for an image that no document covers, while the others run',
    async plant(world) {
      const image = 'localhost:5000/tools/migrate:1'
      await remake(world, {
        initContainers: [{ name: 'migrate', image }],
        containers: [{ name: 'web', image: world.sandbox.image }],
      })
      await wait(world, { kind: 'initContainerStatuses', name: 'migrate', image }, ['web'])
    },
    image: 'of the pod',
    hop: 'registry',
    code: 'IMAGE_NOT_MATCHED',
    seen: /^no host of the documents matches localhost:5000\/tools\/migrate:1: /,
    fix: /^name localhost:5000 under hosts of a registry in /,
    repair: elsewhere,
  },
  {
    title: 'a second container waits for an image of a registry that no vendor of the documents serves',
    async plant(world) {
      const image = 'registry.example.com/tools/agent:1'
      await remake(world, {
        containers: [
          { name: 'web', image: world.sandbox.image },
          { name: 'agent', image },
        ],
      })
      await wait(world, { name: 'agent', image }, ['web'])
    },
    image: 'of the pod',
    hop: 'registry',
    code: 'IMAGE_NOT_MATCHED',
    fix: /^these documents cannot issue a credential for registry\.example\.com: a public image needs none/,
    repair: elsewhere,
  },
  {
    title: "a second container's image has nothing for the node's platform",
    async plant(world) {
      await remake(world, {
        containers: [
          { name: 'web', image: world.sandbox.image },
          { name: 'second', image: world.sandbox.image },
        ],
      })
      const message = `Back-off pulling image "${world.sandbox.image}": ErrImagePull: ${unpack(world.sandbox.image)}: no match for platform in manifest: not found`
      await wait(world, { name: 'second', message }, ['web'])
    },
    hop,
    code: 'IMAGE_PLATFORM_MISSING',
    fix: both(/^build and push /),
    repair: elsewhere,
  },
  {
    title: 'the pod waits, and its kubelet reported something unknown',
    async plant(world) {
      await wait(world)
      await world.makeEvent('FailedToRetrieveImagePullSecret', 'Unable to retrieve some image pull secrets (regcred)')
      await fail(world, 'rpc error: code = Unknown desc = the runtime is in a bad mood')
      await world.makeEvent('Failed', 'Error: ErrImagePull')
    },
    hop,
    code: 'PULL_FAILED',
    result: 'warning',
    besides: ['PULL_BACK_OFF'],
    seen: /^its kubelet reported at \S+Z "Unable to retrieve some image pull secrets \(regcred\)", and at \S+Z "Failed to pull image "\S+": rpc error: .* bad mood"$/,
    fix: /^compare its message with the hops above/,
    repair: elsewhere,
  },
  {
    title: "everything is fixed, and the kubelet's back-off still runs",
    plant: (world) => wait(world),
    hop: 'back-off',
    code: 'PULL_BACK_OFF',
    seen: /^container web waits in ImagePullBackOff for localhost:\d+\/example-project\/images\/hello:1: "Back-off pulling image .*"; no other fault is left$/,
    fix: /^kubectl delete pod web-0 -n team-a\nits controller creates a new one; or wait/,
    repair: 'command',
  },
]
