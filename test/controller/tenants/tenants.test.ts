import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { AddressPrivate } from '../../../src/http/transport.ts'
import { readPullSecret } from '../../support/read-pull-secret.ts'
import type { TestSandbox } from '../../support/start-test-sandbox.ts'
import { deletePullSecret, readTenant, writePullSecret, writeResource } from '../custom-resource.ts'
import { startControllerTest } from '../start-test-controller.ts'
import { advanceUntil, until } from '../virtual-time.ts'
import { limits, readyOf, second, startTenants, statusOf, tokenRequests } from './start-tenants.ts'

suite('a PullSecret in the cluster', () => {
  test('has its Secret in its namespace, by a token of its own account, and is refreshed', async (t) => {
    const { sandbox, start, time, exchanges, hasSecret, whenReady } = await startTenants(t)
    const { metric, logged } = await start()
    writePullSecret(sandbox, { namespace: 'team-a' })
    await until('the Secret', () => hasSecret('team-a'))
    assert.deepEqual(tokenRequests(sandbox), ['/api/v1/namespaces/team-a/serviceaccounts/puller/token'])
    await whenReady('team-a', 'Fresh')
    const secret = readPullSecret(sandbox, 'team-a')
    assert.equal(secret?.annotations['pullpass.dev/document'], 'PullSecret/team-a/pull')
    assert.deepEqual([hasSecret('default'), hasSecret('team-b')], [false, false])
    const { secretName, registries, namespaces } = statusOf(sandbox, 'team-a') ?? {}
    assert.deepEqual([secretName, registries, namespaces], ['regcred', 'google', { selected: 1, fresh: 1, failing: 0 }])
    const before = exchanges()
    await advanceUntil(time, { stepMs: 60_000, description: 'a refresh' }, () => exchanges() > before)
    const version = () => readPullSecret(sandbox, 'team-a')?.resourceVersion
    await advanceUntil(time, second('the Secret'), () => version() !== secret?.resourceVersion)
    assert.deepEqual([metric('tenants_desired'), metric('tenants_fresh')], [1, 1])
    assert.deepEqual(
      logged.filter((line) => /^(?:error|warn)/.test(line)),
      [],
    )
  })

  test('owns its Secret with deletionPolicy: Delete, which is deleted with it; with Retain it stays', async (t) => {
    const { sandbox, start, hasSecret, whenReady } = await startTenants(t)
    const { metric } = await start()
    const spec = { deletionPolicy: 'Delete' }
    const { metadata } = writePullSecret(sandbox, { namespace: 'team-a', spec })
    writePullSecret(sandbox, { namespace: 'team-b' })
    writePullSecret(sandbox, { namespace: 'default', spec })
    for (const namespace of ['team-a', 'team-b', 'default']) await whenReady(namespace, 'Fresh')
    const ownersIn = (namespace: string) =>
      sandbox.cluster.store.read('Secret', namespace, 'regcred')?.metadata.ownerReferences
    assert.deepEqual(ownersIn('team-a'), [
      { apiVersion: 'pullpass.dev/v1alpha1', kind: 'PullSecret', name: 'pull', uid: metadata.uid },
    ])
    assert.equal(ownersIn('team-b'), undefined)
    writePullSecret(sandbox, { namespace: 'default' })
    await until('no owner', () => ownersIn('default') === undefined)
    for (const namespace of ['team-a', 'team-b', 'default']) await deletePullSecret(sandbox, namespace)
    await until('the deletions', () => metric('tenants_desired') === 0 && metric('queue_depth') === 0)
    assert.deepEqual(['team-a', 'team-b', 'default'].map(hasSecret), [false, true, true])
  })

  test('stays a label of no metric, and is counted on the status page', async (t) => {
    const { sandbox, start, whenReady } = await startTenants(t)
    const { health, page } = await start()
    writePullSecret(sandbox, { namespace: 'team-a', spec: { serviceAccountName: 'absent' } })
    writePullSecret(sandbox, { namespace: 'team-b' })
    await whenReady('team-b', 'Fresh')
    assert.doesNotMatch(health('/metrics'), /team-/)
    assert.match(page(), /PullSecrets of tenants: 1 of 1 fresh, 1 invalid\./)
  })

  for (const [title, spec, flag] of [
    ['another account', { serviceAccountName: 'default' }, '--tenant-service-account default'],
    ['another name of the Secret', { secretName: 'othercred' }, '--secret-name othercred'],
    [
      'another audience',
      { registries: [{ name: 'quay', hosts: ['quay.io'], quay: { robot: 'example+robot' } }] },
      '--audience https://quay.io',
    ],
  ] as const) {
    test(`that names ${title} than the installation permits has the flag in its status, and costs no request`, async (t) => {
      const { sandbox, start, whenReady } = await startTenants(t)
      const { metric, logged, page } = await start()
      writePullSecret(sandbox, { namespace: 'team-a', spec })
      const message = await whenReady('team-a', 'NotPermitted')
      assert.match(
        message,
        /^DOCUMENT_INVALID: PullSecret team-a\/pull: .*, which the installation does not permit; expected one of: .*; fix: /,
      )
      assert.ok(message.endsWith(flag), message)
      assert.match(page(), /PullSecrets of tenants: 0 of 0 fresh, 1 invalid\./)
      assert.deepEqual(tokenRequests(sandbox), [])
      assert.equal(
        sandbox.parts.kubernetes.seen.some(({ path }) => path.includes('othercred')),
        false,
      )
      assert.deepEqual([metric('tenants_desired'), logged.filter((line) => line.startsWith('error'))], [0, []])
    })
  }

  for (const [title, variable, seen] of [
    ['a private address', undefined, /would be sent to 127\.0\.0\.1:\d+, which is not a host of the vendor/],
    ['a name for a private address', 'https://localhost.googleapis.com', /, whose address is private: 127\.0\.0\.1/],
    ['a server without TLS', 'http://127.0.0.1:1', /, which is not encrypted/],
  ] as const) {
    test(`sends no token to ${title}, which the installation does not permit`, async (t) => {
      const { sandbox, start, whenReady, exchanges } = await startTenants(t, {
        tenants: (one) => ({ ...limits(one), endpoints: [] }),
        environment: variable === undefined ? {} : { PULLPASS_GCP_STS_ENDPOINT: variable },
        // The name that a rebinding attacker would use: no resolver is used.
        send: async (request, transport) => {
          if (new URL(request.url).hostname === 'localhost.googleapis.com' && request.addresses === 'public')
            throw new AddressPrivate(['127.0.0.1'])
          return await transport(request)
        },
      })
      await start()
      writePullSecret(sandbox, { namespace: 'team-a' })
      const message = await whenReady('team-a', 'NotPermitted')
      assert.match(message, seen)
      assert.equal(exchanges(), 0)
      if (!variable?.startsWith('http:')) assert.match(message, /fix: .* --tenant-endpoint [a-z0-9.:]+$/)
    })
  }

  test('that was refused is tried again immediately if it is deleted and created again', async (t) => {
    const { sandbox, start, time, whenReady } = await startTenants(t)
    const { faults } = sandbox.gcp.parts.sts
    faults.inject({ kind: 'response', response: { status: 403, body: '{"error": "access_denied"}' } })
    const { metric } = await start()
    const written = writePullSecret(sandbox, { namespace: 'team-a' })
    await whenReady('team-a', 'ExchangeFailed')
    faults.clear()
    sandbox.cluster.store.remove(written)
    await advanceUntil(time, second('the deletion'), () => metric('tenants_desired') === 0)
    writePullSecret(sandbox, { namespace: 'team-a' })
    const startedMs = time.elapsedMs()
    await whenReady('team-a', 'Fresh')
    assert.ok(time.elapsedMs() - startedMs < 60_000, `${time.elapsedMs() - startedMs}`)
  })

  test('is not used if the installation permits no account, and a warning names the flags', async (t) => {
    const { sandbox, start, time } = await startTenants(t, { tenants: () => undefined })
    const { whenFresh, logged } = await start()
    writeResource(sandbox)
    await whenFresh(2)
    writePullSecret(sandbox, { namespace: 'default' })
    const unused = () => logged.filter((line) => line.startsWith('warn PullSecrets exist and are not used'))
    await advanceUntil(time, { stepMs: 60_000, description: 'the warning' }, () => unused().length > 0)
    assert.equal(readPullSecret(sandbox, 'default'), undefined)
    for (let minutes = 0; minutes < 30; minutes += 10) time.advance(10 * 60_000)
    await until('another refresh', () => true)
    assert.equal(unused().length, 1)
  })

  test('in kube-system is not used, whatever the flags', async (t) => {
    const { sandbox, start, whenReady } = await startTenants(t, { namespaces: ['kube-system', 'team-a'] })
    await start()
    writePullSecret(sandbox, { namespace: 'kube-system' })
    assert.match(
      await whenReady('kube-system', 'NotPermitted'),
      /PullSecret kube-system\/pull is in a namespace kube-\*/,
    )
    assert.deepEqual(tokenRequests(sandbox), [])
  })

  test('that fails is logged once for each cause, and once when that has ended', async (t) => {
    const { sandbox, start, time, whenReady } = await startTenants(t)
    const { logged, metric } = await start()
    sandbox.gcp.parts.sts.faults.inject({ kind: 'response', response: { status: 503, body: '{}' } })
    writePullSecret(sandbox, { namespace: 'team-a' })
    await whenReady('team-a', 'ExchangeFailed')
    const failures = () => metric('failures_total{hop="exchange",code="EXCHANGE_UNAVAILABLE"}') ?? 0
    await advanceUntil(time, second('retries'), () => failures() > 3)
    assert.equal(logged.filter((line) => line.startsWith('warn a refresh of a PullSecret failed')).length, 1)
    sandbox.gcp.parts.sts.faults.clear()
    await whenReady('team-a', 'Fresh')
    const ends = logged.filter((line) => line.startsWith('info a failure of PullSecrets has ended'))
    assert.equal(ends.length, 1)
  })

  for (const [title, first, second_] of [
    ['only ClusterPullSecret, as by an earlier version', 'ClusterPullSecret', 'PullSecret'],
    ['only PullSecret', 'PullSecret', 'ClusterPullSecret'],
  ] as const) {
    test(`each kind is used as soon as it is defined: first ${title}`, async (t) => {
      const { sandbox, start, time, hasSecret } = await startControllerTest(t, { document: 'none', tenants: limits })
      sandbox.cluster.seed({
        apiVersion: 'v1',
        kind: 'ServiceAccount',
        metadata: { name: 'puller', namespace: 'default' },
      })
      const write = {
        ClusterPullSecret: () => writeResource(sandbox),
        PullSecret: () => writePullSecret(sandbox, { namespace: 'default' }),
      }
      const isWritten = { ClusterPullSecret: () => hasSecret('team-a'), PullSecret: () => hasSecret('default') }
      sandbox.cluster.installDefinitions([first])
      const { health } = await start()
      write[first]()
      await until(`the Secret of ${first}`, isWritten[first])
      await until('readiness', () => health('/readyz').includes('[+]watches ok'))
      sandbox.cluster.installDefinitions([second_])
      write[second_]()
      await advanceUntil(time, second(`the Secret of ${second_}`), isWritten[second_])
    })
  }

  test('and a ClusterPullSecret that claim one Secret: the first owner keeps it, and the other one reports that', async (t) => {
    const { sandbox, start, whenReady } = await startTenants(t)
    const { whenFresh } = await start()
    writePullSecret(sandbox, { namespace: 'team-a' })
    await whenReady('team-a', 'Fresh')
    writeResource(sandbox)
    await until('the other namespace', () => readPullSecret(sandbox, 'team-b') !== undefined)
    writePullSecret(sandbox, { namespace: 'team-b' })
    const refused = await whenReady('team-b', 'WriteFailed')
    assert.match(
      refused,
      /SECRET_NOT_OURS: Secret team-b\/regcred was written by pullpass for ClusterPullSecret\/pull .*; fix: choose another spec\.secretName$/,
    )
    const owners = ['team-a', 'team-b'].map((one) => readPullSecret(sandbox, one)?.annotations['pullpass.dev/document'])
    assert.deepEqual(owners, ['PullSecret/team-a/pull', 'ClusterPullSecret/pull'])
    writeResource(sandbox, { include: ['team-b'] })
    await whenFresh(1)
  })

  test('whose token the role of the controller does not permit has the flag in its status', async (t) => {
    const { sandbox, start, whenReady } = await startTenants(t)
    sandbox.cluster.authorization.forbid({ verbs: ['create'], apiGroups: [''], resources: ['serviceaccounts/token'] })
    await start()
    writePullSecret(sandbox, { namespace: 'team-a' })
    const message = await whenReady('team-a', 'ExchangeFailed')
    assert.match(message, /print it again with --tenant-service-account puller and the --audience of each registry$/)
  })

  test('of which no watch is permitted fails neither readiness, which reports it, nor other documents', async (t) => {
    const { sandbox, start, hasSecret, time } = await startTenants(t)
    const [verbs, apiGroups, resources] = [['list'], ['pullpass.dev'], ['pullsecrets']]
    const allow = sandbox.cluster.authorization.forbid({ verbs, apiGroups, resources })
    const { health, logged, metric } = await start()
    writeResource(sandbox, { include: ['team-b'] })
    await until('the refusal', () => logged.some((line) => line.includes('is started again pullsecrets')))
    await until('the other documents', () => hasSecret('team-b'))
    await until('readiness', () => health('/readyz').includes('[+]watches ok'))
    assert.match(health('/readyz'), /\nPullSecrets are not watched: KUBERNETES_FORBIDDEN/)
    assert.ok((metric('watch_restarts_total{resource="pullsecrets"}') ?? 0) > 0)
    allow()
    await advanceUntil(time, second('the permission'), () => !health('/readyz').includes('PullSecrets'))
  })

  test('of an account that does not exist states in its status how to create it', async (t) => {
    const tenants = (sandbox: TestSandbox) => ({ ...limits(sandbox), serviceAccounts: ['absent'] })
    const { sandbox, start, whenReady } = await startTenants(t, { tenants })
    await start()
    writePullSecret(sandbox, { namespace: 'team-a', spec: { serviceAccountName: 'absent' } })
    assert.match(
      await whenReady('team-a', 'ExchangeFailed'),
      /TOKEN_REQUEST_REFUSED: ServiceAccount team-a\/absent does not exist, .*; fix: .*: kubectl create serviceaccount absent -n team-a$/,
    )
  })

  for (const [title, spec, seen] of [
    [
      'has an endpoint',
      {
        registries: [{ name: 'q', hosts: ['quay.io'], quay: { robot: 'example+robot', endpoint: 'https://10.0.0.1' } }],
      },
      /quay\.endpoint is not a known field/,
    ],
    ['has no registries', { registries: 'none' }, /spec\.registries/],
    ['is larger than a controller keeps', { registries: [{ name: 'x'.repeat(70_000) }] }, /spec is too large/],
  ] as const) {
    test(`that ${title} is invalid, logs nothing, and affects no other`, async (t) => {
      const { sandbox, start, whenReady } = await startTenants(t)
      const { logged, health } = await start()
      writePullSecret(sandbox, { namespace: 'team-a', name: 'broken', spec })
      writePullSecret(sandbox, { namespace: 'team-a' })
      assert.match(await whenReady('team-a', 'Invalid', 'broken'), seen)
      await whenReady('team-a', 'Fresh')
      assert.ok(health('/readyz').includes('[+]watches ok'))
      assert.deepEqual(
        logged.filter((line) => /^(?:error|warn)/.test(line)),
        [],
      )
    })
  }

  test('whose status another client forged has its own again, and its Secret is not affected', async (t) => {
    const { sandbox, start, time, whenReady } = await startTenants(t)
    await start()
    writePullSecret(sandbox, { namespace: 'team-a', spec: { serviceAccountName: 'default' } })
    await whenReady('team-a', 'NotPermitted')
    const forged = readTenant(sandbox, 'team-a') ?? assert.fail('it does not exist')
    const condition = { type: 'Ready', status: 'True', reason: 'Fresh', message: 'x'.repeat(500_000) }
    sandbox.cluster.seed({
      ...forged,
      status: { observedGeneration: 99, conditions: [condition], secretName: 'other' },
    })
    await advanceUntil(time, second('its own status'), () => readyOf(sandbox, 'team-a')?.reason === 'NotPermitted')
    assert.equal(readPullSecret(sandbox, 'team-a'), undefined)
  })
})
