/** Faults of a real API server that keep a refresh from writing, or from running at all. */
import { waitUntil } from '../parts/ground/wait-until.ts'
import type { DoctorGround } from './open-ground.ts'
import type { RealFault } from './real-fault.ts'

const deleteSecret = ({ stage, namespace }: DoctorGround) =>
  stage.succeed(`kubectl delete secret regcred -n ${namespace}`)

const registration = '/apis/admissionregistration.k8s.io/v1'
const here = ({ namespace }: DoctorGround) => ({ matchLabels: { 'kubernetes.io/metadata.name': namespace } })

async function makeWebhook(ground: DoctorGround, kind: 'Mutating' | 'Validating', path: '/rewrite' | '/stall') {
  const { stage, namespace } = ground
  const webhook = {
    name: `${namespace}.example.com`,
    clientConfig: stage.webhooks.clientConfig(path),
    rules: [{ apiGroups: [''], apiVersions: ['v1'], resources: ['secrets'], operations: ['CREATE', 'UPDATE'] }],
    namespaceSelector: here(ground),
    sideEffects: 'None',
    admissionReviewVersions: ['v1'],
    timeoutSeconds: 3,
  }
  const configurations = `${registration}/${kind.toLowerCase()}webhookconfigurations`
  await stage.admin({
    method: 'POST',
    path: configurations,
    body: { metadata: { name: namespace }, webhooks: [webhook] },
  })
}

interface PolicyWanted {
  readonly resources: string
  readonly operations: string
  /** Refuses what is then refused: it is waited for. */
  readonly until: string
}

/** A policy acts a moment after it was made. */
async function makePolicy(ground: DoctorGround, { resources, operations, until }: PolicyWanted): Promise<void> {
  const { stage, namespace } = ground
  const [name, policyName] = [namespace, namespace]
  const spec = {
    matchConstraints: {
      namespaceSelector: here(ground),
      resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], resources: [resources], operations: [operations] }],
    },
    validations: [{ expression: 'false', message: 'not here' }],
  }
  await stage.admin({
    method: 'POST',
    path: `${registration}/validatingadmissionpolicies`,
    body: { metadata: { name }, spec },
  })
  const binding = { metadata: { name }, spec: { policyName, validationActions: ['Deny'] } }
  await stage.admin({ method: 'POST', path: `${registration}/validatingadmissionpolicybindings`, body: binding })
  await waitUntil('the policy', 30_000, async () => (await stage.sh(until)).exitCode !== 0 || undefined)
}

/** And until it acts no more. */
const dropPolicy = ({ namespace }: DoctorGround, until: string) =>
  `kubectl delete validatingadmissionpolicybinding,validatingadmissionpolicy ${namespace}; i=0; until ${until} >/dev/null 2>&1 || [ $((i += 1)) -gt 60 ]; do sleep 0.5; done`

const patchAccount = ({ namespace }: DoctorGround) =>
  `kubectl annotate serviceaccount default -n ${namespace} tried=now --overwrite --dry-run=server`
const requestToken = ({ system }: DoctorGround) => `kubectl create token pullpass -n ${system}`

/** As a kubelet writes it. */
async function waitForImage(
  { stage }: DoctorGround,
  pod: { readonly namespace: string; readonly name: string; readonly container: string },
  waiting: { readonly reason: string; readonly message: string },
): Promise<void> {
  const { namespace, name, container } = pod
  await stage.admin({
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

/** The pod that a Job of the CronJob made, as soon as it is there. */
async function startJob({ stage, system }: DoctorGround): Promise<string> {
  await stage.succeed(`kubectl create job --from=cronjob/pullpass pullpass-first -n ${system}`)
  const find = `kubectl get pods -n ${system} -l batch.kubernetes.io/job-name=pullpass-first -o name`
  const found = await waitUntil(
    'the pod of the Job',
    30_000,
    async () => (await stage.succeed(find)).trim() || undefined,
  )
  return found.replace('pod/', '')
}

export const writeFaults: readonly RealFault[] = [
  {
    title: 'somebody set immutable on the Secret',
    plant: ({ stage, namespace }) =>
      stage.succeed(`kubectl patch secret regcred -n ${namespace} -p '{"immutable":true}'`),
    hop: 'secret',
    code: 'SECRET_IMMUTABLE',
    runs: /^kubectl delete secret regcred -n \S+ && pullpass refresh -f \S+$/,
  },
  {
    title: 'a webhook changes the Secret on its way, so that a refresh brings nothing back',
    async plant(ground) {
      await makeWebhook(ground, 'Mutating', '/rewrite')
      await ground.stage.succeed(`pullpass refresh -f ${ground.file}`)
    },
    hop: 'write',
    code: 'SECRET_MUTATED',
    says: /^let the operator of (\S+)\.example\.com \(MutatingWebhookConfiguration \1\) exclude this Secret \(objectSelector: app\.kubernetes\.io\/managed-by NotIn \[pullpass\]\); then pullpass refresh -f \S+$/,
    does: ({ namespace, file }) => {
      const selector = {
        matchExpressions: [{ key: 'app.kubernetes.io/managed-by', operator: 'NotIn', values: ['pullpass'] }],
      }
      const change = JSON.stringify([{ op: 'add', path: '/webhooks/0/objectSelector', value: selector }])
      return `kubectl patch mutatingwebhookconfiguration ${namespace} --type=json -p '${change}' && sleep 2 && pullpass refresh -f ${file}`
    },
  },
  {
    title: 'a webhook that the API server asks about Secrets does not answer',
    plant: (ground) => makeWebhook(ground, 'Validating', '/stall'),
    hop: 'write',
    code: 'ADMISSION_UNAVAILABLE',
    says: /^let the operator of that webhook bring it back, or leave out what pullpass writes; kubectl get validatingwebhookconfigurations,mutatingwebhookconfigurations -o yaml names its configuration$/,
    does: ({ namespace }) => `kubectl delete validatingwebhookconfiguration ${namespace} && sleep 2`,
  },
  {
    title: "a policy keeps the Secret's name out of service accounts, from which somebody took it",
    async plant(ground) {
      const { stage, namespace } = ground
      await stage.succeed(
        `kubectl patch serviceaccount default -n ${namespace} --type=merge -p '{"imagePullSecrets":[]}'`,
      )
      await makePolicy(ground, { resources: 'serviceaccounts', operations: 'UPDATE', until: patchAccount(ground) })
    },
    hop: 'service-account',
    code: 'KUBERNETES_REFUSED',
    says: /^let the operator of ValidatingAdmissionPolicy (\S+) except pullpass: kubectl get validatingadmissionpolicy \1 -o yaml$/,
    does: (ground) => `${dropPolicy(ground, patchAccount(ground))}; pullpass refresh -f ${ground.file}`,
  },
  {
    title: 'a policy refuses the token request of who refreshes',
    async plant(ground) {
      const { system } = ground
      await makePolicy(
        { ...ground, namespace: system },
        {
          resources: 'serviceaccounts/token',
          operations: 'CREATE',
          until: requestToken(ground),
        },
      )
    },
    hop: 'subject-token',
    code: 'TOKEN_REQUEST_REFUSED',
    says: /^let the operator of ValidatingAdmissionPolicy (\S+) except pullpass: kubectl get validatingadmissionpolicy \1 -o yaml$/,
    does: (ground) => dropPolicy({ ...ground, namespace: ground.system }, requestToken(ground)),
  },
  {
    title: 'a quota leaves no room for the Secret, which was deleted',
    async plant(ground) {
      const { stage, namespace } = ground
      await stage.succeed(`kubectl create quota objects -n ${namespace} --hard=count/secrets=0`)
      const used = `kubectl get quota objects -n ${namespace} -o jsonpath='{.status.used}'`
      await waitUntil('the quota', 60_000, async () => (await stage.succeed(used)).trim() || undefined)
      await deleteSecret(ground)
    },
    hop: 'write',
    code: 'KUBERNETES_QUOTA_EXCEEDED',
    says: /^raise the quota, or delete what is not needed there: kubectl describe resourcequota objects -n \S+$/,
    does: ({ namespace, file }) =>
      `kubectl patch quota objects -n ${namespace} -p '{"spec":{"hard":{"count/secrets":"5"}}}' && i=0; until pullpass refresh -f ${file} || [ $((i += 1)) -gt 30 ]; do sleep 1; done`,
  },
  {
    title: 'the CronJob that refreshes is suspended, and the Secret is gone',
    ground: { installed: 'by manifests' },
    async plant(ground) {
      const { stage, system } = ground
      await stage.succeed(`kubectl patch cronjob pullpass -n ${system} -p '{"spec":{"suspend":true}}'`)
      await deleteSecret(ground)
    },
    refresher: 'named',
    hop: 'schedule',
    code: 'REFRESH_SUSPENDED',
    runs: /^kubectl patch cronjob pullpass -n \S+ -p '\{"spec":\{"suspend":false\}\}' && pullpass refresh -f \S+$/,
  },
  {
    title: 'the CronJob that refreshes cannot pull its own image, and the Secret is gone',
    ground: { installed: 'by manifests' },
    async plant(ground) {
      const name = await startJob(ground)
      const message =
        'Back-off pulling image "x": ErrImagePull: failed to authorize: failed to fetch oauth token: unexpected status: 401 Unauthorized'
      const pod = { namespace: ground.system, name, container: 'refresh' }
      await waitForImage(ground, pod, { reason: 'ImagePullBackOff', message })
      await deleteSecret(ground)
    },
    refresher: 'named',
    hop: 'schedule',
    code: 'REFRESH_IMAGE_NOT_PULLED',
    runs: /^pullpass refresh -f \S+ && kubectl delete pod pullpass-first-\S+ -n \S+$/,
  },
  {
    title: 'a container may never pull its image, and its node does not have it',
    plant: (ground) =>
      waitForImage(
        ground,
        { namespace: ground.namespace, name: 'web-0', container: 'web' },
        { reason: 'ErrImageNeverPull', message: 'Container image "x" is not present with pull policy of Never' },
      ),
    hop: 'events',
    code: 'IMAGE_NEVER_PULLED',
    runs: /^kubectl patch statefulset web -n \S+ -p '\{.*"imagePullPolicy":"IfNotPresent".*\}' && kubectl delete pod web-0 -n \S+ --ignore-not-found$/,
  },
]
