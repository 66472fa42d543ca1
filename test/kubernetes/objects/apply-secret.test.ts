import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { type ApplyOptions, applySecret, type PullSecret } from '../../../src/kubernetes/objects/apply-pull-secret.ts'
import { listPullSecrets } from '../../../src/kubernetes/objects/pull-secrets.ts'
import { Redacted } from '../../../src/text/redacted.ts'
import { openSandboxCluster, openTestCluster } from '../open-test-cluster.ts'

const options: ApplyOptions = { manager: 'pullpass:ClusterPullSecret:a', force: 'yield', dryRun: 'none' }
const other: ApplyOptions = { ...options, manager: 'pullpass:ClusterPullSecret:b' }

function pullSecret(password: string, more: Partial<PullSecret> = {}): PullSecret {
  const auth = Buffer.from(`oauth2accesstoken:${password}`).toString('base64')
  return {
    namespace: 'team-a',
    name: 'regcred',
    labels: { 'app.kubernetes.io/managed-by': 'pullpass' },
    annotations: { 'pullpass.dev/document': 'ClusterPullSecret a' },
    dockerConfigJson: new Redacted(JSON.stringify({ auths: { 'registry.example': { auth } } })),
    ...more,
  }
}

suite('applying a pull secret', () => {
  test('creates it, leaves an equal one alone, and updates it in place', async (t) => {
    const { cluster, addNamespaces, api } = await openSandboxCluster(t)
    addNamespaces('team-a')
    const created = await applySecret(cluster, pullSecret('one'), options)
    assert.ok(created.outcome === 'created')
    const { uid, resourceVersion } = created
    const again = await applySecret(cluster, pullSecret('one', { uid, resourceVersion }), options)
    assert.deepEqual(again, { outcome: 'unchanged', uid, resourceVersion })
    const updated = await applySecret(cluster, pullSecret('two', { uid, resourceVersion }), options)
    assert.ok(updated.outcome === 'updated')
    assert.equal(updated.uid, uid)
    const stored = api.store.list('Secret')
    assert.equal(stored.length, 1)
  })

  test('stores the document that the kubelet reads, in standard base64', async (t) => {
    const requests: string[] = []
    const { cluster } = await openTestCluster(t, ({ body, query, headers }) => {
      requests.push(`${query.toString()} ${headers['content-type']} ${body.toString()}`)
      return { status: 201, body: { metadata: { uid: 'u', resourceVersion: '1' } } }
    })
    const dockerConfigJson = new Redacted('{"auths":{"ä?>":{}}}')
    const secret = { ...pullSecret(''), dockerConfigJson, uid: 'u', resourceVersion: '1' }
    await applySecret(cluster, secret, { ...options, force: 'force', dryRun: 'all' })
    assert.deepEqual(requests, [
      'fieldManager=pullpass%3AClusterPullSecret%3Aa&force=true&dryRun=All application/apply-patch+yaml ' +
        '{"apiVersion":"v1","kind":"Secret","metadata":{"name":"regcred","namespace":"team-a","uid":"u","resourceVersion":"1",' +
        '"labels":{"app.kubernetes.io/managed-by":"pullpass"},"annotations":{"pullpass.dev/document":"ClusterPullSecret a"}},' +
        '"type":"kubernetes.io/dockerconfigjson","data":{".dockerconfigjson":"eyJhdXRocyI6eyLDpD8+Ijp7fX19"}}',
    ])
  })

  test('requests a response without data', async (t) => {
    const { cluster, addNamespaces } = await openSandboxCluster(t)
    addNamespaces('team-a')
    let bodies = ''
    const listening = {
      ...cluster,
      request: async (sent: Parameters<typeof cluster.request>[0]) => {
        const response = await cluster.request(sent)
        bodies += response.body
        return response
      },
    }
    await applySecret(listening, pullSecret('one'), options)
    assert.match(bodies, /PartialObjectMetadata/)
    assert.doesNotMatch(bodies, /"data"|"\.dockerconfigjson":/)
  })

  test('stores nothing in a dry run', async (t) => {
    const { cluster, addNamespaces } = await openSandboxCluster(t)
    addNamespaces('team-a')
    const applied = await applySecret(cluster, pullSecret('one'), { ...options, dryRun: 'all' })
    assert.equal(applied.outcome, 'created')
    assert.deepEqual((await listPullSecrets(cluster, 'regcred', 'all')).found, new Map())
  })

  test('gives way to another document’s, naming it, and takes it over by force', async (t) => {
    const { cluster, addNamespaces } = await openSandboxCluster(t)
    addNamespaces('team-a')
    await applySecret(cluster, pullSecret('one'), options)
    await assert.rejects(applySecret(cluster, pullSecret('two'), other), {
      code: 'SECRET_NOT_OURS',
      seen: 'Secret team-a/regcred is managed by "pullpass:ClusterPullSecret:a"; it was left unchanged',
    })
    const taken = await applySecret(cluster, pullSecret('two'), { ...other, force: 'force' })
    assert.equal(taken.outcome, 'updated')
  })

  test('from an older state is refused, to be read again', async (t) => {
    const { cluster, addNamespaces } = await openSandboxCluster(t)
    addNamespaces('team-a')
    const created = await applySecret(cluster, pullSecret('one'), options)
    assert.ok(created.outcome === 'created')
    const { uid, resourceVersion } = created
    await applySecret(cluster, pullSecret('two'), options)
    const states: [string, Partial<PullSecret>][] = [
      ['409', { uid, resourceVersion }],
      ['422', { uid: '00000000-0000-4000-8000-000000000000' }],
      ['409', { uid, name: 'absent' }],
    ]
    for (const [status, state] of states) {
      await assert.rejects(
        applySecret(cluster, pullSecret('three', state), options),
        (fault: Error & { seen?: string }) => {
          assert.ok('code' in fault && 'retryable' in fault)
          assert.equal(fault.code, 'SECRET_CONFLICT')
          assert.equal(fault.retryable, true)
          assert.match(
            fault.seen ?? '',
            new RegExp(`was changed while pullpass updated it: the API server responded with ${status} "`),
          )
          return true
        },
      )
    }
  })

  test('does not change a Secret of another type', async (t) => {
    const { cluster, addNamespaces, api } = await openSandboxCluster(t)
    addNamespaces('team-a')
    api.seed({ apiVersion: 'v1', kind: 'Secret', type: 'Opaque', metadata: { namespace: 'team-a', name: 'regcred' } })
    await assert.rejects(applySecret(cluster, pullSecret('one'), { ...options, force: 'force' }), {
      code: 'SECRET_TYPE_WRONG',
      seen: 'Secret team-a/regcred has another type, which cannot be changed',
    })
  })

  test('needs its namespace; one that is being deleted is not a failure', async (t) => {
    const { cluster, api } = await openSandboxCluster(t)
    const held = { name: 'leaving', finalizers: ['example.dev/held'] }
    api.seed({ apiVersion: 'v1', kind: 'Namespace', metadata: held })
    await cluster.request({ method: 'DELETE', path: '/api/v1/namespaces/leaving' })
    assert.deepEqual(await applySecret(cluster, pullSecret('one', { namespace: 'leaving' }), options), {
      outcome: 'terminating',
    })
    await assert.rejects(applySecret(cluster, pullSecret('one', { namespace: 'absent' }), options), {
      code: 'NAMESPACE_NOT_FOUND',
      seen: 'namespace absent does not exist',
    })
  })

  test('without the right to it names the rule that is missing', async (t) => {
    const { cluster, addNamespaces, api } = await openSandboxCluster(t)
    addNamespaces('team-a')
    api.authorization.permit('admin', [{ verbs: ['patch'], resources: ['secrets'], resourceNames: ['regcred'] }])
    await assert.rejects(applySecret(cluster, pullSecret('one'), options), {
      code: 'KUBERNETES_FORBIDDEN',
      seen: 'the API server responded with 403 "secrets "regcred" is forbidden: User "admin" cannot create resource "secrets" in API group "" in the namespace "team-a""',
      expected: 'the right to create Secret team-a/regcred',
      hint: 'grant the rule {apiGroups: [""], resources: [secrets], resourceNames: [regcred], verbs: [create]} in a ClusterRole, or in a Role of team-a; pullpass manifests -f FILE prints all rules that a document needs',
    })
  })

  test('an admission policy that repeats the credential is not quoted', async (t) => {
    const refusal = (message: string) => ({
      status: 403,
      body: { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason: 'Forbidden', message, code: 403 },
    })
    let message = ''
    const { cluster } = await openTestCluster(t, () => refusal(message))
    const words = [
      ['denied: registry.example is not allowed', '"denied: registry.example is not allowed"'],
      ['denied: password swordfish-swordfish', '(its words are withheld: they repeat a secret)'],
      [
        `denied: ${Buffer.from('oauth2accesstoken:swordfish-swordfish').toString('base64')}`,
        '(its words are withheld: they repeat a secret)',
      ],
    ]
    for (const [sent, shown] of words) {
      message = sent ?? ''
      await assert.rejects(applySecret(cluster, pullSecret('swordfish-swordfish'), options), {
        code: 'KUBERNETES_REFUSED',
        seen: `the API server responded with 403 ${shown} for Secret team-a/regcred`,
      })
    }
  })
})
