import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { suite, test } from 'node:test'
import { writeResource } from '../controller/custom-resource.ts'
import { documentText } from '../support/document-text.ts'
import { readPullSecret } from '../support/read-pull-secret.ts'
import { type PullpassOptions, type PullpassRun, runPullpass } from '../support/run-pullpass.ts'
import { startTestSandbox, type TestSandbox } from '../support/start-test-sandbox.ts'
import { heldBy, trustDocument } from './trust/run-trust.ts'

const spec = ['attachToServiceAccounts: [default]']

/** Writes the document, and applies trust and a first refresh. */
async function installed(sandbox: TestSandbox): Promise<string> {
  const file = await sandbox.write('document.yaml', trustDocument(sandbox, { spec }))
  await succeed(sandbox, ['trust', 'apply', '--yes', '--no-verify', '-f', file])
  return await refreshed(sandbox)
}

/** The same, with trust of the sandbox that pullpass did not create. */
async function refreshed(sandbox: TestSandbox): Promise<string> {
  seedAccount(sandbox, 'team-a', [])
  const file = await sandbox.write('document.yaml', trustDocument(sandbox, { spec }))
  await succeed(sandbox, ['refresh', '-f', file])
  return file
}

async function succeed(
  sandbox: TestSandbox,
  words: readonly string[],
  options: PullpassOptions = {},
): Promise<PullpassRun> {
  const run = await runPullpass(sandbox, words, options)
  assert.equal(run.exitCode, 0, run.stderr)
  return run
}

function seedAccount({ cluster }: TestSandbox, namespace: string, secrets: readonly string[]): void {
  const fieldsV1 = { 'f:imagePullSecrets': {} }
  const managedFields = [{ ...createdBy('kubectl-create'), fieldsV1 }]
  const metadata = { namespace, name: 'default', managedFields }
  const imagePullSecrets = secrets.map((name) => ({ name }))
  cluster.seed({ apiVersion: 'v1', kind: 'ServiceAccount', metadata, imagePullSecrets })
}

const createdBy = (manager: string) =>
  ({ manager, operation: 'Update', apiVersion: 'v1', time: '2026-11-24T11:00:00Z', fieldsType: 'FieldsV1' }) as const

const pullSecretsOf = ({ cluster }: TestSandbox, namespace: string) =>
  cluster.store.read('ServiceAccount', namespace, 'default')?.['imagePullSecrets']

const stepsOf = ({ stdout }: PullpassRun): string[] =>
  JSON.parse(stdout).steps.map(
    ({ phase, result, kind, name }: Record<string, string>) => `${phase} ${result} ${kind} ${name}`,
  )

const json = ['-o', 'json']
const keepTrustNote = /^note: phase trust removes what trust apply created at the cloud; with --keep-trust it is kept$/m

suite('uninstall', { concurrency: 4 }, () => {
  test('detaches the pull secret, deletes it on request, and removes trust; then there is nothing to do', async (t) => {
    const sandbox = await startTestSandbox(t, { trust: 'absent' })
    const file = await installed(sandbox)
    assert.deepEqual(pullSecretsOf(sandbox, 'team-a'), [{ name: 'regcred' }])

    const run = await succeed(sandbox, ['uninstall', '-f', file, '--yes', '--delete-pull-secrets', ...json])

    assert.deepEqual(stepsOf(run).slice(0, 2), [
      'detach detached ServiceAccount team-a/default',
      'pull-secrets deleted Secret team-a/regcred',
    ])
    assert.match(run.stdout, /"name": "image-system\/pullpass-trust",\s+"result": "kept"/)
    assert.deepEqual(pullSecretsOf(sandbox, 'team-a'), [])
    assert.equal(readPullSecret(sandbox, 'team-a'), undefined)
    assert.equal(heldBy(sandbox).account, undefined)
    assert.equal(heldBy(sandbox).provider?.state, 'DELETED')

    const again = await succeed(sandbox, ['uninstall', '-f', file, '--yes', '--delete-pull-secrets', ...json])
    assert.deepEqual(
      stepsOf(again).filter((step) => !/ (absent|kept) /.test(step)),
      [],
    )
  })

  test('keeps pull secrets unless --delete-pull-secrets is given, and trust with --keep-trust', async (t) => {
    const sandbox = await startTestSandbox(t, { trust: 'absent' })
    const file = await installed(sandbox)
    const before = readPullSecret(sandbox, 'team-a')

    const run = await succeed(sandbox, ['uninstall', '-f', file, '--yes', '--keep-trust', ...json])

    assert.deepEqual(stepsOf(run).slice(0, 2), [
      'detach detached ServiceAccount team-a/default',
      'pull-secrets kept Secret team-a/regcred',
    ])
    assert.deepEqual(readPullSecret(sandbox, 'team-a'), before)
    assert.equal(heldBy(sandbox).provider?.state, 'ACTIVE')
  })

  test('removes nothing with --dry-run, and shows what it would remove, also with -o json', async (t) => {
    const sandbox = await startTestSandbox(t, { trust: 'absent' })
    const file = await installed(sandbox)
    const before = readPullSecret(sandbox, 'team-a')

    const run = await succeed(sandbox, ['uninstall', '-f', file, '--dry-run', '--delete-pull-secrets'])

    assert.match(run.stdout, /^detach +would-detach +ServiceAccount +team-a\/default$/m)
    assert.match(run.stdout, /^pull-secrets +would-delete +Secret +team-a\/regcred$/m)
    assert.match(run.stdout, /^trust +would-delete +provider +projects\/.*\/providers\/cluster$/m)
    assert.match(run.stdout, keepTrustNote)
    assert.match(run.stdout, /^Dry run: nothing was changed\.$/m)
    const keeping = await succeed(sandbox, ['uninstall', '-f', file, '--dry-run', '--keep-trust'])
    assert.doesNotMatch(keeping.stdout, /^trust |keep-trust/m)
    const environment = { GOOGLE_APPLICATION_CREDENTIALS: 'absent.json' }
    const unsigned = await runPullpass(sandbox, ['uninstall', '-f', file, '--dry-run'], { environment })
    assert.equal(unsigned.exitCode, 2)
    assert.match(unsigned.stderr, /^ {2}fix: --keep-trust keeps what trust apply created; otherwise /m)
    const structured = await succeed(sandbox, ['uninstall', '-f', file, '--dry-run', ...json])
    assert.equal(JSON.parse(structured.stdout).dryRun, true)
    assert.equal(stepsOf(structured)[0], 'detach would-detach ServiceAccount team-a/default')
    assert.deepEqual(readPullSecret(sandbox, 'team-a'), before)
    assert.deepEqual(pullSecretsOf(sandbox, 'team-a'), [{ name: 'regcred' }])
    assert.equal(heldBy(sandbox).provider?.state, 'ACTIVE')
  })

  test('keeps a Secret of that name that another manager wrote, and the service account that uses it', async (t) => {
    const sandbox = await startTestSandbox(t)
    const file = await refreshed(sandbox)
    const metadata = { namespace: 'team-b', name: 'regcred' }
    sandbox.cluster.seed({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata,
      type: 'kubernetes.io/dockerconfigjson',
      data: {},
    })
    seedAccount(sandbox, 'team-b', ['other', 'regcred'])

    const run = await succeed(sandbox, [
      'uninstall',
      '-f',
      file,
      '--yes',
      '--keep-trust',
      '--delete-pull-secrets',
      ...json,
    ])

    assert.ok(stepsOf(run).includes('pull-secrets kept Secret team-b/regcred'), run.stdout)
    assert.ok(stepsOf(run).includes('detach kept ServiceAccount team-b/default'), run.stdout)
    assert.ok(readPullSecret(sandbox, 'team-b'))
    assert.deepEqual(pullSecretsOf(sandbox, 'team-b'), [{ name: 'other' }, { name: 'regcred' }])
  })

  test('detaches in namespaces that the document no longer selects, and keeps other entries', async (t) => {
    const sandbox = await startTestSandbox(t)
    const file = await refreshed(sandbox)
    seedAccount(sandbox, 'team-b', ['first'])
    const selecting = (await readFile(file, 'utf8')).replace('[team-a]', '[team-b]')
    await succeed(sandbox, ['refresh', '-f', await sandbox.write('team-b.yaml', selecting)])
    assert.deepEqual(pullSecretsOf(sandbox, 'team-b'), [{ name: 'first' }, { name: 'regcred' }])

    await succeed(sandbox, ['uninstall', '-f', file, '--yes', '--keep-trust'])

    assert.deepEqual(pullSecretsOf(sandbox, 'team-b'), [{ name: 'first' }])
  })

  test('detaches a service account that it attached, also when its Secret is already deleted', async (t) => {
    const sandbox = await startTestSandbox(t)
    const file = await refreshed(sandbox)
    const secret = sandbox.cluster.store.read('Secret', 'team-a', 'regcred')
    assert.ok(secret)
    sandbox.cluster.store.remove(secret)

    const run = await succeed(sandbox, ['uninstall', '-f', file, '--yes', '--keep-trust', ...json])

    assert.equal(stepsOf(run)[0], 'detach detached ServiceAccount team-a/default')
    assert.deepEqual(pullSecretsOf(sandbox, 'team-a'), [])
  })

  test('keeps an entry of that name that it did not attach, in a namespace without its Secret', async (t) => {
    const sandbox = await startTestSandbox(t)
    const file = await refreshed(sandbox)
    seedAccount(sandbox, 'team-b', ['first', 'regcred', 'last'])

    const run = await succeed(sandbox, ['uninstall', '-f', file, '--yes', '--keep-trust', ...json])

    assert.ok(stepsOf(run).includes('detach kept ServiceAccount team-b/default'), run.stdout)
    assert.match(run.stdout, /"notes": \[\s+"regcred was not attached by this document: /)
    assert.deepEqual(pullSecretsOf(sandbox, 'team-b'), [{ name: 'first' }, { name: 'regcred' }, { name: 'last' }])
  })

  test('shows the plan and prompts, and removes nothing when the response is no', async (t) => {
    const sandbox = await startTestSandbox(t)
    const file = await refreshed(sandbox)
    const before = readPullSecret(sandbox, 'team-a')
    const questions: string[] = []
    const prompt = async (question: string) => {
      questions.push(question)
      return 'no'
    }

    const run = await runPullpass(sandbox, ['uninstall', '-f', file, '--delete-pull-secrets'], { prompt })

    assert.equal(run.exitCode, 1)
    assert.deepEqual(questions, ['\nRemove everything that is pending? [y/N]: '])
    assert.match(run.stderr, /^pull-secrets +pending +Secret +team-a\/regcred$/m)
    assert.match(run.stderr, /^Nothing was removed\.$/m)
    assert.deepEqual(readPullSecret(sandbox, 'team-a'), before)
  })

  test('does not prompt when nothing is pending', async (t) => {
    const sandbox = await startTestSandbox(t)
    const file = await refreshed(sandbox)
    await runPullpass(sandbox, ['uninstall', '-f', file, '--keep-trust', '--yes'])
    const prompt = async (question: string) => assert.fail(question)

    const run = await runPullpass(sandbox, ['uninstall', '-f', file, '--keep-trust'], { prompt })

    assert.equal(run.exitCode, 0, run.stderr)
    assert.match(run.stdout, /^pull-secrets +kept +Secret +team-a\/regcred$/m)
  })

  test('removes at the cloud only what the plan showed, and keeps the record of anything else', async (t) => {
    const sandbox = await startTestSandbox(t, { trust: 'absent' })
    const file = await installed(sandbox)
    const { policies } = sandbox.gcp
    const granted = policies.read(sandbox.gcp.repository)
    policies.write(sandbox.gcp.repository, [])
    const prompt = async () => {
      policies.write(sandbox.gcp.repository, granted.bindings) // between the plan and the confirmation
      return 'yes'
    }

    const run = await runPullpass(sandbox, ['uninstall', '-f', file, ...json], { prompt })

    assert.equal(run.exitCode, 1)
    assert.match(run.stderr, keepTrustNote)
    assert.match(
      run.stdout,
      /"result": "blocked",\s+"notes": \[\s+"it was not in the plan: run the same command again"/,
    )
    const roles = heldBy(sandbox).repositoryPolicy.map(({ role }) => role)
    assert.deepEqual(roles, ['roles/artifactregistry.reader'])
    assert.match(JSON.stringify(heldBy(sandbox).record), /artifactregistry/)
  })

  test('refuses flags of trust with --keep-trust, before anything is read', async (t) => {
    const sandbox = await startTestSandbox(t)
    for (const [flag, value] of [
      ['--subject', '???'],
      ['--issuer', 'https://oidc.example.com'],
      ['--repository', 'images'],
      ['--key-state', 'a/b'],
      ['--trust-domain-id', 'prod=pool'],
      ['--issuer-id', 'prod=cluster'],
    ] as const) {
      const words = ['uninstall', '-f', 'absent.yaml', '--yes', '--keep-trust', flag, value]
      const run = await runPullpass(sandbox, words)
      assert.equal(run.exitCode, 2)
      assert.match(run.stderr, new RegExp(`^USAGE_INVALID .*: ${flag} has no effect with --keep-trust$`, 'm'))
    }
  })

  test('does not have --publisher and --share-trust-domain, on which removals do not depend', async (t) => {
    const sandbox = await startTestSandbox(t, { trust: 'absent' })
    for (const words of [
      ['uninstall', '--publisher', 'a/b'],
      ['uninstall', '--share-trust-domain'],
      ['trust', 'destroy', '--publisher', 'a/b'],
    ]) {
      const run = await runPullpass(sandbox, [...words, '--yes', '-f', 'absent.yaml'])
      assert.equal(run.exitCode, 2)
      assert.match(run.stderr, /^USAGE_INVALID \(run\): .*--(publisher|share-trust-domain)/m)
    }
  })

  test('removes nothing where the namespace that is given has no installation', async (t) => {
    const sandbox = await startTestSandbox(t)
    const file = await refreshed(sandbox)
    const words = ['uninstall', '-f', file, '-n', 'nope', '--yes', '--delete-pull-secrets']

    const run = await runPullpass(sandbox, words)

    assert.equal(run.exitCode, 2)
    assert.match(run.stderr, /^USAGE_INVALID \(run\): no installation of pullpass in namespace nope$/m)
    assert.deepEqual(pullSecretsOf(sandbox, 'team-a'), [{ name: 'regcred' }])
    await succeed(sandbox, ['uninstall', '-f', file, '--yes', '--delete-pull-secrets'])
    await succeed(sandbox, words)
  })

  test('without a terminal requires --yes, before anything is read', async (t) => {
    const sandbox = await startTestSandbox(t, { trust: 'absent' })
    const run = await runPullpass(sandbox, ['uninstall', '-f', 'absent.yaml', '--delete-pull-secrets'])
    assert.equal(run.exitCode, 2)
    assert.match(run.stderr, /^USAGE_INVALID \(run\): uninstall requires confirmation, and there is no terminal$/m)
    assert.match(run.stderr, /: pullpass uninstall -f absent\.yaml --delete-pull-secrets --dry-run$/m)
  })

  test('stops at the phase that fails, and reports what is blocked', async (t) => {
    const sandbox = await startTestSandbox(t)
    const file = await refreshed(sandbox)
    const response = {
      status: 403,
      body: { kind: 'Status', status: 'Failure', message: 'quota of changes', code: 403 },
    }
    const when = ({ method, path }: { method: string; path: string }) =>
      method === 'PATCH' && path.endsWith('/serviceaccounts/default')
    sandbox.parts.kubernetes.faults.inject({ kind: 'response', response }, { when })

    const run = await runPullpass(sandbox, ['uninstall', '-f', file, '--yes', '--delete-pull-secrets', ...json])

    assert.equal(run.exitCode, 1)
    assert.match(
      run.stderr,
      /^KUBERNETES_REFUSED \(kubernetes\): the API server responded with 403 "quota of changes"/m,
    )
    assert.deepEqual(stepsOf(run).slice(0, 2), [
      'detach failed ServiceAccount team-a/default',
      'pull-secrets blocked Secret team-a/regcred',
    ])
    assert.ok(readPullSecret(sandbox, 'team-a'))
    assert.equal(heldBy(sandbox).provider?.state, 'ACTIVE')
  })
})

test('a document without settings for trust is uninstalled, with a note that no resource of a cloud is removed', async (t) => {
  const sandbox = await startTestSandbox(t)
  const text = [
    'apiVersion: pullpass.dev/v1alpha1',
    'kind: ClusterPullSecret',
    'metadata: {name: pull}',
    'spec:',
    '  namespaces: {include: [team-a]}',
    '  serviceAccountRef: {namespace: image-system, name: pullpass}',
    '  registries:',
    '    - {name: quay, hosts: [quay.io], quay: {robot: acme+puller}}',
  ].join('\n')
  const file = await sandbox.write('quay.yaml', text)
  const { exitCode, stderr } = await runPullpass(sandbox, ['uninstall', '-f', file, '--yes'])
  assert.equal(exitCode, 0, stderr)
  assert.equal(stderr, 'No document has settings for trust: resources of clouds are not removed.\n')
})

/** A cluster with a ClusterPullSecret, for which a refresh from a file of the same name wrote the Secret. */
async function withResource(t: Parameters<typeof startTestSandbox>[0]): Promise<TestSandbox> {
  const sandbox = await startTestSandbox(t, { namespaces: ['team-a', 'team-b'] })
  sandbox.cluster.installDefinitions()
  const file = await sandbox.write('pull.yaml', documentText(sandbox))
  await succeed(sandbox, ['refresh', '-f', file])
  writeResource(sandbox, { include: ['team-a', 'team-b'] })
  return sandbox
}

const definitionsOf = ({ cluster }: TestSandbox) => cluster.store.list('CustomResourceDefinition').length
/** Without variables of a document. */
const environment = Object.fromEntries(
  ['PROJECT_NUMBER', 'POOL_ID', 'PROVIDER_ID', 'SERVICE_ACCOUNT_EMAIL']
    .concat('REGISTRY_SECRET_NAME', 'REGISTRY_SECRET_NAMESPACES', 'REGISTRY_HOSTS')
    .map((name) => [name, undefined]),
)

suite('uninstall, with custom resources in the cluster', () => {
  test('deletes them after their pull secrets, then their definitions, with --delete-pull-secrets', async (t) => {
    const sandbox = await withResource(t)
    writeResource(sandbox, { name: 'broken', spec: { registries: [] } })
    const run = await succeed(sandbox, ['uninstall', '--yes', '--delete-pull-secrets', ...json], { environment })
    assert.deepEqual(
      stepsOf(run).filter((step) => !step.startsWith('namespace ')),
      [
        'pull-secrets deleted Secret team-a/regcred',
        'pull-secrets deleted Secret team-b/regcred',
        'resources deleted ClusterPullSecret broken',
        'resources deleted ClusterPullSecret pull',
        'resources deleted CustomResourceDefinition clusterpullsecrets.pullpass.dev',
        'resources deleted CustomResourceDefinition pullsecrets.pullpass.dev',
      ],
    )
    assert.match(run.stdout, /it is invalid: its pull secrets are not known, and kept/)
    assert.deepEqual([readPullSecret(sandbox, 'team-a'), definitionsOf(sandbox)], [undefined, 0])
  })

  test('keeps them and their definitions otherwise: a deleted definition deletes what its objects own', async (t) => {
    const sandbox = await withResource(t)
    const run = await succeed(sandbox, ['uninstall', '--yes', ...json], { environment })
    assert.ok(stepsOf(run).includes('resources kept CustomResourceDefinition clusterpullsecrets.pullpass.dev'))
    assert.match(run.stdout, /its objects \(1\) are documents/)
    assert.deepEqual([readPullSecret(sandbox, 'team-a') === undefined, definitionsOf(sandbox)], [false, 2])
  })

  test('without them, and without a document, is invalid usage', async (t) => {
    const sandbox = await startTestSandbox(t)
    const run = await runPullpass(sandbox, ['uninstall', '--yes'], { environment })
    assert.deepEqual([run.exitCode, run.stderr.startsWith('USAGE_INVALID (run): no document is configured')], [2, true])
  })
})
