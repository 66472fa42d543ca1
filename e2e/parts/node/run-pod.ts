/** Pods on the real node: made, watched until they ran or could not pull, and read. https://kubernetes.io/docs/concepts/containers/images/ */
import { type ApiServer, requestKubernetes } from '../control-plane/request-kubernetes.ts'
import { waitUntil } from '../ground/wait-until.ts'

export interface PodPlan {
  readonly name: string
  readonly image: string
  readonly pullSecret?: string
}

/** How a pod fared: what its program printed, or why its image could not be pulled. */
export type PodFate =
  | { readonly kind: 'ran'; readonly output: string }
  | { readonly kind: 'not pulled'; readonly message: string }

interface Pod {
  readonly status: {
    readonly phase: string
    readonly containerStatuses?: readonly {
      readonly state: { readonly waiting?: { readonly reason: string; readonly message?: string } }
    }[]
  }
}

const pods = '/api/v1/namespaces/default/pods'

/** Runs a pod that always asks the registry (`Always`: a cached image would start without any credential). */
export async function runPod(apiServer: ApiServer, { name, image, pullSecret }: PodPlan): Promise<PodFate> {
  const created = await requestKubernetes(apiServer, {
    method: 'POST',
    path: pods,
    body: {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name },
      spec: {
        nodeName: 'localhost',
        hostNetwork: true,
        restartPolicy: 'Never',
        automountServiceAccountToken: false,
        ...(pullSecret && { imagePullSecrets: [{ name: pullSecret }] }),
        containers: [{ name: 'program', image, imagePullPolicy: 'Always' }],
      },
    },
  })
  if (created.status !== 201) throw new Error(`Pod ${name} was not made: ${created.body}`)
  return waitUntil(`Pod ${name} to run`, 30_000, () => readFate(apiServer, name))
}

async function readFate(apiServer: ApiServer, name: string): Promise<PodFate | undefined> {
  const { body } = await requestKubernetes(apiServer, { path: `${pods}/${name}` })
  const { status }: Pod = JSON.parse(body)
  if (status.phase === 'Succeeded') {
    const log = await requestKubernetes(apiServer, { path: `${pods}/${name}/log` })
    return { kind: 'ran', output: log.body }
  }
  const waiting = status.containerStatuses?.[0]?.state.waiting
  return waiting?.reason === 'ErrImagePull' ? { kind: 'not pulled', message: waiting.message ?? '' } : undefined
}
