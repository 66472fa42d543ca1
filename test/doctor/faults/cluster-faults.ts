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
  title: `the account that refreshes may not ${verb} ${resource}`,
  document: requested,
  plant: lack(resource, verb),
  hop,
  code: 'PERMISSION_MISSING',
  seen: new RegExp(`^this user may not ${verb} ${resource} \\S+ in team-a$`),
  fix: /^pullpass manifests -f \S+pull\.yaml --image "\$\{IMAGE:\?\}" \| kubectl apply --server-side --force-conflicts -f -\ngrants exactly the permissions/,
  repair: 'command',
})

const refuse = ({ sandbox }: World, status: number, message: string) =>
  sandbox.parts.kubernetes.faults.inject(
    {
      kind: 'response',
      response: {
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

const denial = (message: string) =>
  ({
    kind: 'response',
    response: {
      status: 403,
      body: { kind: 'Status', apiVersion: 'v1', status: 'Failure', message, reason: 'Forbidden', code: 403 },
    },
  }) as const

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

async function makeGlobbed({ send, pullpass, file }: World): Promise<void> {
  await send('POST', '/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'ci-1' } })
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
    title: 'the account that refreshes may not list namespaces, and the document names a glob',
    document: globbed,
    plant: lack('namespaces', 'list'),
    hop,
    code: 'PERMISSION_MISSING',
    seen: /^this user may not list namespaces in the whole cluster$/,
    fix: /^pullpass manifests -f /,
    repair: 'command',
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
    fix: /^exempt pullpass in ValidatingAdmissionPolicy no-secrets: kubectl get validatingadmissionpolicy no-secrets -o yaml/,
    repair: clear,
  },
  {
    title: 'a quota does not permit the Secret, which was deleted: a refresh alone would not restore it',
    async plant(ground) {
      await ground.send('DELETE', '/api/v1/namespaces/team-a/secrets/regcred')
      refuse(
        ground,
        403,
        'secrets "regcred" is forbidden: exceeded quota: objects, requested: secrets=1, used: secrets=9, limited: secrets=9',
      )
    },
    hop: 'write',
    code: 'KUBERNETES_QUOTA_EXCEEDED',
    seen: /exceeded quota: objects/,
    fix: /^raise the quota, or delete unused objects: kubectl describe resourcequota objects -n team-a/,
    async repair(ground) {
      clear(ground)
      await ground.pullpass(['refresh', '-f', ground.file])
    },
  },
  {
    title: 'a webhook for Secrets does not respond',
    plant: (ground) =>
      refuse(
        ground,
        500,
        'Internal error occurred: failed calling webhook "labels.example.com": failed to call webhook: Post "https://labels.example.com/": context deadline exceeded',
      ),
    hop: 'write',
    code: 'ADMISSION_UNAVAILABLE',
    seen: /failed calling webhook "labels\.example\.com"/,
    fix: /^restore that webhook, or exclude what pullpass writes from its rules; kubectl get /,
    repair: clear,
  },
  {
    title: 'a webhook changes the Secret on its way, so that a refresh brings nothing back',
    async plant(world) {
      const { cluster, parts } = world.sandbox
      const secret = cluster.store.read('Secret', 'team-a', 'regcred')
      if (secret === undefined) throw new Error('the Secret is there')
      const mirror = { 'mirror.example.com': { auth: Buffer.from('oauth2accesstoken:x').toString('base64') } }
      const data = { '.dockerconfigjson': Buffer.from(JSON.stringify({ auths: mirror })).toString('base64') }
      const { annotations: _, ...metadata } = secret.metadata
      const rewritten = { ...secret, metadata, data }
      cluster.store.put(rewritten)
      parts.kubernetes.faults.inject(
        { kind: 'response', response: { status: 200, body: rewritten } },
        { when: ({ method, path }) => method === 'PATCH' && path.endsWith('/team-a/secrets/regcred') },
      )
    },
    hop: 'write',
    code: 'SECRET_MUTATED',
    seen: /^admission changes what a refresh writes: data\[\.dockerconfigjson\], metadata\.annotations\[/,
    fix: /^find what changes it: kubectl get mutatingwebhookconfigurations -o yaml; let its operator exclude this Secret .*; then pullpass refresh -f /,
    async repair(world) {
      clear(world)
      await world.pullpass(['refresh', '-f', world.file])
    },
  },
  {
    title: "a policy keeps the Secret's name out of service accounts, from which it was removed",
    async plant(world) {
      const account = '/api/v1/namespaces/team-a/serviceaccounts/default'
      await world.send('PATCH', account, { imagePullSecrets: [] }, 'application/merge-patch+json')
      world.sandbox.parts.kubernetes.faults.inject(
        denial(
          "serviceaccounts \"default\" is forbidden: ValidatingAdmissionPolicy 'accounts' with binding 'accounts' denied request: not these",
        ),
        { when: ({ method, path }) => method === 'PATCH' && path.includes('/serviceaccounts/') },
      )
    },
    hop: 'service-account',
    code: 'KUBERNETES_REFUSED',
    seen: /ValidatingAdmissionPolicy 'accounts'/,
    fix: /^exempt pullpass in ValidatingAdmissionPolicy accounts/,
    async repair(world) {
      clear(world)
      await world.pullpass(['refresh', '-f', world.file])
    },
  },
  {
    title: 'a policy refuses the token request of the account that refreshes',
    document: requested,
    plant: ({ sandbox }) =>
      sandbox.parts.kubernetes.faults.inject(
        denial(
          "serviceaccounts \"pullpass\" is forbidden: ValidatingAdmissionPolicy 'tokens' with binding 'tokens' denied request: not for this audience",
        ),
        { when: ({ method, path }) => method === 'POST' && path.endsWith('/token') },
      ),
    hop: 'subject-token',
    code: 'TOKEN_REQUEST_REFUSED',
    seen: /ValidatingAdmissionPolicy 'tokens'/,
    fix: /^exempt pullpass in ValidatingAdmissionPolicy tokens: kubectl get validatingadmissionpolicy tokens -o yaml/,
    repair: clear,
  },
  {
    title: 'the API server does not respond',
    plant: ({ sandbox }) => sandbox.parts.kubernetes.faults.inject({ kind: 'reset', at: 'request' }),
    hop: 'cluster',
    code: 'KUBERNETES_UNREACHABLE',
    fix: /^check that this address is reachable from here/,
    repair: clear,
  },
  {
    title: "the API server no longer accepts the kubeconfig's token",
    plant: ({ sandbox }) => sandbox.parts.kubernetes.faults.inject({ kind: 'response', response: unauthorized }),
    hop: 'cluster',
    code: 'KUBERNETES_UNAUTHENTICATED',
    fix: /^check that the token or client certificate is for this cluster/,
    repair: clear,
  },
  {
    title: 'a namespace that the document names was deleted',
    plant: ({ send }) => send('DELETE', '/api/v1/namespaces/team-b'),
    everywhere: true,
    hop: 'namespace',
    code: 'NAMESPACE_NOT_FOUND',
    fix: /^kubectl create namespace team-b && pullpass refresh -f /,
    repair: 'command',
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
    fix: /^none, unless the deletion does not end: check its finalizers/,
    repair: 'nothing',
  },
  {
    title: "the label by which the document selects the pod's namespace was removed",
    document: { selector: 'images: private' },
    plant: (world) => labelNamespace(world, 'team-a', null),
    hop: 'namespace',
    code: 'NAMESPACE_NOT_SELECTED',
    fix: /^kubectl label namespace team-a images=private --overwrite && pullpass refresh -f \S+\nthese are the labels of spec\.namespaces\.selector in \S+/,
    repair: 'command',
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
    repair: (world) => labelBoth(world, 'private'),
  },
  {
    title: 'the last namespace that a glob of the document matches was deleted',
    document: { include: ['team-a', 'team-b', 'ci-*'] },
    before: makeGlobbed,
    plant: ({ send }) => send('DELETE', '/api/v1/namespaces/ci-1'),
    everywhere: true,
    hop: 'namespace',
    code: 'GLOB_UNMATCHED',
    result: 'warning',
    fix: /^correct it if it is misspelled/,
    repair: makeGlobbed,
  },
]
