/** Faults of the pod: what it names, what else it names, and what its kubelet waits for. */
import type { Fault } from '../fault.ts'
import { podPath, type World } from '../ground.ts'

const pod = `${podPath}/web-0`
const account = '/api/v1/namespaces/team-a/serviceaccounts/default'
const unattached = { more: '' }

export async function remake({ ask, makePod }: World, spec: object = {}): Promise<void> {
  await ask('DELETE', pod)
  await makePod(spec)
}

const attach = ({ ask }: World, ...names: readonly string[]) =>
  ask('PATCH', account, { imagePullSecrets: names.map((name) => ({ name })) }, 'application/merge-patch+json')

const broken = JSON.stringify({ auths: { 'quay.io': { auth: Buffer.from('no-colon').toString('base64') } } })

/** `kubernetes.io/dockercfg` is the form of old: the entries alone. */
export const makeSecret = (
  { ask }: World,
  name: string,
  config: string,
  form: 'dockerconfigjson' | 'dockercfg' = 'dockerconfigjson',
): Promise<void> =>
  ask('POST', '/api/v1/namespaces/team-a/secrets', {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name },
    type: `kubernetes.io/${form}`,
    data: { [`.${form}`]: Buffer.from(config).toString('base64') },
  })

export const podFaults: readonly Fault[] = [
  {
    title: 'the pod of that name does not exist',
    plant: ({ ask }) => ask('DELETE', pod),
    hop: 'pod',
    code: 'POD_NOT_FOUND',
    fix: /^kubectl get pods -n team-a/,
    unrun: 'it shows what is there',
    mend: ({ makePod }) => makePod(),
  },
  {
    title: "somebody took the Secret's name out of the service account, and the pod was made since",
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
    seen: /^it has no imagePullSecrets: a kubelet pulls for it without regcred$/,
    fix: /^kubectl patch serviceaccount default -n team-a --type=merge -p '\{"imagePullSecrets":\[\{"name":"regcred"\}\]\}' && kubectl delete pod web-0 -n team-a\n/,
    mend: 'command',
  },
  {
    title: "the pod names another's Secret, and so gets none of its service account",
    async plant(ground) {
      await makeSecret(ground, 'other', '{"auths":{}}')
      await remake(ground, { imagePullSecrets: [{ name: 'other' }] })
    },
    hop: 'pod',
    code: 'POD_SECRET_MISSING',
    fix: /^add regcred to spec.imagePullSecrets of what makes this pod/,
    mend: (ground) => remake(ground, { imagePullSecrets: [{ name: 'other' }, { name: 'regcred' }] }),
  },
  {
    title: 'the pod was made before its service account named the Secret',
    document: unattached,
    plant: (ground) => attach(ground, 'regcred'),
    hop: 'pod',
    code: 'POD_OLDER_THAN_ATTACHMENT',
    seen: /before ServiceAccount default named regcred$/,
    fix: /^kubectl delete pod web-0 -n team-a\nits controller makes a new one/,
    mend: 'command',
  },
  {
    title: "somebody took the Secret's name out of the service account",
    plant: (ground) => attach(ground),
    hop: 'service-account',
    code: 'SERVICE_ACCOUNT_NOT_ATTACHED',
    fix: /^pullpass refresh -f /,
    mend: 'command',
  },
  {
    title: 'a service account that the document names does not exist',
    plant: ({ ask }) => ask('DELETE', '/api/v1/namespaces/team-b/serviceaccounts/builder'),
    document: { more: '  attachToServiceAccounts: [default, builder]' },
    before: async ({ ask, pullpass, file }) => {
      for (const namespace of ['team-a', 'team-b'])
        await ask('POST', `/api/v1/namespaces/${namespace}/serviceaccounts`, {
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
    mend: 'command',
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
    fix: /^kubectl delete secret other -n team-a\nkubelets pass over a Secret that does not exist/,
    unrun: 'a warning stays, as e2e/doctor.test.ts sees',
    mend: async (world) => {
      await world.ask('DELETE', '/api/v1/namespaces/team-a/secrets/other')
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
    fix: /^kubectl patch serviceaccount default -n team-a .*'\{"imagePullSecrets":\[\{"name":"regcred"\}\]\}' && kubectl delete pod web-0 -n team-a\n.*the Secret stays/,
    mend: 'command',
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
    mend: 'command',
  },
  {
    title: 'the pod names a Secret that does not exist',
    plant: (ground) => remake(ground, { imagePullSecrets: [{ name: 'regcred' }, { name: 'forgotten' }] }),
    hop: 'pod-secrets',
    code: 'OTHER_SECRET_NOT_FOUND',
    result: 'warning',
    fix: /^make it, or take its name out of what makes the pod/,
    mend: (ground) => remake(ground),
  },
]
