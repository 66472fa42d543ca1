import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { Sandbox } from '../../../sandbox/start-sandbox.ts'
import { runPullpass } from '../../support/run-pullpass.ts'
import { runInspect, start } from './run-inspect.ts'

function seedSecret(sandbox: Sandbox, name: string, auths: object, metadata: object = {}): void {
  sandbox.cluster.seed({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { namespace: 'team-a', name, ...metadata },
    type: 'kubernetes.io/dockerconfigjson',
    data: { '.dockerconfigjson': Buffer.from(JSON.stringify({ auths })).toString('base64') },
  })
}

suite('pullpass inspect secret', () => {
  const auth = Buffer.from('robot:hunter2-hunter2').toString('base64')

  test('a pull secret that refresh wrote is shown with its manager, its expiry, and whether a kubelet uses it', async (t) => {
    const sandbox = await start(t)
    assert.equal((await runPullpass(sandbox, ['refresh'])).exitCode, 0)
    sandbox.clock.advance('12 min')
    const { exitCode, stdout } = await runInspect(sandbox, ['secret', 'team-a/regcred', '--image', sandbox.image])
    const host = `localhost:${sandbox.parts.registry.port}`
    assert.equal(exitCode, 0)
    assert.match(stdout, /^managed by +pullpass:ClusterPullSecret:regcred$/m)
    assert.match(stdout, /^document +environment\/regcred$/m)
    assert.match(stdout, /^refreshed +2026-11-24T12:00:00Z \(12 min ago\)$/m)
    const row = `${host}  oauth2accesstoken  2026-11-24T13:00:00Z (in 48 min)  tried as no. 1`
    assert.ok(stdout.split('\n').includes(row), stdout)
    assert.ok(stdout.endsWith(`\nA kubelet can parse it, and uses ${host} for ${sandbox.image}.\n`), stdout)
  })

  test('an expiry that another field manager wrote is ignored', async (t) => {
    const sandbox = await start(t)
    await runPullpass(sandbox, ['refresh'])
    const token = /token: "?([^"\n]+)"?/.exec(sandbox.kubeconfig)?.[1] ?? ''
    await sandbox.cluster.handle({
      method: 'PATCH',
      path: '/api/v1/namespaces/team-a/secrets/regcred',
      query: new URLSearchParams({ fieldManager: 'kubectl-annotate' }),
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/merge-patch+json' },
      body: Buffer.from(
        JSON.stringify({ metadata: { annotations: { 'pullpass.dev/expires-at': '9999-01-01T00:00:00Z' } } }),
      ),
      signal: new AbortController().signal,
    })
    const { stdout } = await runPullpass(sandbox, ['inspect', 'secret', 'team-a/regcred'])
    assert.match(stdout, /\nnote: another client changed its annotations: its expiry is unknown\n/)
    assert.match(stdout, / oauth2accesstoken +unknown\n/)
  })

  test('an image of another registry is a problem', async (t) => {
    const sandbox = await start(t)
    seedSecret(sandbox, 'mine', { 'quay.io/org/': { auth } })
    const { exitCode, stdout } = await runInspect(sandbox, ['secret', 'team-a/mine', '--image', 'quay.io/other/app'])
    assert.equal(exitCode, 1)
    assert.match(stdout, /^quay\.io\/org\/ +robot +unknown +not tried: other path$/m)
    assert.match(stdout, /^IMAGE_NOT_MATCHED \(registry\): none of its hosts matches quay\.io\/other\/app: /m)
  })

  test('a Secret that breaks pulls is reported, and its credential is never shown', async (t) => {
    const sandbox = await start(t)
    seedSecret(sandbox, 'mine', { 'quay.io': { auth }, 'bad.example.com': { auth: 'aHVudGVyMi1odW50ZXIy' } })
    const outputs = await Promise.all(
      [[], ['-o', 'json'], ['-o', 'yaml']].map((format) => runInspect(sandbox, ['secret', 'team-a/mine', ...format])),
    )
    for (const { exitCode, stdout } of outputs) {
      assert.equal(exitCode, 1)
      assert.match(stdout, /bad\.example\.com: auth contains no .* between user name and password/)
      assert.doesNotMatch(stdout, /hunter2|aHVudGVy|c29tZWJvZHk6/)
    }
  })

  test('an expired credential is a problem', async (t) => {
    const sandbox = await start(t)
    await runPullpass(sandbox, ['refresh'])
    sandbox.clock.advance('2 h')
    const { exitCode, stdout } = await runInspect(sandbox, ['secret', 'team-a/regcred'])
    assert.equal(exitCode, 1)
    assert.match(
      stdout,
      /^SECRET_EXPIRED \(kubernetes\): localhost:\d+: its credential expired at 2026-11-24T13:00:00Z$/m,
    )
  })

  test("a copy of a pull secret is not believed to be the document's, nor its expiry", async (t) => {
    const sandbox = await start(t)
    const annotations = {
      'pullpass.dev/document': 'ClusterPullSecret/regcred',
      'pullpass.dev/target': 'team-a/regcred',
      'pullpass.dev/refreshed-at': '2026-11-24T12:00:00Z',
      'pullpass.dev/expires-at': '2026-11-24T13:00:00Z',
      'pullpass.dev/registries': '{"quay":{"hosts":["quay.io"],"expiresAt":"2026-11-24T13:00:00Z","mintedFrom":"x"}}',
    }
    seedSecret(sandbox, 'copy', { 'quay.io': { auth } }, { annotations })
    const { exitCode, stdout } = await runInspect(sandbox, ['secret', 'team-a/copy'])
    assert.equal(exitCode, 0)
    assert.match(stdout, /^quay\.io +robot +unknown$/m)
    assert.match(stdout, /^note: it is a copy of the Secret team-a\/regcred, not written by pullpass$/m)
    assert.doesNotMatch(stdout, /^document/m)
  })

  test('-o json contains the hosts, the managers and the result', async (t) => {
    const sandbox = await start(t)
    seedSecret(sandbox, 'mine', { 'quay.io': { auth } })
    const words = ['secret', 'team-a/mine', '--image', 'quay.io/org/app', '-o', 'json']
    assert.deepEqual(JSON.parse((await runInspect(sandbox, words)).stdout), {
      apiVersion: 'pullpass.dev/v1alpha1',
      kind: 'InspectSecretResult',
      result: 'ok',
      namespace: 'team-a',
      name: 'mine',
      type: 'kubernetes.io/dockerconfigjson',
      managers: [],
      otherManagers: [],
      entries: [{ host: 'quay.io', username: 'robot', match: 'match' }],
      kubelet: { parses: true, image: 'quay.io/org/app', triedHosts: ['quay.io'] },
      errors: [],
      notes: [],
    })
  })

  test('a Secret of another type is not a pull secret', async (t) => {
    const sandbox = await start(t)
    sandbox.cluster.seed({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { namespace: 'team-a', name: 'other' },
      type: 'Opaque',
    })
    const { exitCode, stdout } = await runInspect(sandbox, ['secret', 'team-a/other'])
    assert.equal(exitCode, 1)
    assert.match(
      stdout,
      /^SECRET_TYPE_WRONG \(kubernetes\): its type is Opaque\n {2}expected type kubernetes\.io\/dockerconfigjson: /m,
    )
  })

  test('a generic Secret that kubectl created is shown with its manager, and without an owner of a credential', async (t) => {
    const sandbox = await start(t)
    const created = {
      manager: 'kubectl-create',
      operation: 'Update',
      apiVersion: 'v1',
      fieldsType: 'FieldsV1',
    } as const
    const managedFields = [{ ...created, fieldsV1: { 'f:data': { '.': {}, 'f:password': {} }, 'f:type': {} } }]
    sandbox.cluster.seed({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { namespace: 'team-a', name: 'generic', managedFields },
      type: 'Opaque',
      data: { password: 'aHVudGVyMg==' },
    })
    const { exitCode, stdout } = await runInspect(sandbox, ['secret', 'team-a/generic'])
    assert.equal(exitCode, 1)
    assert.match(stdout, /^managed by +kubectl-create; none owns \.dockerconfigjson$/m)
  })

  test('a Secret that does not exist is reported', async (t) => {
    const { exitCode, stderr } = await runInspect(await start(t), ['secret', 'team-a/absent'])
    assert.equal(exitCode, 1)
    assert.match(stderr, /^SECRET_NOT_FOUND \(kubernetes\): Secret team-a\/absent does not exist$/m)
  })
})
