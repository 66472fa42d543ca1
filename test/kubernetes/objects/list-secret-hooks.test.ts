import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { Cluster } from '../../../src/kubernetes/connection/cluster.ts'
import { hooksIn, listSecretHooks, nameHook } from '../../../src/kubernetes/objects/webhooks.ts'
import { SecretRegister } from '../../../src/text/secret-register.ts'

const rule = { apiGroups: [''], apiVersions: ['v1'], resources: ['secrets'], operations: ['CREATE', 'UPDATE'] }
const labels = { 'app.kubernetes.io/managed-by': 'pullpass' }

/** A cluster with these mutating webhooks, and no validating ones that may be read. */
const clusterOf = (webhooks: readonly object[]): Cluster => ({
  server: 'https://10.0.0.1',
  secrets: new SecretRegister(),
  async request({ path }) {
    const isMutating = path.includes('/mutatingwebhookconfigurations')
    const items = [{ metadata: { name: 'labels' }, webhooks }]
    return isMutating ? { status: 200, body: JSON.stringify({ items }) } : { status: 403, body: '{}' }
  },
  stream: () => assert.fail('no stream is opened'),
  clockAheadMs: () => undefined,
  reconnect: () => clusterOf(webhooks),
  authorities: async () => [],
  close: () => Promise.resolve(),
})

const namesOf = async (...webhooks: readonly object[]) =>
  (await listSecretHooks(clusterOf(webhooks), labels)).map(nameHook)

suite('the webhooks that the API server calls for a pull secret', () => {
  test('are named with their configuration', async () => {
    assert.deepEqual(await namesOf({ name: 'labels.example.com', rules: [rule] }), [
      'labels.example.com (MutatingWebhookConfiguration labels)',
    ])
  })

  for (const [title, change] of [
    ['other resources', { rules: [{ ...rule, resources: ['pods'] }] }],
    ['another group', { rules: [{ ...rule, apiGroups: ['apps'] }] }],
    ['deletions alone', { rules: [{ ...rule, operations: ['DELETE'] }] }],
    ['what is not part of a namespace', { rules: [{ ...rule, scope: 'Cluster' }] }],
    [
      'other objects, by its objectSelector',
      {
        objectSelector: {
          matchExpressions: [{ key: 'app.kubernetes.io/managed-by', operator: 'NotIn', values: ['pullpass'] }],
        },
      },
    ],
  ] as const) {
    test(`are not those of ${title}`, async () => {
      assert.deepEqual(await namesOf({ name: 'a.example.com', rules: [rule], ...change }), [])
    })
  }

  test('are those of all resources, too', async () => {
    const all = { ...rule, apiGroups: ['*'], resources: ['*'], operations: ['*'] }
    assert.equal((await namesOf({ name: 'a.example.com', rules: [all] })).length, 1)
  })

  test('are in a namespace those whose namespaceSelector fits its labels, its name among them', async () => {
    const namespaceSelector = { matchLabels: { 'kubernetes.io/metadata.name': 'team-a' } }
    const hooks = await listSecretHooks(clusterOf([{ name: 'a', rules: [rule], namespaceSelector }]), labels)
    assert.equal(hooksIn(hooks, 'team-a', {}).length, 1)
    assert.equal(hooksIn(hooks, 'team-b', {}).length, 0)
    assert.equal(hooksIn(hooks, 'team-b', undefined).length, 1, 'of unknown labels nothing is left out')
  })

  test('are unknown where a response makes no sense', async () => {
    assert.deepEqual(await namesOf({ name: 7, rules: 'all' }, { rules: [{ apiGroups: {}, resources: [null] }] }), [])
  })
})
