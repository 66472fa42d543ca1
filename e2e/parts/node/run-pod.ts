/** Pods on the real node, and their state: https://kubernetes.io/docs/concepts/containers/images/ */
import { type ApiServer, requestKubernetes } from '../control-plane/request-kubernetes.ts'
import { waitUntil } from '../process/wait-until.ts'

export interface PodPlan {
  readonly name: string
  readonly image: string
  /** Default `default`. */
  readonly serviceAccount?: string
  readonly pullSecret?: string
  /** Listed before pullSecret. */
  readonly otherSecret?: string
}

interface Pod {
  readonly status: {
    readonly phase: string
    readonly containerStatuses?: readonly { readonly state: { readonly waiting?: { readonly message?: string } } }[]
  }
}

const pods = '/api/v1/namespaces/default/pods'

// On a busy machine a kubelet may read the pull secret too late for its first attempt; the second one follows after 10 s.
const timeoutMs = 60_000

/** Runs a pod that always pulls from the registry (`Always`: a cached image would start without a credential). */
export async function runPod(
  apiServer: ApiServer,
  { name, image, serviceAccount, ...secrets }: PodPlan,
): Promise<void> {
  const body = {
    metadata: { name },
    spec: {
      nodeName: 'localhost',
      hostNetwork: true,
      ...(serviceAccount && { serviceAccountName: serviceAccount }),
      restartPolicy: 'Never',
      automountServiceAccountToken: false,
      imagePullSecrets: [secrets.otherSecret, secrets.pullSecret].flatMap((secret) =>
        secret ? [{ name: secret }] : [],
      ),
      containers: [{ name: 'program', image, imagePullPolicy: 'Always' }],
    },
  }
  const created = await requestKubernetes(apiServer, { method: 'POST', path: pods, body })
  if (created.status !== 201) throw new Error(`Pod ${name} was not created: ${created.body}`)
}

/** The output of the pod's program after it has succeeded. */
export async function waitForPodOutput(apiServer: ApiServer, name: string): Promise<string> {
  await waitUntil(`Pod ${name} to run`, timeoutMs, async () => {
    const { phase, pullFailure } = await readPod(apiServer, name)
    if (pullFailure !== undefined) throw new Error(pullFailure)
    return phase === 'Succeeded' || undefined
  })
  return (await requestKubernetes(apiServer, { path: `${pods}/${name}/log` })).body
}

/** Waits until the kubelet reports this message for the pod's image pull. */
export async function waitForPullFailure(apiServer: ApiServer, name: string, message: RegExp): Promise<void> {
  await waitUntil(`Pod ${name} to fail its image pull with ${message}`, timeoutMs, async () => {
    const { phase, pullFailure } = await readPod(apiServer, name)
    if (pullFailure === undefined || !message.test(pullFailure)) throw new Error(pullFailure ?? `phase ${phase}`)
    return true
  })
}

async function readPod(apiServer: ApiServer, name: string) {
  const { body } = await requestKubernetes(apiServer, { path: `${pods}/${name}` })
  const { status }: Pod = JSON.parse(body)
  return { phase: status.phase, pullFailure: status.containerStatuses?.[0]?.state.waiting?.message }
}
