/** Which namespaces `uninstall` deletes: by an API server with aggregated discovery, which the sandbox does not have. */
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
  const answer = (status: number, content: object) => ({ status, body: JSON.stringify(content) })
  const fits = ({ labels = {} }: Metadata, selector: string) =>
    selector === '' ||
    selector.split(',').every((one) => {
      const [key = '', value] = one.split('=')
      return labels[key] === value
    })
  const cluster: Cluster = {
    server: 'https://cluster.example.com:6443',
    secrets: new SecretRegister(),
    async request({ method, path }) {
      const url = new URL(path, 'https://cluster.example.com')
      if (url.pathname === '/api') return answer(200, discoveryOf(['']))
      if (url.pathname === '/apis') return answer(200, discoveryOf(Object.keys(kinds).slice(1)))
      const collection = url.pathname.slice(0, url.pathname.lastIndexOf('/'))
      const name = url.pathname.slice(collection.length + 1)
      const items = objects[collection]
      if (method === 'GET' && items?.some((one) => one.name === name))
        return answer(200, { metadata: items.find((one) => one.name === name) })
      if (method === 'DELETE') {
        deleted.push(url.pathname)
        const left = (items ?? []).filter((one) => one.name !== name || one.finalizers !== undefined)
        objects[collection] = left
        return answer(200, {})
      }
      const found = objects[url.pathname]
      if (
        found === undefined &&
        /\/(configmaps|events|serviceaccounts|cronjobs|jobs|namespaces)\/[^/]+$/.test(url.pathname)
      )
        return answer(404, { kind: 'Status', status: 'Failure', code: 404, message: 'not found' })
      const selected = (found ?? []).filter((one) => fits(one, url.searchParams.get('labelSelector') ?? ''))
      return answer(200, { metadata: {}, items: selected.map((metadata) => ({ metadata })) })
    },
    stream: () => assert.fail('no stream is opened'),
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
  return await planUninstall({ documents: [], namespace, pullSecrets: 'Keep' }, cluster, {
    now: () => new Date(Date.UTC(2026, 10, 24, 12, 0, seconds)),
    sleep: async () => {
      seconds += 1
    },
    signal: new AbortController().signal,
  })
}
const told = (steps: readonly UninstallStep[]) =>
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
    assert.deepEqual(told(await execute('none')), ['deleted Namespace images-system'])
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
      assert.deepEqual(told((await plan(cluster)).steps), [
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
    assert.deepEqual(told(steps), [
      'pending ValidatingAdmissionPolicy pullpass-issuer.images-system',
      'pending Namespace images-system',
    ])
    objects[inNamespace('/api/v1/*/configmaps')] = [{ name: 'new', uid: 'x' }]

    const note = 'namespace images-system is kept: it contains other objects: ConfigMap new'
    assert.deepEqual(told(await execute('none')), [
      `kept ValidatingAdmissionPolicy pullpass-issuer.images-system ${note}`,
      `kept Namespace images-system ${note}`,
    ])
    assert.deepEqual(deleted, [])
  })
})
