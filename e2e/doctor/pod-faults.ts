/** Faults of a real pod and its service account; its StatefulSet makes it anew where it is deleted. */
import type { DoctorGround } from './open-ground.ts'
import type { RealFault } from './real-fault.ts'

const broken = JSON.stringify({ auths: { 'quay.io': { auth: Buffer.from('no-colon').toString('base64') } } })

const attach = ({ stage, namespace }: DoctorGround, ...names: readonly string[]) =>
  stage.succeed(
    `kubectl patch serviceaccount default -n ${namespace} --type=merge -p '${JSON.stringify({ imagePullSecrets: names.map((name) => ({ name })) })}'`,
  )

const remakePod = async ({ stage, namespace, awaitPod }: DoctorGround) => {
  await stage.succeed(`kubectl delete pod web-0 -n ${namespace}`)
  await awaitPod()
}

const makeSecret = ({ stage, namespace }: DoctorGround, name: string, config: string) =>
  stage.admin({
    method: 'POST',
    path: `/api/v1/namespaces/${namespace}/secrets`,
    body: {
      metadata: { name },
      type: 'kubernetes.io/dockerconfigjson',
      data: { '.dockerconfigjson': Buffer.from(config).toString('base64') },
    },
  })

/** As a kubelet writes it. */
const backOff = ({ stage, namespace }: DoctorGround) =>
  stage.admin({
    method: 'PATCH',
    path: `/api/v1/namespaces/${namespace}/pods/web-0/status`,
    contentType: 'application/strategic-merge-patch+json',
    body: {
      status: {
        containerStatuses: [
          {
            name: 'web',
            image: stage.sandbox.image,
            imageID: '',
            ready: false,
            restartCount: 0,
            state: { waiting: { reason: 'ImagePullBackOff', message: 'Back-off pulling image' } },
          },
        ],
      },
    },
  })

export const podFaults: readonly RealFault[] = [
  {
    title: "somebody took the Secret's name out of the service account",
    plant: (ground) => attach(ground),
    hop: 'service-account',
    code: 'SERVICE_ACCOUNT_NOT_ATTACHED',
    runs: /^pullpass refresh -f \S+$/,
  },
  {
    title: 'a service account that the document names was deleted',
    ground: { attachTo: ['default', 'builder'] },
    plant: ({ stage, namespace }) => stage.succeed(`kubectl delete serviceaccount builder -n ${namespace}`),
    hop: 'service-account',
    code: 'SERVICE_ACCOUNT_NOT_FOUND',
    result: 'warning',
    runs: /^kubectl create serviceaccount builder -n \S+ && pullpass refresh -f /,
  },
  {
    title: 'nothing attached the Secret, so that the pod names none',
    ground: { attachTo: [] },
    plant: () => undefined,
    hop: 'pod',
    code: 'POD_SECRET_MISSING',
    runs: /^kubectl patch serviceaccount default -n \S+ --type=merge -p '\{.*\}' && kubectl delete pod web-0 -n /,
  },
  {
    title: 'the pod was made before its service account named the Secret',
    ground: { attachTo: [] },
    plant: (ground) => attach(ground, 'regcred'),
    hop: 'pod',
    code: 'POD_OLDER_THAN_ATTACHMENT',
    runs: /^kubectl delete pod web-0 -n /,
  },
  {
    title: 'another pull secret, which the pod has of its service account, breaks all its pulls',
    async plant(ground) {
      await makeSecret(ground, 'other', broken)
      await attach(ground, 'other', 'regcred')
      await remakePod(ground)
    },
    hop: 'pod-secrets',
    code: 'OTHER_SECRET_MALFORMED',
    runs: /^kubectl patch serviceaccount default -n \S+ --type=merge -p '\{.*\}' && kubectl delete pod web-0 -n /,
  },
  {
    title: "another pull secret, which the pod's maker names, breaks all its pulls",
    ground: { pod: { imagePullSecrets: [{ name: 'other' }, { name: 'regcred' }] } },
    plant: (ground) => makeSecret(ground, 'other', broken),
    hop: 'pod-secrets',
    code: 'OTHER_SECRET_MALFORMED',
    runs: /^kubectl delete secret other -n /,
    leaves: 'OTHER_SECRET_NOT_FOUND',
  },
  {
    title: "everything is mended, and the kubelet's back-off still runs",
    plant: backOff,
    hop: 'back-off',
    code: 'PULL_BACK_OFF',
    runs: /^kubectl delete pod web-0 -n /,
  },
]
