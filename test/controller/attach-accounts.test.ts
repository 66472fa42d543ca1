import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { dockerConfigData } from '../commands/refresh/write-as.ts'
import { documentText } from '../support/document-text.ts'
import type { TestSandbox } from '../support/start-test-sandbox.ts'
import { readyOf, writeResource } from './custom-resource.ts'
import { type ControllerTestOptions, startControllerTest } from './start-test-controller.ts'
import { advanceUntil, until } from './virtual-time.ts'

const attaching = (accounts: string): ControllerTestOptions => ({
  document: (sandbox) =>
    documentText(sandbox, { include: ['team-*'], more: `  attachToServiceAccounts: [${accounts}]` }),
})

const pullSecretsOf = ({ cluster }: TestSandbox, namespace: string, name = 'default'): readonly string[] => {
  const entries = cluster.store.read('ServiceAccount', namespace, name)?.['imagePullSecrets']
  return Array.isArray(entries) ? entries.map((entry: { name: string }) => entry.name) : []
}
const isAttached = (sandbox: TestSandbox, namespace: string, name = 'default') =>
  pullSecretsOf(sandbox, namespace, name).includes('regcred')

function seedAccount({ cluster }: TestSandbox, namespace: string, pullSecrets: readonly string[], name = 'default') {
  const metadata = { namespace, name }
  const imagePullSecrets = pullSecrets.map((secret) => ({ name: secret }))
  cluster.seed({ apiVersion: 'v1', kind: 'ServiceAccount', metadata, imagePullSecrets })
}

const patches = ({ parts }: TestSandbox) =>
  parts.kubernetes.seen.filter(({ method, path }) => method === 'PATCH' && path.includes('/serviceaccounts/')).length

suite('with attachToServiceAccounts, the controller', () => {
  test('adds the Secret to accounts, also of later namespaces and later ones of a namespace; other entries stay', async (t) => {
    const { sandbox, start, addNamespace, exchanges } = await startControllerTest(t, attaching('default, builder'))
    seedAccount(sandbox, 'team-a', ['theirs', 'also-theirs'])
    const { logged } = await start()
    await until('two accounts', () => isAttached(sandbox, 'team-a') && isAttached(sandbox, 'team-b'))
    assert.deepEqual(pullSecretsOf(sandbox, 'team-a'), ['theirs', 'also-theirs', 'regcred'])
    addNamespace('team-new') // its account default is created after it
    await until('the new namespace', () => isAttached(sandbox, 'team-new'))
    seedAccount(sandbox, 'team-a', ['others'], 'builder')
    await until('the new account', () => isAttached(sandbox, 'team-a', 'builder'))
    assert.deepEqual(pullSecretsOf(sandbox, 'team-a', 'builder'), ['others', 'regcred'])
    assert.deepEqual([isAttached(sandbox, 'default'), exchanges(), patches(sandbox)], [false, 1, 4])
    assert.match(logged.join('\n'), /^warn a service account does not exist builder$/m)
  })

  test('restores no Secret that it wrote and that the watch does not show yet, whatever changes at the accounts', async (t) => {
    const { sandbox, start, time, hasSecret } = await startControllerTest(t, attaching('default'))
    sandbox.parts.kubernetes.faults.inject(
      { kind: 'stall', at: 'body' }, // after the state, which is empty
      { when: ({ path, query }) => path === '/api/v1/secrets' && query?.get('watch') === '1', times: 1 },
    )
    const { logged, metric } = await start()
    await until('the Secrets', () => hasSecret('team-a') && hasSecret('team-b'))
    for (const name of ['one', 'two']) seedAccount(sandbox, 'team-a', [name])
    await advanceUntil(time, { stepMs: 10_000, description: 'a comparison' }, () => isAttached(sandbox, 'team-a'))
    assert.equal(metric('repairs_total'), 0, logged.join('\n'))
    assert.doesNotMatch(logged.join('\n'), /^warn a pull secret was restored/m)
  })

  test('restores an entry that is removed: twice immediately, then with increasing delays', async (t) => {
    const { sandbox, start, time } = await startControllerTest(t, attaching('default'))
    const { logged } = await start()
    const attached = () => isAttached(sandbox, 'team-a')
    await until('the account', attached)
    for (const leastMs of [0, 0, 1000, 2000, 4000]) {
      seedAccount(sandbox, 'team-a', ['theirs'])
      const startedMs = time.elapsedMs()
      if (leastMs === 0)
        await until('the entry', attached) // no time passes
      else await advanceUntil(time, { stepMs: 500, description: 'the entry' }, attached)
      assert.ok(time.elapsedMs() - startedMs >= leastMs)
    }
    assert.deepEqual(pullSecretsOf(sandbox, 'team-a'), ['theirs', 'regcred'])
    const restored =
      'warn an entry of imagePullSecrets was restored ClusterPullSecret/pull team-a default another client removed it'
    assert.equal(logged.filter((line) => line.startsWith(restored)).length, 5, logged.join('\n'))
  })

  test('reports a refused change once, without effect on other namespaces, and tries it again', async (t) => {
    const { sandbox, start, time, hasSecret } = await startControllerTest(t, attaching('default'))
    const permit = sandbox.cluster.authorization.forbid({
      verbs: ['patch'],
      resources: ['serviceaccounts'],
      namespace: 'team-a',
    })
    const { logged, metric } = await start()
    const refused = () => metric('failures_total{hop="kubernetes",code="KUBERNETES_FORBIDDEN"}') ?? 0
    await until('the other account', () => isAttached(sandbox, 'team-b') && refused() === 1 && hasSecret('team-a'))
    await advanceUntil(time, { stepMs: 60_000, description: 'another attempt' }, () => refused() === 2)
    const reports = logged.filter((line) => line.includes('KUBERNETES_FORBIDDEN'))
    assert.equal(reports.length, 1, logged.join('\n'))
    assert.match(
      reports[0] ?? '',
      /^error a service account could not be changed ClusterPullSecret\/pull team-a .* grant the rule /,
    )
    permit()
    await advanceUntil(time, { stepMs: 60_000, description: 'the account' }, () => isAttached(sandbox, 'team-a'))
  })

  test('states in the status of a custom resource which account may not be changed, as long as that is so', async (t) => {
    const { sandbox, start, time } = await startControllerTest(t, { document: 'none' })
    sandbox.cluster.installDefinitions()
    const permit = sandbox.cluster.authorization.forbid({
      verbs: ['patch'],
      resources: ['serviceaccounts'],
      namespace: 'team-b',
    })
    writeResource(sandbox, { spec: { attachToServiceAccounts: ['default'] } })
    await start()
    await advanceUntil(
      time,
      { stepMs: 1_000, description: 'the status' },
      () => readyOf(sandbox)?.reason === 'NotPermitted',
    )
    assert.match(
      readyOf(sandbox)?.message ?? '',
      /^2 of 2 namespaces are fresh; KUBERNETES_FORBIDDEN: .*; expected the right to patch ServiceAccount team-b\/default; fix: print the installation again with --attach-service-account default$/,
    )
    assert.deepEqual([readyOf(sandbox)?.status, isAttached(sandbox, 'team-a')], ['False', true])
    permit()
    const isFresh = () => readyOf(sandbox)?.reason === 'Fresh'
    await advanceUntil(time, { stepMs: 30_000, description: 'the account' }, isFresh)
    assert.ok(isAttached(sandbox, 'team-b'))
  })

  test('states in the status of a custom resource that no namespace has the account', async (t) => {
    const { sandbox, start, time } = await startControllerTest(t, { document: 'none' })
    sandbox.cluster.installDefinitions()
    writeResource(sandbox, { spec: { attachToServiceAccounts: ['default', 'defualt'] } })
    await start()
    const message = '2 of 2 namespaces are fresh; no namespace has ServiceAccount defualt'
    const isReported = () => readyOf(sandbox)?.message === message
    await advanceUntil(time, { stepMs: 1_000, description: 'the status' }, isReported)
    assert.equal(readyOf(sandbox)?.status, 'True')
  })

  test('attaches no Secret of another owner, and after its removal its own', async (t) => {
    const { sandbox, start } = await startControllerTest(t, attaching('default'))
    const metadata = { namespace: 'team-a', name: 'regcred' }
    const data = dockerConfigData('europe-docker.pkg.dev', 'by:hand')
    const type = 'kubernetes.io/dockerconfigjson'
    const other = sandbox.cluster.seed({ apiVersion: 'v1', kind: 'Secret', metadata, type, data })
    const { metric } = await start()
    const refused = () => metric('failures_total{hop="kubernetes",code="SECRET_NOT_OURS"}') === 1
    await until('the refusal', () => refused() && isAttached(sandbox, 'team-b'))
    assert.equal(isAttached(sandbox, 'team-a'), false)
    sandbox.cluster.store.remove(other)
    await until('the account', () => isAttached(sandbox, 'team-a'))
  })

  test('requests no service account if no document has the field', async (t) => {
    const { sandbox, start } = await startControllerTest(t)
    const { whenFresh } = await start()
    await whenFresh(2)
    assert.deepEqual(
      sandbox.parts.kubernetes.seen.filter(({ path }) => path.includes('serviceaccounts')),
      [],
    )
  })
})
