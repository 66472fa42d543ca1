import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { suite, test } from 'node:test'
import { dockerConfigData } from '../commands/refresh/write-as.ts'
import { documentText } from '../support/document-text.ts'
import { readPullSecret } from '../support/read-pull-secret.ts'
import type { TestSandbox } from '../support/start-test-sandbox.ts'
import { deleteResource, readResource, readyOf, statusOf, writeResource } from './custom-resource.ts'
import { startControllerTest } from './start-test-controller.ts'
import { advanceUntil, until, untilRepeated } from './virtual-time.ts'

const step = (description: string) => ({ stepMs: 10_000, description })
const second = (description: string) => ({ stepMs: 1_000, description })
const desired = 'namespaces_desired{document="ClusterPullSecret/pull"}'

const nested = (levels: number): object => {
  let value = {}
  for (let level = 0; level < levels; level++) value = { a: value }
  return value
}
suite('a ClusterPullSecret in the cluster', () => {
  test('takes effect when it is created, changed and deleted, without a file; its Secrets stay', async (t) => {
    const { sandbox, start, time, exchanges, hasSecret } = await startControllerTest(t, { document: 'none' })
    sandbox.cluster.installDefinitions()
    const { whenFresh, metric, health } = await start()
    await until('the list', () => health('/readyz').includes('[+]watches ok'))
    writeResource(sandbox)
    await whenFresh(2)
    writeResource(sandbox, { include: ['team-a', 'default'] })
    await until('the other namespace', () => hasSecret('default'))
    await whenFresh(2)
    assert.ok(hasSecret('team-b'))
    assert.equal(exchanges(), 1)
    await deleteResource(sandbox)
    await until('the deletion', () => metric(desired) === undefined)
    const before = readPullSecret(sandbox, 'team-a')
    for (let minutes = 0; minutes < 60; minutes++) time.advance(60_000)
    assert.deepEqual([readPullSecret(sandbox, 'team-a'), exchanges()], [before, 1])
  })

  test('is listed by its name in metrics and on the status page, whatever changed last', async (t) => {
    const { sandbox, start } = await startControllerTest(t)
    sandbox.cluster.installDefinitions()
    const { whenFresh, health, page } = await start()
    await whenFresh(2)
    for (const name of ['b', 'a']) writeResource(sandbox, { name, include: ['default'], spec: { secretName: name } })
    for (const name of ['a', 'b']) await whenFresh(1, `ClusterPullSecret/${name}`)
    writeResource(sandbox, { name: 'a', include: ['default', 'team-a'], spec: { secretName: 'a' } })
    await whenFresh(2, 'ClusterPullSecret/a')
    const inOrder = ['ClusterPullSecret/a', 'ClusterPullSecret/b', 'ClusterPullSecret/pull']
    const ofMetric = health('/metrics').matchAll(/namespaces_fresh\{document="([^"]+)"/g)
    assert.deepEqual(
      [...ofMetric].map(([, name]) => name),
      inOrder,
    )
    assert.match(page(), new RegExp(inOrder.join('.*')))
  })

  test('states in its status how to take over a Secret of another client, which its own fields do not permit', async (t) => {
    const { sandbox, start, time } = await startControllerTest(t, { document: 'none' })
    sandbox.cluster.installDefinitions()
    sandbox.cluster.seed({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { namespace: 'team-a', name: 'regcred' },
      type: 'kubernetes.io/dockerconfigjson',
      data: dockerConfigData('europe-docker.pkg.dev', 'by:hand'),
    })
    await start()
    writeResource(sandbox)
    await advanceUntil(time, second('the status'), () => readyOf(sandbox)?.reason === 'WriteFailed')
    assert.match(
      readyOf(sandbox)?.message ?? '',
      /: SECRET_NOT_OURS: Secret team-a\/regcred is .*; fix: choose another spec\.secretName, or take over this Secret once, with a file that contains a document of the same name: pullpass refresh -f FILE --adopt$/,
    )
  })

  test('whose status another client overwrites again and again, as a second controller does, is in the log once', async (t) => {
    const { sandbox, start, time } = await startControllerTest(t, { document: 'none' })
    sandbox.cluster.installDefinitions()
    writeResource(sandbox)
    const { logged, whenFresh } = await start()
    await whenFresh(2)
    const warnings = () => logged.filter((line) => line.startsWith('warn another client overwrites the status'))
    const counts: number[] = []
    for (let round = 0; round < 6; round++) {
      await advanceUntil(time, second('its status'), () => readyOf(sandbox)?.reason === 'Fresh')
      counts.push(warnings().length)
      const condition = {
        type: 'Ready',
        status: 'False',
        reason: 'NotPermitted',
        message: 'other',
        observedGeneration: 1,
      }
      sandbox.cluster.seed({ ...(readResource(sandbox) ?? assert.fail()), status: { conditions: [condition] } })
    }
    assert.deepEqual([counts[2], counts.at(-1)], [0, 1])
    assert.match(warnings()[0] ?? '', /kubectl get leases -A --field-selector metadata\.name=pullpass-controller$/)
  })

  test('gives way to a document of its name in a file, and takes over from it without an exchange', async (t) => {
    const { sandbox, start, file, time, exchanges, addNamespace } = await startControllerTest(t)
    sandbox.cluster.installDefinitions()
    const { whenFresh } = await start()
    await whenFresh(2)
    writeResource(sandbox, { include: ['default', 'team-*'] })
    writeResource(sandbox, { name: 'other', include: ['default'] })
    await whenFresh(1, 'ClusterPullSecret/other')
    await whenFresh(2)
    const before = exchanges()
    await writeFile(file, documentText(sandbox, { name: 'unrelated', include: ['default'] }))
    time.advance(10_000)
    addNamespace('team-new')
    await until('the new namespace', () => readPullSecret(sandbox, 'team-new') !== undefined)
    assert.equal(readPullSecret(sandbox, 'team-new')?.annotations['pullpass.dev/document'], 'ClusterPullSecret/pull')
    assert.ok(exchanges() <= before + 1) // the requested token of the resource in place of the file's
  })

  for (const [title, spec, seen] of [
    [
      'has a host twice',
      { registries: [{ name: 'one', hosts: ['quay.io', 'quay.io'], quay: { robot: 'example+robot' } }] },
      /spec\.registries\[0\]\.hosts\[1\] is "quay\.io"/,
    ],
    [
      'names a file where the controller runs',
      {
        registries: [
          { name: 'one', hosts: ['quay.io'], static: { username: 'me', passwordFile: '/run/secrets/token' } },
        ],
      },
      /spec\.registries\[0\]\.static\.passwordFile is given/,
    ],
    [
      'is nested in hundreds of levels',
      { registries: [{ name: 'one', hosts: ['quay.io'], http: { json: nested(300) } }] },
      /ClusterPullSecret pull: spec is nested too deeply/,
    ],
    ['has no serviceAccountRef', { serviceAccountRef: undefined }, /spec\.serviceAccountRef is missing/],
  ] as const) {
    test(`keeps its last valid version if it ${title}`, async (t) => {
      const { sandbox, start, addNamespace } = await startControllerTest(t, { document: 'none' })
      sandbox.cluster.installDefinitions()
      const { whenFresh, logged } = await start()
      writeResource(sandbox)
      await whenFresh(2)
      writeResource(sandbox, { spec })
      await until('the error', () => logged.some((line) => seen.test(line)))
      addNamespace('team-new')
      await whenFresh(3)
    })
  }

  test('that became invalid is refreshed by its last valid version', async (t) => {
    const { sandbox, start, time, exchanges } = await startControllerTest(t, { document: 'none' })
    sandbox.cluster.installDefinitions()
    const { whenFresh, logged, metric } = await start()
    writeResource(sandbox)
    await whenFresh(2)
    const versions = () => ['team-a', 'team-b'].map((namespace) => readPullSecret(sandbox, namespace)?.resourceVersion)
    const before = versions()
    writeResource(sandbox, { spec: { serviceAccountRef: undefined } })
    await until('the error', () => logged.some((line) => line.includes('its last valid version')))
    await until('the queue', () => metric('queue_depth') === 0)
    time.advance(41 * 60_000)
    await untilRepeated(time, 'a refresh', () => exchanges() === 2)
    await untilRepeated(time, 'the Secrets', () => versions().every((version, index) => version !== before[index]))
  })

  test('that is invalid states what is expected: in its status, in the log and on the status page', async (t) => {
    const { sandbox, start, time } = await startControllerTest(t, { document: 'none' })
    sandbox.cluster.installDefinitions()
    const { whenFresh, logged, page } = await start()
    writeResource(sandbox)
    await whenFresh(2)
    writeResource(sandbox, { spec: { serviceAccountRef: undefined } })
    writeResource(sandbox, { name: 'broken', spec: { registries: 'none' } })
    await advanceUntil(time, second('the status'), () => readyOf(sandbox)?.reason === 'Invalid')
    const missing = /DOCUMENT_INVALID: .*spec\.serviceAccountRef is missing; expected [^;.]+/
    assert.match(
      readyOf(sandbox)?.message ?? '',
      new RegExp(`^${missing.source}. The last valid version stays in use$`),
    )
    assert.match(
      page(),
      new RegExp(`ClusterPullSecret/pull: invalid, its last valid version is in use: ${missing.source}`),
    )
    await until('the other one', () =>
      page().includes('ClusterPullSecret/broken: invalid, it is not used: DOCUMENT_INVALID'),
    )
    const [line = ''] = logged.filter((one) => one.startsWith('error a ClusterPullSecret is invalid its last valid'))
    assert.match(line, / DOCUMENT_INVALID document .*spec\.serviceAccountRef is missing [^ ]+ .*[^ ]$/)
  })

  test('that was never valid affects nothing else', async (t) => {
    const { sandbox, start } = await startControllerTest(t)
    sandbox.cluster.installDefinitions()
    writeResource(sandbox, { name: 'broken', spec: { registries: 'none' } })
    const { whenFresh, logged, health } = await start()
    await whenFresh(2)
    await until('the error', () => logged.some((line) => line.includes('ClusterPullSecret broken: spec.registries')))
    assert.match(health('/readyz'), /\[\+\]watches ok/)
  })

  test('needs no definition for documents in files: it is noticed when it is installed, deleted and restored', async (t) => {
    const { sandbox, start, time, exchanges, hasSecret } = await startControllerTest(t)
    const { whenFresh, health, metric } = await start()
    await whenFresh(2)
    await until('readiness', () => health('/readyz').includes('[+]watches ok'))
    const install = async () => {
      sandbox.cluster.installDefinitions()
      writeResource(sandbox, { name: 'other', include: ['default'] })
      await advanceUntil(time, step('the resource'), () => hasSecret('default'))
    }
    const other = 'namespaces_desired{document="ClusterPullSecret/other"}'
    await install()
    await whenFresh(1, 'ClusterPullSecret/other')
    const before = exchanges()
    sandbox.cluster.deleteDefinitions()
    await until('the deletion', () => metric(other) === undefined)
    assert.ok(hasSecret('default'))
    time.advance(30_000)
    await whenFresh(2)
    await install()
    await advanceUntil(time, step('the document'), () => metric(other) === 1)
    await whenFresh(1, 'ClusterPullSecret/other')
    assert.equal(exchanges(), before)
  })
})

suite('the status of a ClusterPullSecret in the cluster', () => {
  const writes = (sandbox: TestSandbox) =>
    sandbox.parts.kubernetes.seen.filter(({ path }) => path.endsWith('/clusterpullsecrets/pull/status')).length

  test('follows its namespaces, and is written only when it changes', async (t) => {
    const { sandbox, start, time, addNamespace } = await startControllerTest(t, { document: 'none' })
    sandbox.cluster.installDefinitions()
    const { whenFresh } = await start()
    writeResource(sandbox)
    await whenFresh(2)
    await advanceUntil(time, second('the status'), () => readyOf(sandbox)?.reason === 'Fresh')
    assert.deepEqual(statusOf(sandbox)?.namespaces, { selected: 2, fresh: 2, failing: 0 })
    const before = writes(sandbox)
    for (let index = 0; index < 50; index++) addNamespace(`team-${index}`)
    await whenFresh(52)
    await advanceUntil(time, second('the status'), () => statusOf(sandbox)?.namespaces?.fresh === 52)
    assert.ok(writes(sandbox) - before <= 3, `${writes(sandbox) - before} writes`)
    const settled = writes(sandbox)
    time.advance(61_000)
    await advanceUntil(time, second('a review'), () => true)
    assert.equal(writes(sandbox), settled)
    assert.equal(readResource(sandbox)?.metadata.generation, 1)
  })

  test('reports an invalid version and its repair, with the generation', async (t) => {
    const { sandbox, start, time } = await startControllerTest(t, { document: 'none' })
    sandbox.cluster.installDefinitions()
    const { whenFresh } = await start()
    writeResource(sandbox)
    await whenFresh(2)
    writeResource(sandbox, { spec: { serviceAccountRef: undefined } })
    await advanceUntil(time, second('the status'), () => readyOf(sandbox)?.reason === 'Invalid')
    const { status, message, observedGeneration } = readyOf(sandbox) ?? {}
    assert.deepEqual([status, observedGeneration], ['False', 2])
    assert.match(
      message ?? '',
      /^DOCUMENT_INVALID: .*spec\.serviceAccountRef is missing.*The last valid version stays in use$/,
    )
    assert.deepEqual(statusOf(sandbox)?.namespaces, { selected: 2, fresh: 2, failing: 0 })
    writeResource(sandbox)
    await advanceUntil(time, second('the repair'), () => readyOf(sandbox)?.reason === 'Fresh')
    assert.equal(statusOf(sandbox)?.observedGeneration, 3)
  })

  test('stays Ready when another replica takes over', async (t) => {
    const { sandbox, start, time } = await startControllerTest(t, { document: 'none' })
    sandbox.cluster.installDefinitions()
    const leader = await start('one')
    writeResource(sandbox)
    await leader.whenFresh(2)
    await advanceUntil(time, second('the status'), () => readyOf(sandbox)?.reason === 'Fresh')
    const before = readyOf(sandbox)
    const standby = await start('two')
    await until('the standby', () => standby.logged.some((line) => line.includes('on standby')))
    await leader.stop()
    const statuses = new Set<string | undefined>()
    await advanceUntil(time, { stepMs: 200, description: 'the new leader' }, () => {
      statuses.add(readyOf(sandbox)?.status)
      return standby.metric('leader') === 1
    })
    await standby.whenFresh(2)
    time.advance(10_000)
    await until('the queue', () => standby.metric('queue_depth') === 0)
    assert.deepEqual([[...statuses], readyOf(sandbox)], [['True'], before])
  })

  test('states why a document in a file is used instead', async (t) => {
    const { sandbox, start, time } = await startControllerTest(t)
    sandbox.cluster.installDefinitions()
    writeResource(sandbox)
    await start()
    await advanceUntil(time, second('the status'), () => readyOf(sandbox)?.reason === 'DeclaredInFile')
    assert.match(readyOf(sandbox)?.message ?? '', /pull\.yaml:1/)
  })
})

suite('a permission for ClusterPullSecrets that is missing', () => {
  const apiGroups = ['pullpass.dev']

  test('to list them: readiness fails, and documents in files are not affected', async (t) => {
    const { sandbox, start, time } = await startControllerTest(t)
    sandbox.cluster.installDefinitions()
    const allow = sandbox.cluster.authorization.forbid({
      verbs: ['list'],
      apiGroups,
      resources: ['clusterpullsecrets'],
    })
    const { whenFresh, health } = await start()
    await whenFresh(2)
    const refused = 'watches failed: ClusterPullSecrets are not watched: KUBERNETES_FORBIDDEN'
    await until('the refusal', () => health('/readyz').includes(refused))
    allow()
    await advanceUntil(time, second('the permission'), () => health('/readyz').includes('[+]watches ok'))
  })

  test('to list them is not needed by a controller that ignores them', async (t) => {
    const { sandbox, start } = await startControllerTest(t, { customResources: 'ignored' })
    sandbox.cluster.installDefinitions()
    sandbox.cluster.authorization.forbid({ verbs: ['list'], apiGroups, resources: ['clusterpullsecrets'] })
    writeResource(sandbox, { name: 'other', include: ['default'] })
    const { whenFresh, health } = await start()
    await whenFresh(2)
    await until('readiness', () => health('/readyz').includes('[+]watches ok'))
    assert.equal(readPullSecret(sandbox, 'default'), undefined)
  })

  test('to list Secrets of one name: its status states the flag, and others are not affected', async (t) => {
    const { sandbox, start, time } = await startControllerTest(t, { document: 'none' })
    sandbox.cluster.installDefinitions()
    const allow = sandbox.cluster.authorization.forbid({
      verbs: ['list'],
      apiGroups: [''],
      resources: ['secrets'],
      resourceNames: ['othercred'],
    })
    writeResource(sandbox, { name: 'other', spec: { secretName: 'othercred' } })
    writeResource(sandbox)
    const { whenFresh, health } = await start()
    await whenFresh(2)
    await advanceUntil(time, second('the status'), () => readyOf(sandbox, 'other')?.reason === 'NotPermitted')
    assert.match(
      readyOf(sandbox, 'other')?.message ?? '',
      /^KUBERNETES_FORBIDDEN: .*; fix: .* --secret-name othercred$/,
    )
    assert.ok(health('/readyz').includes('[+]watches ok'))
    allow()
    await advanceUntil(time, second('the permission'), () => readyOf(sandbox, 'other')?.reason === 'Fresh')
  })

  test('to watch accounts and pods: its status states the flags, its Secrets are written, and others are not affected', async (t) => {
    const { sandbox, start, time } = await startControllerTest(t, { document: 'none' })
    sandbox.cluster.installDefinitions()
    const resources = ['serviceaccounts', 'pods']
    const allow = sandbox.cluster.authorization.forbid({ verbs: ['list'], apiGroups: [''], resources })
    writeResource(sandbox, { spec: { attachToServiceAccounts: ['default', 'builder'], stuckPods: 'Evict' } })
    writeResource(sandbox, { name: 'other', include: ['default'] })
    const { whenFresh, health, logged } = await start()
    await whenFresh(2)
    await advanceUntil(time, second('the status'), () => readyOf(sandbox)?.reason === 'NotPermitted')
    const { status, message = '' } = readyOf(sandbox) ?? {}
    assert.equal(status, 'False')
    assert.match(
      message,
      /^2 of 2 namespaces are fresh; KUBERNETES_FORBIDDEN: .* 403 "serviceaccounts .*; expected the right to list serviceaccounts default .*; KUBERNETES_FORBIDDEN: .* 403 "pods .*; expected the right to list pods in the whole cluster; fix: print the installation again with --attach-service-account default --attach-service-account builder --evict-stuck-pods$/,
    )
    assert.deepEqual(statusOf(sandbox)?.namespaces, { selected: 2, fresh: 2, failing: 0 })
    await advanceUntil(time, second('the other one'), () => readyOf(sandbox, 'other')?.reason === 'Fresh')
    const failed = (name: string) => logged.filter((line) => line.includes(`started again ${name} `)).length
    assert.deepEqual(resources.map(failed), [2, 1]) // once for each watch
    assert.ok(health('/readyz').includes('[+]watches ok'), health('/readyz'))
    allow()
    await advanceUntil(time, step('the permission'), () => readyOf(sandbox)?.reason === 'Fresh')
  })

  test('to write their status: it is reported once, and their Secrets are written', async (t) => {
    const { sandbox, start, time } = await startControllerTest(t, { document: 'none' })
    sandbox.cluster.installDefinitions()
    sandbox.cluster.authorization.forbid({ verbs: ['patch'], apiGroups, resources: ['clusterpullsecrets/status'] })
    const { whenFresh, logged, metric } = await start()
    writeResource(sandbox)
    await whenFresh(2)
    const failures = () => metric('failures_total{hop="kubernetes",code="KUBERNETES_FORBIDDEN"}') ?? 0
    await advanceUntil(time, step('three attempts'), () => failures() >= 3)
    assert.equal(logged.filter((line) => line.includes('KUBERNETES_FORBIDDEN')).length, 1, logged.join('\n'))
  })
})
