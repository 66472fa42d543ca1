/** Faults of the pod: what it names, what else it names, and what its kubelet waits for. */
import type { Fault } from '../fault.ts'
import { podPath, type World } from '../ground.ts'

const pod = `${podPath}/web-0`
const account = '/api/v1/namespaces/team-a/serviceaccounts/default'
const unattached = { more: '' }

export async function remake({ send, makePod }: World, spec: object = {}): Promise<void> {
  await send('DELETE', pod)
  await makePod(spec)
}

const attach = ({ send }: World, ...names: readonly string[]) =>
  send('PATCH', account, { imagePullSecrets: names.map((name) => ({ name })) }, 'application/merge-patch+json')

const broken = JSON.stringify({ auths: { 'quay.io': { auth: Buffer.from('no-colon').toString('base64') } } })

/** `kubernetes.io/dockercfg` is the form of old: the entries alone. */
export const makeSecret = (
  { send }: World,
  name: string,
  config: string,
  form: 'dockerconfigjson' | 'dockercfg' = 'dockerconfigjson',
): Promise<void> =>
  send('POST', '/api/v1/namespaces/team-a/secrets', {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name },
    type: `kubernetes.io/${form}`,
    data: { [`.${form}`]: Buffer.from(config).toString('base64') },
  })

export const podFaults: readonly Fault[] = [
  {
    title: 'the pod of that name does not exist',
    plant: ({ send }) => send('DELETE', pod),
    hop: 'pod',
    code: 'POD_NOT_FOUND',
    fix: /^kubectl get pods -n team-a/,
    unrun: 'it shows what is there',
    repair: ({ makePod }) => makePod(),
  },
  {
    title: "the Secret's name was removed from the service account, and the pod was created since",
    document: unattached,
    async before(world) {
      await attach(world, 'regcred')
      await remake(world)
    },
    async plant(world) {
      await attach(world)
      await remake(world)
    },
    hop: 'pod',
    code: 'POD_SECRET_MISSING',
    seen: /^it has no imagePullSecrets: kubelets pull its images without regcred$/,
    fix: /^kubectl patch serviceaccount default -n team-a --type=merge -p '\{"imagePullSecrets":\[\{"name":"regcred"\}\]\}' && kubectl delete pod web-0 -n team-a\n/,
    repair: 'command',
  },
  {
    title: "the pod names another's Secret, and so gets none of its service account",
    async plant(ground) {
      await makeSecret(ground, 'other', '{"auths":{}}')
      await remake(ground, { imagePullSecrets: [{ name: 'other' }] })
    },
    hop: 'pod',
    code: 'POD_SECRET_MISSING',
    fix: /^add regcred to spec.imagePullSecrets of the pod template/,
    repair: (ground) => remake(ground, { imagePullSecrets: [{ name: 'other' }, { name: 'regcred' }] }),
  },
  {
    title: 'the pod was made before its service account named the Secret',
    document: unattached,
    plant: (ground) => attach(ground, 'regcred'),
    hop: 'pod',
    code: 'POD_OLDER_THAN_ATTACHMENT',
    seen: /before ServiceAccount default named regcred$/,
    fix: /^kubectl delete pod web-0 -n team-a\nits controller creates a new one/,
    repair: 'command',
  },
  {
    title: "the Secret's name was removed from the service account",
    plant: (ground) => attach(ground),
    hop: 'service-account',
    code: 'SERVICE_ACCOUNT_NOT_ATTACHED',
    fix: /^pullpass refresh -f /,
    repair: 'command',
  },
  {
    title: 'a service account that the document names does not exist',
    plant: ({ send }) => send('DELETE', '/api/v1/namespaces/team-b/serviceaccounts/builder'),
    document: { more: '  attachToServiceAccounts: [default, builder]' },
    before: async ({ send, pullpass, file }) => {
      for (const namespace of ['team-a', 'team-b'])
        await send('POST', `/api/v1/namespaces/${namespace}/serviceaccounts`, {
          apiVersion: 'v1',
          kind: 'ServiceAccount',
          metadata: { name: 'builder' },
        })
      await pullpass(['refresh', '-f', file])
    },
    everywhere: true,
    hop: 'service-account',
    code: 'SERVICE_ACCOUNT_NOT_FOUND',
    result: 'warning',
    fix: /^kubectl create serviceaccount builder -n team-b && pullpass refresh -f /,
    repair: 'command',
  },
  {
    title: "another pull secret, which the pod's maker names, breaks all its pulls",
    async plant(world) {
      await makeSecret(world, 'other', broken)
      await remake(world, { imagePullSecrets: [{ name: 'other' }, { name: 'regcred' }] })
    },
    hop: 'pod-secrets',
    code: 'OTHER_SECRET_MALFORMED',
    seen: /quay.io: auth contains no ":"/,
    fix: /^kubectl delete secret other -n team-a\nkubelets ignore a Secret that does not exist/,
    unrun: 'a warning stays, as e2e/doctor.test.ts sees',
    repair: async (world) => {
      await world.send('DELETE', '/api/v1/namespaces/team-a/secrets/other')
      await makeSecret(world, 'other', '{"auths":{}}')
    },
  },
  {
    title: 'another pull secret, which the pod has of its service account, breaks all its pulls',
    async plant(world) {
      await makeSecret(world, 'other', broken)
      await attach(world, 'other', 'regcred')
      await remake(world)
    },
    hop: 'pod-secrets',
    code: 'OTHER_SECRET_MALFORMED',
    fix: /^kubectl patch serviceaccount default -n team-a .*'\{"imagePullSecrets":\[\{"name":"regcred"\}\]\}' && kubectl delete pod web-0 -n team-a\n.*the Secret is kept/,
    repair: 'command',
  },
  {
    title: 'another pull secret, of the form that docker wrote of old, breaks all its pulls',
    async plant(world) {
      const entry = { 'quay.io': { username: 'robot', password: 'p', auth: 'not base64' } }
      await makeSecret(world, 'other', JSON.stringify(entry), 'dockercfg')
      await attach(world, 'other', 'regcred')
      await remake(world)
    },
    hop: 'pod-secrets',
    code: 'OTHER_SECRET_MALFORMED',
    seen: /quay.io: auth is not standard base64$/,
    fix: /^kubectl patch serviceaccount default -n team-a /,
    repair: 'command',
  },
  {
    title: 'the pod names a Secret that does not exist',
    plant: (ground) => remake(ground, { imagePullSecrets: [{ name: 'regcred' }, { name: 'forgotten' }] }),
    hop: 'pod-secrets',
    code: 'OTHER_SECRET_NOT_FOUND',
    result: 'warning',
    fix: /^make it, or remove its name from what makes the pod/,
    repair: (ground) => remake(ground),
  },
]
