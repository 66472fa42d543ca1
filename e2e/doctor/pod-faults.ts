/** Faults of a real pod and its service account; its StatefulSet recreates it after a deletion. */
import type { PreparedNamespace } from './prepare-namespace.ts'
import type { RealFault } from './real-fault.ts'

const broken = JSON.stringify({ auths: { 'quay.io': { auth: Buffer.from('no-colon').toString('base64') } } })

const attach = ({ setup, namespace }: PreparedNamespace, ...names: readonly string[]) =>
  setup.succeed(
    `kubectl patch serviceaccount default -n ${namespace} --type=merge -p '${JSON.stringify({ imagePullSecrets: names.map((name) => ({ name })) })}'`,
  )

const recreatePod = async ({ setup, namespace, awaitPod }: PreparedNamespace) => {
  await setup.succeed(`kubectl delete pod web-0 -n ${namespace}`)
  await awaitPod()
}

const createSecret = ({ setup, namespace }: PreparedNamespace, name: string, config: string) =>
  setup.admin({
    method: 'POST',
    path: `/api/v1/namespaces/${namespace}/secrets`,
    body: {
      metadata: { name },
      type: 'kubernetes.io/dockerconfigjson',
      data: { '.dockerconfigjson': Buffer.from(config).toString('base64') },
    },
  })

/** As a kubelet writes it. */
const backOff = ({ setup, namespace }: PreparedNamespace) =>
  setup.admin({
    method: 'PATCH',
    path: `/api/v1/namespaces/${namespace}/pods/web-0/status`,
    contentType: 'application/strategic-merge-patch+json',
    body: {
      status: {
        containerStatuses: [
          {
            name: 'web',
            image: setup.sandbox.image,
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
    title: "the Secret's name was removed from the service account",
    inject: (prepared) => attach(prepared),
    hop: 'service-account',
    code: 'SERVICE_ACCOUNT_NOT_ATTACHED',
    command: /^pullpass refresh -f \S+$/,
  },
  {
    title: 'a service account that the document names was deleted',
    options: { attachTo: ['default', 'builder'] },
    inject: ({ setup, namespace }) => setup.succeed(`kubectl delete serviceaccount builder -n ${namespace}`),
    hop: 'service-account',
    code: 'SERVICE_ACCOUNT_NOT_FOUND',
    result: 'warning',
    command: /^kubectl create serviceaccount builder -n \S+ && pullpass refresh -f /,
  },
  {
    title: 'the Secret is not attached, so that the pod has no pull secret',
    options: { attachTo: [] },
    inject: () => undefined,
    hop: 'pod',
    code: 'POD_SECRET_MISSING',
    command: /^kubectl patch serviceaccount default -n \S+ --type=merge -p '\{.*\}' && kubectl delete pod web-0 -n /,
  },
  {
    title: 'the pod was created before its service account named the Secret',
    options: { attachTo: [] },
    inject: (prepared) => attach(prepared, 'regcred'),
    hop: 'pod',
    code: 'POD_OLDER_THAN_ATTACHMENT',
    command: /^kubectl delete pod web-0 -n /,
  },
  {
    title: 'another pull secret of the pod, from its service account, breaks all pulls',
    async inject(prepared) {
      await createSecret(prepared, 'other', broken)
      await attach(prepared, 'other', 'regcred')
      await recreatePod(prepared)
    },
    hop: 'pod-secrets',
    code: 'OTHER_SECRET_MALFORMED',
    command: /^kubectl patch serviceaccount default -n \S+ --type=merge -p '\{.*\}' && kubectl delete pod web-0 -n /,
  },
  {
    title: 'another pull secret of the pod, from its template, breaks all pulls',
    options: { pod: { imagePullSecrets: [{ name: 'other' }, { name: 'regcred' }] } },
    inject: (prepared) => createSecret(prepared, 'other', broken),
    hop: 'pod-secrets',
    code: 'OTHER_SECRET_MALFORMED',
    command: /^kubectl delete secret other -n /,
    remainingWarning: 'OTHER_SECRET_NOT_FOUND',
  },
  {
    title: 'everything is fixed, and the kubelet still backs off',
    inject: backOff,
    hop: 'back-off',
    code: 'PULL_BACK_OFF',
    command: /^kubectl delete pod web-0 -n /,
  },
]
