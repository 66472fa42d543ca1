import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { documentText } from '../../support/document-text.ts'
import { readPullSecret } from '../../support/read-pull-secret.ts'
import { runPullpass } from '../../support/run-pullpass.ts'
import { startTestSandbox, type TestSandbox } from '../../support/start-test-sandbox.ts'
import { dockerConfigData } from './write-as.ts'

type ManagedFields = NonNullable<Parameters<TestSandbox['cluster']['seed']>[0]['metadata']['managedFields']>

const manager = 'pullpass:ClusterPullSecret:pull'

/** As `kubectl create secret docker-registry | kubectl apply` leaves it. */
function seedScriptSecret({ cluster }: TestSandbox, namespace: string, type = 'kubernetes.io/dockerconfigjson'): void {
  const data = dockerConfigData('europe-docker.pkg.dev', 'oauth2accesstoken:of-the-script')
  cluster.seed({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      name: 'regcred',
      namespace,
      annotations: { 'kubectl.kubernetes.io/last-applied-configuration': JSON.stringify({ data }) },
      managedFields: [
        {
          manager: 'kubectl-client-side-apply',
          operation: 'Update',
          apiVersion: 'v1',
          fieldsType: 'FieldsV1',
          fieldsV1: {
            'f:metadata': { 'f:annotations': { '.': {}, 'f:kubectl.kubernetes.io/last-applied-configuration': {} } },
            'f:data': { '.': {}, 'f:.dockerconfigjson': {} },
            'f:type': {},
          },
        },
      ],
    },
    type,
    data,
  })
}

suite('pullpass refresh respects the owner of a Secret', () => {
  const foreign: Readonly<Record<string, readonly [managedFields: ManagedFields, seen: RegExp, fix: RegExp]>> = {
    'of another type is not to be adopted, which would fail': [
      [
        {
          manager: 'cert-manager',
          operation: 'Update',
          apiVersion: 'v1',
          fieldsType: 'FieldsV1',
          fieldsV1: { 'f:data': { '.': {}, 'f:tls.crt': {} }, 'f:type': {} },
        },
      ],
      /Secret team-a\/regcred is managed by "cert-manager", and has no \.dockerconfigjson: it is of another type; /,
      /^ {2}fix: choose another spec\.secretName: the type of a Secret cannot be changed, and --adopt fails$/m,
    ],
    'without managed fields is reported as such': [
      [],
      /Secret team-a\/regcred is not ours, and no field manager is recorded; it was left unchanged/,
      /^ {2}fix: choose another spec\.secretName, or take over this Secret: /m,
    ],
  }
  for (const [title, [managedFields, seen, fix]] of Object.entries(foreign)) {
    test(`a Secret ${title}`, async (t) => {
      const sandbox = await startTestSandbox(t)
      sandbox.cluster.seed({
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name: 'regcred', namespace: 'team-a', managedFields },
        type: 'kubernetes.io/tls',
        data: { 'tls.crt': '', 'tls.key': '' },
      })
      const file = await sandbox.write('pull.yaml', documentText(sandbox))
      const { exitCode, stderr } = await runPullpass(sandbox, ['refresh', '-f', file])
      assert.equal(exitCode, 1)
      assert.match(stderr, /^SECRET_NOT_OURS \(kubernetes\): /)
      assert.match(stderr, seen)
      assert.match(stderr, fix)
    })
  }

  test('a Secret of the usual script is left as it is, its manager is reported, and the others are written', async (t) => {
    const sandbox = await startTestSandbox(t)
    seedScriptSecret(sandbox, 'team-a')
    const file = await sandbox.write('pull.yaml', documentText(sandbox))
    const { exitCode, stderr } = await runPullpass(sandbox, ['refresh', '-f', file])
    assert.equal(exitCode, 1)
    assert.equal(
      stderr,
      [
        'SECRET_NOT_OURS (kubernetes): Secret team-a/regcred is managed by "kubectl-client-side-apply"; it was left unchanged',
        '  expected one that pullpass created for ClusterPullSecret pull, or none',
        `  fix: choose another spec.secretName, or take over this Secret: spec.conflictPolicy: Adopt; or once: pullpass refresh -f ${file} --adopt`,
        '',
      ].join('\n'),
    )
    assert.deepEqual(readPullSecret(sandbox, 'team-a')?.auths, {
      'europe-docker.pkg.dev': 'oauth2accesstoken:of-the-script',
    })
    assert.deepEqual(readPullSecret(sandbox, 'team-b')?.managers, [manager])
  })

  test('--adopt takes it over once, and clears the old password from the last-applied annotation of kubectl', async (t) => {
    const sandbox = await startTestSandbox(t)
    seedScriptSecret(sandbox, 'team-a')
    const file = await sandbox.write('pull.yaml', documentText(sandbox))
    const adopted = await runPullpass(sandbox, ['refresh', '-f', file, '--adopt'])
    assert.equal(adopted.stderr, '')
    assert.match(adopted.stdout, /team-a\/regcred +google +updated .* taken over from its earlier manager\n/)
    const secret = readPullSecret(sandbox, 'team-a')
    assert.doesNotMatch(JSON.stringify(secret), /of-the-script/)
    assert.equal(secret?.annotations['kubectl.kubernetes.io/last-applied-configuration'], undefined)
    assert.match(secret?.auths['europe-docker.pkg.dev'] ?? '', /^oauth2accesstoken:ya29\./)
    const again = await runPullpass(sandbox, ['refresh', '-f', file])
    assert.deepEqual([again.exitCode, again.stderr], [0, ''])
  })

  test('a Secret of another type is not taken over, and its type is reported', async (t) => {
    const sandbox = await startTestSandbox(t)
    seedScriptSecret(sandbox, 'team-a', 'Opaque')
    const file = await sandbox.write('pull.yaml', documentText(sandbox))
    const { exitCode, stderr } = await runPullpass(sandbox, ['refresh', '-f', file, '--adopt'])
    assert.equal(exitCode, 1)
    assert.match(
      stderr,
      /^SECRET_TYPE_WRONG \(kubernetes\): Secret team-a\/regcred has another type, which cannot be changed\n/,
    )
  })

  test('a failure reports the content of the Secret: its earlier entry and expiry, or no entry of ours', async (t) => {
    const sandbox = await startTestSandbox(t)
    const file = await sandbox.write('pull.yaml', documentText(sandbox))
    await runPullpass(sandbox, ['refresh', '-f', file])
    const stored = sandbox.cluster.store.read('Secret', 'team-b', 'regcred')
    assert.ok(stored)
    sandbox.cluster.store.remove(stored)
    seedScriptSecret(sandbox, 'team-b')
    sandbox.cluster.authorization.forbid({ verbs: ['patch'], resources: ['secrets'], namespace: 'team-a' })
    sandbox.clock.advance('40 min')
    const { stdout } = await runPullpass(sandbox, ['refresh', '-f', file, '-o', 'json'])
    const report: { secrets: { result: string; registries: object[] }[] } = JSON.parse(stdout)
    const base = { name: 'google', hosts: ['europe-docker.pkg.dev'] }
    assert.deepEqual(
      report.secrets.map(({ result, registries }) => [result, ...registries]),
      [
        ['failed', { ...base, result: 'kept', expiresAt: '2026-11-24T13:00:00Z' }],
        ['failed', { ...base, result: 'absent' }],
      ],
    )
    const shown = await runPullpass(sandbox, ['refresh', '-f', file])
    assert.match(shown.stdout, /team-a\/regcred +google +failed, kept +2026-11-24T13:00:00Z \(in 20 min\)\n/)
    assert.match(shown.stdout, /team-b\/regcred +google +failed\n/)
  })

  test('a second document does not take the Secret of the first', async (t) => {
    const sandbox = await startTestSandbox(t)
    const first = await sandbox.write('first.yaml', documentText(sandbox))
    const second = await sandbox.write('second.yaml', documentText(sandbox, { name: 'other', include: ['team-a'] }))
    await runPullpass(sandbox, ['refresh', '-f', first])
    const before = readPullSecret(sandbox, 'team-a')
    const { exitCode, stderr } = await runPullpass(sandbox, ['refresh', '-f', second])
    assert.equal(exitCode, 1)
    assert.equal(
      stderr,
      [
        'SECRET_NOT_OURS (kubernetes): Secret team-a/regcred was written by pullpass for ClusterPullSecret/pull (field manager "pullpass:ClusterPullSecret:pull"); it was left unchanged',
        '  expected one document for each Secret',
        `  fix: if ClusterPullSecret/other replaces ClusterPullSecret/pull: remove ClusterPullSecret/pull from its file or CronJob, then once: pullpass refresh -f ${second} --adopt; else choose another spec.secretName`,
        '',
      ].join('\n'),
    )
    assert.deepEqual(readPullSecret(sandbox, 'team-a'), before)
  })

  test('once a second document adopts it, the first leaves it to that one, and they do not alternate', async (t) => {
    const sandbox = await startTestSandbox(t)
    const first = await sandbox.write('first.yaml', documentText(sandbox))
    const second = await sandbox.write('second.yaml', documentText(sandbox, { name: 'other', include: ['team-a'] }))
    await runPullpass(sandbox, ['refresh', '-f', first])
    const adopted = await runPullpass(sandbox, ['refresh', '-f', second, '--adopt'])
    assert.equal(adopted.exitCode, 0)
    const before = readPullSecret(sandbox, 'team-a')
    const { exitCode, stdout, stderr } = await runPullpass(sandbox, ['refresh', '-f', first])
    assert.equal(exitCode, 1)
    assert.match(
      stderr,
      /^SECRET_NOT_OURS .* team-a\/regcred was written by pullpass for ClusterPullSecret\/other \(field manager/,
    )
    assert.match(stdout, /team-b\/regcred +google +updated /)
    assert.deepEqual(readPullSecret(sandbox, 'team-a'), before)
    const again = await runPullpass(sandbox, ['refresh', '-f', second])
    assert.deepEqual([again.exitCode, again.stderr], [0, ''])
  })

  test('with conflictPolicy: Adopt, no run takes over the Secret of another document, which would do the same in turn', async (t) => {
    const sandbox = await startTestSandbox(t)
    const more = '  conflictPolicy: Adopt'
    const first = await sandbox.write('first.yaml', documentText(sandbox, { include: ['team-a'], more }))
    const second = await sandbox.write(
      'second.yaml',
      documentText(sandbox, { name: 'other', include: ['team-a'], more }),
    )
    seedScriptSecret(sandbox, 'team-a')
    const adopted = await runPullpass(sandbox, ['refresh', '-f', first])
    assert.match(adopted.stdout, /updated .* taken over from its earlier manager\n/)
    for (let run = 0; run < 3; run++) {
      const { exitCode, stderr } = await runPullpass(sandbox, ['refresh', '-f', second])
      const owner = readPullSecret(sandbox, 'team-a')?.annotations['pullpass.dev/document']
      assert.deepEqual([exitCode, owner], [1, 'ClusterPullSecret/pull'])
      assert.match(stderr, /^SECRET_NOT_OURS .* was written by pullpass for ClusterPullSecret\/pull /)
      assert.match(stderr, /then once: pullpass refresh -f \S+ --adopt; else choose another spec\.secretName$/m)
      const again = await runPullpass(sandbox, ['refresh', '-f', first])
      assert.deepEqual([again.exitCode, again.stderr], [0, ''])
      assert.doesNotMatch(again.stdout, /taken over/)
    }
    const taken = await runPullpass(sandbox, ['refresh', '-f', second, '--adopt'])
    assert.deepEqual([taken.exitCode, taken.stderr], [0, ''])
    assert.equal((await runPullpass(sandbox, ['refresh', '-f', first])).exitCode, 1)
  })
})
