/** Faults of a real API server that prevent a refresh from writing or from running. */
import { waitUntil } from '../parts/process/wait-until.ts'
import type { PreparedNamespace } from './prepare-namespace.ts'
import type { RealFault } from './real-fault.ts'

const deleteSecret = ({ setup, namespace }: PreparedNamespace) =>
  setup.succeed(`kubectl delete secret regcred -n ${namespace}`)

const registration = '/apis/admissionregistration.k8s.io/v1'
const namespaceSelectorOf = ({ namespace }: PreparedNamespace) => ({
  matchLabels: { 'kubernetes.io/metadata.name': namespace },
})

async function createWebhook(
  prepared: PreparedNamespace,
  kind: 'Mutating' | 'Validating',
  path: '/rewrite' | '/stall',
) {
  const { setup, namespace } = prepared
  const webhook = {
    name: `${namespace}.example.com`,
    clientConfig: setup.webhooks.clientConfig(path),
    rules: [{ apiGroups: [''], apiVersions: ['v1'], resources: ['secrets'], operations: ['CREATE', 'UPDATE'] }],
    namespaceSelector: namespaceSelectorOf(prepared),
    sideEffects: 'None',
    admissionReviewVersions: ['v1'],
    timeoutSeconds: 3,
  }
  const configurations = `${registration}/${kind.toLowerCase()}webhookconfigurations`
  await setup.admin({
    method: 'POST',
    path: configurations,
    body: { metadata: { name: namespace }, webhooks: [webhook] },
  })
}

interface PolicyOptions {
  readonly resources: string
  readonly operations: string
  /** A command that the policy refuses: it is repeated until it fails. */
  readonly probe: string
}

/** A policy takes effect a moment after its creation. */
async function createPolicy(
  prepared: PreparedNamespace,
  { resources, operations, probe }: PolicyOptions,
): Promise<void> {
  const { setup, namespace } = prepared
  const [name, policyName] = [namespace, namespace]
  const spec = {
    matchConstraints: {
      namespaceSelector: namespaceSelectorOf(prepared),
      resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], resources: [resources], operations: [operations] }],
    },
    validations: [{ expression: 'false', message: 'not allowed' }],
  }
  await setup.admin({
    method: 'POST',
    path: `${registration}/validatingadmissionpolicies`,
    body: { metadata: { name }, spec },
  })
  const binding = { metadata: { name }, spec: { policyName, validationActions: ['Deny'] } }
  await setup.admin({ method: 'POST', path: `${registration}/validatingadmissionpolicybindings`, body: binding })
  await waitUntil('the policy', 30_000, async () => (await setup.sh(probe)).exitCode !== 0 || undefined)
}

/** Deletes the policy and waits until it has no effect. */
const deletePolicy = ({ namespace }: PreparedNamespace, probe: string) =>
  `kubectl delete validatingadmissionpolicybinding,validatingadmissionpolicy ${namespace}; i=0; until ${probe} >/dev/null 2>&1 || [ $((i += 1)) -gt 60 ]; do sleep 0.5; done`

const patchAccount = ({ namespace }: PreparedNamespace) =>
  `kubectl annotate serviceaccount default -n ${namespace} tried=now --overwrite --dry-run=server`
const requestToken = ({ system }: PreparedNamespace) => `kubectl create token pullpass -n ${system}`

/** As a kubelet writes it. */
async function setWaiting(
  { setup }: PreparedNamespace,
  pod: { readonly namespace: string; readonly name: string; readonly container: string },
  waiting: { readonly reason: string; readonly message: string },
): Promise<void> {
  const { namespace, name, container } = pod
  await setup.admin({
    method: 'PATCH',
    path: `/api/v1/namespaces/${namespace}/pods/${name}/status`,
    contentType: 'application/strategic-merge-patch+json',
    body: {
      status: {
        containerStatuses: [
          { name: container, image: 'x', imageID: '', ready: false, restartCount: 0, state: { waiting } },
        ],
      },
    },
  })
}

/** The pod of a Job of the CronJob, as soon as it exists. */
async function startJob({ setup, system }: PreparedNamespace): Promise<string> {
  // Its own schedule, every 15 minutes, would start a newer pod in the middle of a test.
  await setup.succeed(`kubectl patch cronjob pullpass -n ${system} -p '{"spec":{"schedule":"0 0 29 2 *"}}'`)
  await setup.succeed(`kubectl create job --from=cronjob/pullpass pullpass-first -n ${system}`)
  const find = `kubectl get pods -n ${system} -l batch.kubernetes.io/job-name=pullpass-first -o name`
  const found = await waitUntil(
    'the pod of the Job',
    30_000,
    async () => (await setup.succeed(find)).trim() || undefined,
  )
  return found.replace('pod/', '')
}

export const writeFaults: readonly RealFault[] = [
  {
    title: 'the Secret was set immutable',
    inject: ({ setup, namespace }) =>
      setup.succeed(`kubectl patch secret regcred -n ${namespace} -p '{"immutable":true}'`),
    hop: 'secret',
    code: 'SECRET_IMMUTABLE',
    command: /^kubectl delete secret regcred -n \S+ && pullpass refresh -f \S+$/,
  },
  {
    title: 'a mutating webhook changes the Secret, so that a refresh does not restore it',
    async inject(prepared) {
      await createWebhook(prepared, 'Mutating', '/rewrite')
      await prepared.setup.succeed(`pullpass refresh -f ${prepared.file}`)
    },
    hop: 'write',
    code: 'SECRET_MUTATED',
    instruction:
      /^let the operator of (\S+)\.example\.com \(MutatingWebhookConfiguration \1\) exclude this Secret \(objectSelector: app\.kubernetes\.io\/managed-by NotIn \[pullpass\]\); then pullpass refresh -f \S+$/,
    manualCommand: ({ namespace, file }) => {
      const selector = {
        matchExpressions: [{ key: 'app.kubernetes.io/managed-by', operator: 'NotIn', values: ['pullpass'] }],
      }
      const change = JSON.stringify([{ op: 'add', path: '/webhooks/0/objectSelector', value: selector }])
      return `kubectl patch mutatingwebhookconfiguration ${namespace} --type=json -p '${change}' && sleep 2 && pullpass refresh -f ${file}`
    },
  },
  {
    title: 'a validating webhook for Secrets does not respond',
    inject: (prepared) => createWebhook(prepared, 'Validating', '/stall'),
    hop: 'write',
    code: 'ADMISSION_UNAVAILABLE',
    instruction:
      /^restore that webhook, or exclude what pullpass writes from its rules; kubectl get validatingwebhookconfigurations,mutatingwebhookconfigurations -o yaml shows its configuration$/,
    manualCommand: ({ namespace }) => `kubectl delete validatingwebhookconfiguration ${namespace} && sleep 2`,
  },
  {
    title: 'a policy denies changes of the service account from which the Secret was removed',
    async inject(prepared) {
      const { setup, namespace } = prepared
      await setup.succeed(
        `kubectl patch serviceaccount default -n ${namespace} --type=merge -p '{"imagePullSecrets":[]}'`,
      )
      await createPolicy(prepared, {
        resources: 'serviceaccounts',
        operations: 'UPDATE',
        probe: patchAccount(prepared),
      })
    },
    hop: 'service-account',
    code: 'KUBERNETES_REFUSED',
    instruction:
      /^exempt pullpass in ValidatingAdmissionPolicy (\S+): kubectl get validatingadmissionpolicy \1 -o yaml$/,
    manualCommand: (prepared) =>
      `${deletePolicy(prepared, patchAccount(prepared))}; pullpass refresh -f ${prepared.file}`,
  },
  {
    title: 'a policy denies the token request of the refreshing account',
    async inject(prepared) {
      const { system } = prepared
      await createPolicy(
        { ...prepared, namespace: system },
        {
          resources: 'serviceaccounts/token',
          operations: 'CREATE',
          probe: requestToken(prepared),
        },
      )
    },
    hop: 'subject-token',
    code: 'TOKEN_REQUEST_REFUSED',
    instruction:
      /^exempt pullpass in ValidatingAdmissionPolicy (\S+): kubectl get validatingadmissionpolicy \1 -o yaml$/,
    manualCommand: (prepared) => deletePolicy({ ...prepared, namespace: prepared.system }, requestToken(prepared)),
  },
  {
    title: 'a quota prevents the creation of the deleted Secret',
    async inject(prepared) {
      const { setup, namespace } = prepared
      await setup.succeed(`kubectl create quota objects -n ${namespace} --hard=count/secrets=0`)
      const used = `kubectl get quota objects -n ${namespace} -o jsonpath='{.status.used}'`
      await waitUntil('the quota', 60_000, async () => (await setup.succeed(used)).trim() || undefined)
      await deleteSecret(prepared)
    },
    hop: 'write',
    code: 'KUBERNETES_QUOTA_EXCEEDED',
    instruction: /^raise the quota, or delete unused objects: kubectl describe resourcequota objects -n \S+$/,
    manualCommand: ({ namespace, file }) =>
      `kubectl patch quota objects -n ${namespace} -p '{"spec":{"hard":{"count/secrets":"5"}}}' && i=0; until pullpass refresh -f ${file} || [ $((i += 1)) -gt 30 ]; do sleep 1; done`,
  },
  {
    title: 'the CronJob is suspended, and the Secret was deleted',
    options: { installed: 'by manifests' },
    async inject(prepared) {
      const { setup, system } = prepared
      await setup.succeed(`kubectl patch cronjob pullpass -n ${system} -p '{"spec":{"suspend":true}}'`)
      await deleteSecret(prepared)
    },
    refresher: 'named',
    hop: 'schedule',
    code: 'REFRESH_SUSPENDED',
    command: /^kubectl patch cronjob pullpass -n \S+ -p '\{"spec":\{"suspend":false\}\}' && pullpass refresh -f \S+$/,
  },
  {
    title: 'the controller has no replicas, while the Secret is fresh',
    options: { installed: 'by manifests --controller' },
    inject: ({ setup, system }) =>
      setup.succeed(`kubectl scale deployment pullpass-controller --replicas=0 -n ${system}`),
    refresher: 'named',
    hop: 'schedule',
    code: 'REFRESH_SUSPENDED',
    result: 'warning',
    command: /^kubectl scale deployment pullpass-controller --replicas=2 -n \S+$/,
    remainingWarning: 'CONTROLLER_NOT_READY', // there is no kubelet
  },
  {
    title: 'the CronJob cannot pull its own image, and the Secret was deleted',
    options: { installed: 'by manifests' },
    async inject(prepared) {
      const name = await startJob(prepared)
      const message =
        'Back-off pulling image "x": ErrImagePull: failed to authorize: failed to fetch oauth token: unexpected status: 401 Unauthorized'
      const pod = { namespace: prepared.system, name, container: 'refresh' }
      await setWaiting(prepared, pod, { reason: 'ImagePullBackOff', message })
      await deleteSecret(prepared)
    },
    refresher: 'named',
    hop: 'schedule',
    code: 'REFRESH_IMAGE_NOT_PULLED',
    command: /^pullpass refresh -f \S+ && kubectl delete pod pullpass-first-\S+ -n \S+$/,
  },
  {
    title: 'imagePullPolicy is Never, and the node does not have the image',
    inject: (prepared) =>
      setWaiting(
        prepared,
        { namespace: prepared.namespace, name: 'web-0', container: 'web' },
        { reason: 'ErrImageNeverPull', message: 'Container image "x" is not present with pull policy of Never' },
      ),
    hop: 'events',
    code: 'IMAGE_NEVER_PULLED',
    command:
      /^kubectl patch statefulset web -n \S+ -p '\{.*"imagePullPolicy":"IfNotPresent".*\}' && kubectl delete pod web-0 -n \S+ --ignore-not-found$/,
  },
]
