/** Faults of the cluster: who may do what, what it refuses, and its namespaces. */
import type { Fault } from '../fault.ts'
import { labelNamespace, type World } from '../ground.ts'

const hop = 'rights'
const pods = { verbs: ['get'], resources: ['pods'] }
const all = {
  secrets: ['list', 'create', 'patch'],
  serviceaccounts: ['list', 'patch'],
  'serviceaccounts/token': ['create'],
} as const

const requested = {
  more: '  serviceAccountRef: {namespace: image-system, name: pullpass}\n  attachToServiceAccounts: [default]',
}
const globbed = { include: ['team-*'], more: requested.more }

/** Everything but this one right. */
const lack = (resource: string, verb: string): Fault['plant'] => {
  const rules = Object.entries(all).map(([name, verbs]) => ({
    resources: [name],
    verbs: verbs.filter((one) => name !== resource || one !== verb),
  }))
  const rest = resource === 'namespaces' ? [] : [{ resources: ['namespaces'], verbs: ['list'] }]
  return ({ sandbox }) => sandbox.cluster.authorization.permit('kubernetes-admin', [...rules, ...rest, pods])
}

const missing = (resource: keyof typeof all, verb: string): Fault => ({
  title: `who refreshes may not ${verb} ${resource}`,
  document: requested,
  plant: lack(resource, verb),
  hop,
  code: 'RIGHT_MISSING',
  seen: new RegExp(`^who asks here may not ${verb} ${resource} \\S+ in team-a$`),
  fix: /^pullpass manifests -f \S+pull\.yaml \| kubectl apply --server-side --force-conflicts -f -\ngrants exactly the rights/,
  mend: 'command',
})

const refuse = ({ sandbox }: World, status: number, message: string) =>
  sandbox.parts.kubernetes.faults.inject(
    {
      kind: 'answer',
      answer: {
        status,
        body: {
          kind: 'Status',
          apiVersion: 'v1',
          status: 'Failure',
          message,
          reason: status === 403 ? 'Forbidden' : 'Invalid',
          code: status,
        },
      },
    },
    { when: ({ method, path }) => method === 'PATCH' && path.includes('/secrets/') },
  )

const labelBoth = async (world: World, value: 'private' | null) => {
  for (const namespace of ['team-a', 'team-b']) await labelNamespace(world, namespace, value)
}

const unauthorized = {
  status: 401,
  body: {
    kind: 'Status',
    apiVersion: 'v1',
    status: 'Failure',
    message: 'Unauthorized',
    reason: 'Unauthorized',
    code: 401,
  },
}

async function makeGlobbed({ ask, pullpass, file }: World): Promise<void> {
  await ask('POST', '/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'ci-1' } })
  await pullpass(['refresh', '-f', file])
}

const clear = ({ sandbox }: World) => sandbox.parts.kubernetes.faults.clear()

export const clusterFaults: readonly Fault[] = [
  missing('secrets', 'list'),
  missing('secrets', 'create'),
  missing('secrets', 'patch'),
  missing('serviceaccounts', 'list'),
  missing('serviceaccounts', 'patch'),
  {
    title: 'who refreshes may not list namespaces, and the document names a glob',
    document: globbed,
    plant: lack('namespaces', 'list'),
    hop,
    code: 'RIGHT_MISSING',
    seen: /^who asks here may not list namespaces in the whole cluster$/,
    fix: /^pullpass manifests -f /,
    mend: 'command',
  },
  {
    title: 'an admission policy refuses what pullpass writes',
    plant: (ground) =>
      refuse(
        ground,
        422,
        'secrets "regcred" is forbidden: ValidatingAdmissionPolicy \'no-secrets\' denied request: not here',
      ),
    hop: 'write',
    code: 'KUBERNETES_REFUSED',
    seen: /no-secrets/,
    fix: /its words name who refused: an admission policy or webhook/,
    mend: clear,
  },
  {
    title: 'a quota refuses another Secret',
    plant: (ground) =>
      refuse(ground, 403, 'secrets "regcred" is forbidden: exceeded quota: secrets, requested: secrets=1'),
    hop: 'write',
    code: 'KUBERNETES_REFUSED',
    seen: /exceeded quota/,
    fix: /a quota; let it pass what pullpass writes/,
    mend: clear,
  },
  {
    title: 'the API server does not answer',
    plant: ({ sandbox }) => sandbox.parts.kubernetes.faults.inject({ kind: 'reset', at: 'request' }),
    hop: 'cluster',
    code: 'KUBERNETES_UNREACHABLE',
    fix: /^see that this address is reachable from here/,
    mend: clear,
  },
  {
    title: "the API server knows the kubeconfig's token no more",
    plant: ({ sandbox }) => sandbox.parts.kubernetes.faults.inject({ kind: 'answer', answer: unauthorized }),
    hop: 'cluster',
    code: 'KUBERNETES_UNAUTHENTICATED',
    fix: /^see that the token or client certificate is of this cluster/,
    mend: clear,
  },
  {
    title: 'a namespace that the document names was deleted',
    plant: ({ ask }) => ask('DELETE', '/api/v1/namespaces/team-b'),
    everywhere: true,
    hop: 'namespace',
    code: 'NAMESPACE_MISSING',
    fix: /^kubectl create namespace team-b && pullpass refresh -f /,
    mend: 'command',
  },
  {
    title: 'a namespace that the document names is being deleted',
    plant({ sandbox }) {
      const namespace = sandbox.cluster.store.read('Namespace', '', 'team-b')
      if (namespace === undefined) throw new Error('team-b is there')
      const { metadata } = namespace
      sandbox.cluster.store.put({
        ...namespace,
        metadata: { ...metadata, deletionTimestamp: '2026-11-24T12:00:00Z', finalizers: ['example.com/hold'] },
      })
    },
    everywhere: true,
    hop: 'namespace',
    code: 'NAMESPACE_TERMINATING',
    result: 'warning',
    fix: /^nothing to do, unless it hangs: see its finalizers/,
    mend: 'nothing',
  },
  {
    title: "somebody took the label off the pod's namespace, by which the document chooses it",
    document: { selector: 'images: private' },
    plant: (world) => labelNamespace(world, 'team-a', null),
    hop: 'namespace',
    code: 'NAMESPACE_NOT_CHOSEN',
    fix: /^add it to spec.namespaces.include of a document, or give it the labels that its selector wants/,
    mend: (world) => labelNamespace(world, 'team-a', 'private'),
  },
  {
    title: 'the namespaces that the document selects lost their labels',
    document: { selector: 'images: private' },
    plant: (world) => labelBoth(world, null),
    everywhere: true,
    hop: 'namespace',
    code: 'NAMESPACES_EMPTY',
    seen: /^selects no namespace$/,
    fix: /^correct spec\.namespaces\.include, or the selector; create or label the namespaces/,
    mend: (world) => labelBoth(world, 'private'),
  },
  {
    title: 'the last namespace that a glob of the document matches was deleted',
    document: { include: ['team-a', 'team-b', 'ci-*'] },
    before: makeGlobbed,
    plant: ({ ask }) => ask('DELETE', '/api/v1/namespaces/ci-1'),
    everywhere: true,
    hop: 'namespace',
    code: 'GLOB_UNMATCHED',
    result: 'warning',
    fix: /^correct it, if it is misspelt/,
    mend: makeGlobbed,
  },
]
