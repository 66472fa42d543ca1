/** What `uninstall` deletes and waits for, at an API server with aggregated discovery, which the sandbox does not have. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { Cluster } from '../../src/kubernetes/connection/cluster.ts'
import { SecretRegister } from '../../src/text/secret-register.ts'
import { planUninstall, type UninstallStep } from '../../src/uninstall/uninstall.ts'

const ours = { 'app.kubernetes.io/name': 'pullpass' }

interface Metadata {
  readonly name: string
  readonly namespace?: string
  readonly uid: string
  readonly labels?: Readonly<Record<string, string>>
  readonly finalizers?: readonly string[]
  readonly ownerReferences?: readonly { readonly uid: string }[]
}

/** Objects by the path of their collection. */
type Objects = Record<string, Metadata[]>

const kinds = {
  '': [
    ['ConfigMap', 'configmaps'],
    ['Event', 'events'],
    ['ServiceAccount', 'serviceaccounts'],
  ],
  'events.k8s.io': [['Event', 'events']],
  batch: [
    ['CronJob', 'cronjobs'],
    ['Job', 'jobs'],
  ],
  'example.com': [
    ['Event', 'events'],
    ['ConfigMap', 'configmaps'],
    ['ServiceAccount', 'serviceaccounts'],
  ],
}

function discoveryOf(groups: readonly string[]): object {
  const items = Object.entries(kinds).filter(([group]) => groups.includes(group))
  return {
    kind: 'APIGroupDiscoveryList',
    items: items.map(([name, ofGroup]) => ({
      metadata: { name },
      versions: [
        {
          version: 'v1',
          resources: ofGroup.map(([kind, resource]) => ({
            resource,
            responseKind: { kind },
            scope: 'Namespaced',
            verbs: ['list', 'delete'],
          })),
        },
      ],
    })),
  }
}

function clusterOf(objects: Objects): { readonly cluster: Cluster; readonly deleted: string[] } {
  const deleted: string[] = []
  const response = (status: number, content: object) => ({ status, body: JSON.stringify(content) })
  const fits = ({ labels = {} }: Metadata, selector: string) =>
    selector === '' ||
    selector.split(/,(?![^(]*\))/).every((one) => {
      const [, key = '', set = ''] = /^(\S+) in \((.*)\)$/.exec(one) ?? ['', ...one.split('=')]
      return set.split(',').includes(labels[key] ?? '')
    })
  const cluster: Cluster = {
    server: 'https://cluster.example.com:6443',
    secrets: new SecretRegister(),
    async request({ method, path }) {
      const url = new URL(path, 'https://cluster.example.com')
      if (url.pathname === '/api') return response(200, discoveryOf(['']))
      if (url.pathname === '/apis') return response(200, discoveryOf(Object.keys(kinds).slice(1)))
      const collection = url.pathname.slice(0, url.pathname.lastIndexOf('/'))
      const name = url.pathname.slice(collection.length + 1)
      const items = objects[collection]
      if (method === 'GET' && items?.some((one) => one.name === name))
        return response(200, { metadata: items.find((one) => one.name === name) })
      if (method === 'DELETE') {
        deleted.push(url.pathname)
        const left = (items ?? []).filter((one) => one.name !== name || one.finalizers !== undefined)
        objects[collection] = left
        return response(200, {})
      }
      const found = objects[url.pathname]
      if (
        found === undefined &&
        /\/(configmaps|events|serviceaccounts|cronjobs|jobs|namespaces)\/[^/]+$/.test(url.pathname)
      )
        return response(404, { kind: 'Status', status: 'Failure', code: 404, message: 'not found' })
      const selected = (found ?? []).filter((one) => fits(one, url.searchParams.get('labelSelector') ?? ''))
      return response(200, { metadata: {}, items: selected.map((metadata) => ({ metadata })) })
    },
    stream: () => assert.fail('no stream is opened'),
    clockAheadMs: () => undefined,
    reconnect: () => assert.fail('no other connection is requested'),
    authorities: () => assert.fail('no authorities are read'),
    close: async () => undefined,
  }
  return { cluster, deleted }
}

const namespace = 'images-system'
const inNamespace = (path: string) => path.replace('*', `namespaces/${namespace}`)
const namespaces = (): Objects => ({
  '/api/v1/namespaces': [{ name: namespace, uid: 'n', labels: { ...ours, 'kubernetes.io/metadata.name': namespace } }],
})
const policies = '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies'

const plan = async (cluster: Cluster) => {
  let seconds = 0
  return await planUninstall(
    { documents: [], resources: { definitions: [], objects: [] }, namespace, pullSecrets: 'Keep' },
    cluster,
    {
      now: () => new Date(Date.UTC(2026, 10, 24, 12, 0, seconds)),
      sleep: async () => {
        seconds += 1
      },
      signal: new AbortController().signal,
    },
  )
}
const inWords = (steps: readonly UninstallStep[]) =>
  steps.map(({ result, kind, name, note }) => [result, kind, name, note].filter(Boolean).join(' '))

suite('the namespace of an installation', () => {
  test('is deleted with the objects that Kubernetes creates in every namespace', async () => {
    const { cluster, deleted } = clusterOf({
      ...namespaces(),
      [inNamespace('/api/v1/*/configmaps')]: [{ name: 'kube-root-ca.crt', uid: 'c' }],
      [inNamespace('/api/v1/*/serviceaccounts')]: [{ name: 'default', uid: 's' }],
      [inNamespace('/api/v1/*/events')]: [{ name: 'one', uid: 'e' }],
      [inNamespace('/apis/events.k8s.io/v1/*/events')]: [{ name: 'one', uid: 'e' }],
    })
    const { execute } = await plan(cluster)
    assert.deepEqual(inWords(await execute('none')), ['deleted Namespace images-system'])
    assert.deepEqual(deleted, ['/api/v1/namespaces/images-system'])
  })

  for (const [resource, kind, name] of [
    ['events', 'Event', 'concert'],
    ['configmaps', 'ConfigMap', 'kube-root-ca.crt'],
    ['serviceaccounts', 'ServiceAccount', 'default'],
  ] as const) {
    test(`is kept where it contains the custom resource ${kind} ${name} of another API group`, async () => {
      const { cluster } = clusterOf({
        ...namespaces(),
        [inNamespace(`/apis/example.com/v1/*/${resource}`)]: [{ name, uid: 'x' }],
      })
      assert.deepEqual(inWords((await plan(cluster)).steps), [
        `kept Namespace images-system it contains other objects: ${kind} ${name}`,
      ])
    })
  }

  test('is kept, with the policies of other components, where an object was created after the plan', async () => {
    const objects: Objects = {
      ...namespaces(),
      [policies]: [{ name: `pullpass-issuer.${namespace}`, uid: 'p', labels: ours }],
    }
    const { cluster, deleted } = clusterOf(objects)
    const { steps, execute } = await plan(cluster)
    assert.deepEqual(inWords(steps), [
      'pending ValidatingAdmissionPolicy pullpass-issuer.images-system',
      'pending Namespace images-system',
    ])
    objects[inNamespace('/api/v1/*/configmaps')] = [{ name: 'new', uid: 'x' }]

    const note = 'namespace images-system is kept: it contains other objects: ConfigMap new'
    assert.deepEqual(inWords(await execute('none')), [
      `kept ValidatingAdmissionPolicy pullpass-issuer.images-system ${note}`,
      `kept Namespace images-system ${note}`,
    ])
    assert.deepEqual(deleted, [])
  })
})

suite('a deletion that does not end', () => {
  const labels = { ...ours, 'app.kubernetes.io/component': 'refresh' }
  const cronJob = { name: 'pullpass', namespace, uid: 'c', labels, finalizers: ['foregroundDeletion'] }
  const job = (name: string, owner: string, finalizers?: readonly string[]): Metadata => ({
    name,
    namespace,
    uid: name,
    ownerReferences: [{ uid: owner }],
    ...(finalizers && { finalizers }),
  })

  test('of the CronJob names the Jobs and Pods with finalizers that it waits for, and no others', async () => {
    const { cluster } = clusterOf({
      '/apis/batch/v1/cronjobs': [cronJob],
      [inNamespace('/apis/batch/v1/*/cronjobs')]: [cronJob],
      [inNamespace('/apis/batch/v1/*/jobs')]: [
        job('manual', 'c', ['foregroundDeletion', 'example.com/audit']),
        job('other', 'elsewhere', ['example.com/audit']),
      ],
      [inNamespace('/api/v1/*/pods')]: [job('manual-x7k2p', 'manual', ['batch.kubernetes.io/job-tracking'])],
    })
    const [stopped, ...blocked] = await (await plan(cluster)).execute('none')
    assert.deepEqual([stopped?.phase, stopped?.result, stopped?.fault?.code], ['stop', 'failed', 'KUBERNETES_REFUSED'])
    assert.equal(
      stopped?.fault?.seen,
      'CronJob images-system/pullpass was deleted, and still exists after 90 s: Job images-system/manual has finalizer example.com/audit, Pod images-system/manual-x7k2p has finalizer batch.kubernetes.io/job-tracking',
    )
    assert.equal(
      stopped?.fault?.hint,
      'let the controller of the finalizer finish, or remove the finalizer (kubectl edit jobs manual -n images-system); then run the same command again',
    )
    assert.ok(blocked.every(({ result }) => result === 'blocked' || result === 'absent'))
  })

  for (const [name, printed] of [
    ['$(touch pwned)', "'$(touch pwned)'"],
    ['--server=https://evil.example.com', '"${NAME:?}"'],
    ['a\u202Eb', '"${NAME:?}"'],
  ] as const) {
    test(`of the CronJob prints the name of an object as one operand: ${JSON.stringify(name)}`, async () => {
      const { cluster } = clusterOf({
        '/apis/batch/v1/cronjobs': [cronJob],
        [inNamespace('/apis/batch/v1/*/cronjobs')]: [cronJob],
        [inNamespace('/apis/batch/v1/*/jobs')]: [job(name, 'c', ['example.com/audit'])],
      })
      const [stopped] = await (await plan(cluster)).execute('none')
      assert.ok(stopped?.fault?.hint?.includes(`(kubectl edit jobs ${printed} -n images-system)`), stopped?.fault?.hint)
    })
  }

  test('of the CronJob names what it waits for where no finalizer delays it', async () => {
    const { cluster } = clusterOf({
      '/apis/batch/v1/cronjobs': [cronJob],
      [inNamespace('/apis/batch/v1/*/cronjobs')]: [cronJob],
      [inNamespace('/apis/batch/v1/*/jobs')]: [job('manual', 'c')],
    })
    const [stopped] = await (await plan(cluster)).execute('none')
    assert.match(stopped?.fault?.seen ?? '', /still exists after 90 s: Job images-system\/manual$/)
    assert.match(stopped?.fault?.hint ?? '', /^wait until its dependents are removed/)
  })

  test('of the namespace names the objects in it that have finalizers', async () => {
    const objects: Objects = {
      ...namespaces(),
      [inNamespace('/api/v1/*/configmaps')]: [
        { name: 'pullpass-trust', namespace, uid: 'm', finalizers: ['example.com/audit'] },
      ],
    }
    objects['/api/v1/namespaces'] = (objects['/api/v1/namespaces'] ?? []).map((one) => ({ ...one, finalizers: [] }))
    const { cluster } = clusterOf(objects)
    const steps = await (await plan(cluster)).execute('none')
    assert.match(
      steps.at(-1)?.fault?.seen ?? '',
      /^Namespace images-system was deleted, and still exists after 90 s: ConfigMap images-system\/pullpass-trust has finalizer example\.com\/audit$/,
    )
  })
})
