import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { readPullSecret } from '../../support/read-pull-secret.ts'
import { runPullpass } from '../../support/run-pullpass.ts'
import { startTestSandbox } from '../../support/start-test-sandbox.ts'

const manager = 'pullpass:ClusterPullSecret:regcred'

suite('pullpass refresh', () => {
  test('the drop-in variables give each namespace a pull secret, by one exchange', async (t) => {
    const sandbox = await startTestSandbox(t)
    const { exitCode, stdout, stderr } = await runPullpass(sandbox, ['refresh'])
    assert.equal(stderr, '')
    assert.equal(
      stdout,
      [
        'DOCUMENT                   SECRET           REGISTRY  RESULT   EXPIRES',
        'ClusterPullSecret/regcred  default/regcred  google    created  2026-11-24T13:00:00Z (in 60 min)',
        'ClusterPullSecret/regcred  team-a/regcred   google    created  2026-11-24T13:00:00Z (in 60 min)',
        'ClusterPullSecret/regcred  team-b/regcred   google    created  2026-11-24T13:00:00Z (in 60 min)',
        '',
      ].join('\n'),
    )
    assert.equal(exitCode, 0)
    const { sts, iamCredentials } = sandbox.gcp.parts
    assert.deepEqual([sts.seen.length, iamCredentials.seen.length], [1, 1])
  })

  test('a pull secret has its owner, its expiry and a credential that can pull', async (t) => {
    const sandbox = await startTestSandbox(t)
    await runPullpass(sandbox, ['refresh'])
    const secret = readPullSecret(sandbox, 'team-a')
    const host = `localhost:${sandbox.parts.registry.port}`
    assert.equal(secret?.type, 'kubernetes.io/dockerconfigjson')
    assert.deepEqual(secret.managers, [manager])
    assert.deepEqual(secret.labels, { 'app.kubernetes.io/managed-by': 'pullpass' })
    const { 'pullpass.dev/registries': registries, ...annotations } = secret.annotations
    assert.deepEqual(annotations, {
      'pullpass.dev/document': 'environment/regcred',
      'pullpass.dev/target': 'team-a/regcred',
      'pullpass.dev/refreshed-at': '2026-11-24T12:00:00.000Z',
      'pullpass.dev/expires-at': '2026-11-24T13:00:00.000Z',
    })
    assert.match(
      registries ?? '',
      new RegExp(`^{"google":{"hosts":\\["${host}"\\],"expiresAt":"2026-11-24T13:00:00.000Z","mintedFrom":"`),
    )
    const [username, password] = secret.auths[host]?.split(':') ?? []
    assert.equal(username, 'oauth2accesstoken')
    assert.equal(
      sandbox.gcp.holderOf(password ?? '')?.member,
      'serviceAccount:puller@example-project.iam.gserviceaccount.com',
    )
  })

  test('a second run updates each pull secret in place', async (t) => {
    const sandbox = await startTestSandbox(t)
    await runPullpass(sandbox, ['refresh'])
    const before = readPullSecret(sandbox, 'team-a')
    sandbox.clock.advance('40 min')
    const { exitCode } = await runPullpass(sandbox, ['refresh'])
    const after = readPullSecret(sandbox, 'team-a')
    assert.equal(exitCode, 0)
    assert.equal(after?.uid, before?.uid)
    assert.notDeepEqual(after?.auths, before?.auths)
    assert.equal(after?.annotations['pullpass.dev/expires-at'], '2026-11-24T13:40:00.000Z')
  })

  test('a second run sends one request for each of many namespaces', async (t) => {
    const sandbox = await startTestSandbox(t, {
      namespaces: Array.from({ length: 200 }, (_, index) => `team-${index}`),
    })
    await runPullpass(sandbox, ['refresh'])
    const before = sandbox.parts.kubernetes.seen.length
    await runPullpass(sandbox, ['refresh'])
    const requests = sandbox.parts.kubernetes.seen.slice(before).map(({ method, status }) => `${method} ${status}`)
    assert.deepEqual([requests.length, requests.filter((one) => one === 'PATCH 200').length], [201, 200])
  })

  test('with --min-remaining, what lives on long enough costs no exchange', async (t) => {
    const sandbox = await startTestSandbox(t)
    await runPullpass(sandbox, ['refresh'])
    sandbox.clock.advance('20 min')
    const early = await runPullpass(sandbox, ['refresh', '--min-remaining', '30m'])
    assert.match(early.stdout, /team-a\/regcred +google +unchanged +2026-11-24T13:00:00Z \(in 40 min\)/)
    assert.equal(sandbox.gcp.parts.sts.seen.length, 1)
    sandbox.clock.advance('11 min')
    const late = await runPullpass(sandbox, ['refresh', '--min-remaining', '30m'])
    assert.match(late.stdout, /team-a\/regcred +google +updated +2026-11-24T13:31:00Z \(in 60 min\)/)
    assert.equal(sandbox.gcp.parts.sts.seen.length, 2)
  })

  test('with --min-remaining, a changed document is exchanged all the same', async (t) => {
    const sandbox = await startTestSandbox(t)
    await runPullpass(sandbox, ['refresh'])
    const environment = { REGISTRY_HOSTS: 'europe-docker.pkg.dev' }
    await runPullpass(sandbox, ['refresh', '--min-remaining', '30m'], { environment })
    assert.deepEqual(Object.keys(readPullSecret(sandbox, 'team-a')?.auths ?? {}), ['europe-docker.pkg.dev'])
  })

  test('--dry-run writes nothing, and states that the exchange was real', async (t) => {
    const sandbox = await startTestSandbox(t)
    const { exitCode, stdout } = await runPullpass(sandbox, ['refresh', '--dry-run'])
    assert.equal(exitCode, 0)
    assert.match(stdout, /team-a\/regcred +google +would-create/)
    assert.match(stdout, /\nDry run: nothing was stored\. Exchanges and token requests were real\.\n$/)
    assert.equal(readPullSecret(sandbox, 'team-a'), undefined)
  })

  test('--dry-run mentions real exchanges only where there were any', async (t) => {
    const sandbox = await startTestSandbox(t)
    await runPullpass(sandbox, ['refresh'])
    const { stdout } = await runPullpass(sandbox, ['refresh', '--dry-run', '--min-remaining', '30m'])
    assert.match(stdout, /team-a\/regcred +google +unchanged/)
    assert.match(stdout, /\nDry run: nothing was stored\.\n$/)
  })

  test('-o json contains the same results', async (t) => {
    const sandbox = await startTestSandbox(t)
    const { stdout } = await runPullpass(sandbox, ['refresh', '-o', 'json'])
    const { secrets, ...report }: { secrets: unknown[] } = JSON.parse(stdout)
    const apiVersion = 'pullpass.dev/v1alpha1'
    assert.deepEqual(report, { apiVersion, kind: 'RefreshResult', result: 'ok', dryRun: false })
    assert.deepEqual(secrets[1], {
      document: 'ClusterPullSecret/regcred',
      namespace: 'team-a',
      name: 'regcred',
      result: 'created',
      registries: [
        {
          name: 'google',
          hosts: [`localhost:${sandbox.parts.registry.port}`],
          result: 'fresh',
          expiresAt: '2026-11-24T13:00:00Z',
        },
      ],
      notes: [],
    })
  })

  test('-o json of a dry run contains, as the table does, the planned changes', async (t) => {
    const { stdout } = await runPullpass(await startTestSandbox(t), ['refresh', '--dry-run', '-o', 'json'])
    const report: { dryRun: boolean; secrets: { result: string }[] } = JSON.parse(stdout)
    assert.equal(report.dryRun, true)
    assert.deepEqual([...new Set(report.secrets.map(({ result }) => result))], ['would-create'])
  })

  test('without HTTP/2 the cluster is written over HTTP/1.1', async (t) => {
    const sandbox = await startTestSandbox(t, { kubernetesHttp2: 'absent' })
    const { exitCode } = await runPullpass(sandbox, ['refresh'])
    assert.equal(exitCode, 0)
    assert.deepEqual(readPullSecret(sandbox, 'team-b')?.managers, [manager])
  })

  test('with --log-format json, what fails is one line of JSON on standard error', async (t) => {
    const sandbox = await startTestSandbox(t)
    const environment = { REGISTRY_SECRET_NAMESPACES: 'team-a,nope' }
    const { exitCode, stderr } = await runPullpass(sandbox, ['refresh', '--log-format', 'json'], { environment })
    assert.equal(exitCode, 1)
    assert.deepEqual(JSON.parse(stderr), {
      time: '2026-11-24T12:00:00.000Z',
      level: 'error',
      message: 'namespace nope does not exist',
      code: 'NAMESPACE_NOT_FOUND',
      hop: 'kubernetes',
      expected: 'a namespace that exists',
      fix: 'correct the name, or create the namespace',
      command: 'kubectl create namespace nope',
      retryable: false,
      namespaces: ['nope'],
    })
  })
})
