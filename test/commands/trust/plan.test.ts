import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { createPlantedSecrets } from '../../support/planted-secrets.ts'
import { runPullpass } from '../../support/run-pullpass.ts'
import { startTestSandbox } from '../../support/start-test-sandbox.ts'
import { pool, resultsOf, runTrust } from './run-trust.ts'

suite('trust plan', { concurrency: 4 }, () => {
  test('lists what is missing and changes nothing', async (t) => {
    const sandbox = await startTestSandbox(t, { trust: 'absent' })
    const run = await runTrust(sandbox, ['plan'])

    assert.deepEqual([run.exitCode, run.stderr], [0, ''])
    assert.deepEqual(resultsOf(run), ['would-create', 'would-create', 'would-create', 'would-grant', 'would-grant'])
    assert.match(run.stdout, /^CLUSTER +ISSUER +MARK\n/)
    assert.match(run.stdout, /^5 changes would be made by pullpass trust apply:$/m)
    assert.equal(sandbox.gcp.identity.read(pool), undefined)
  })

  test('with --exit-code returns 1 if something is missing', async (t) => {
    const sandbox = await startTestSandbox(t, { trust: 'absent' })
    assert.equal((await runTrust(sandbox, ['plan', '--exit-code'])).exitCode, 1)
    await runTrust(sandbox, ['apply', '--yes'])
    const run = await runTrust(sandbox, ['plan', '--exit-code'])
    assert.equal(run.exitCode, 0)
    assert.match(run.stdout, /^No changes are required\.$/m)
  })

  test('of a pool whose list of providers does not end states no result', async (t) => {
    const sandbox = await startTestSandbox(t)
    sandbox.gcp.parts.iam.faults.inject(
      { kind: 'response', response: { status: 200, body: { nextPageToken: 'again' } } },
      { when: ({ method, path }) => method === 'GET' && path.endsWith('/providers') },
    )
    const run = await runTrust(sandbox, ['plan'])
    assert.equal(run.exitCode, 1)
    assert.equal(resultsOf(run)[0], 'unknown')
    assert.match(
      run.stderr,
      /^RESPONSE_TOO_LARGE \(trust\): Google's list of the providers of \S+\/pool does not end within 20 pages$/m,
    )
  })

  test('requires no cluster with --issuer', async (t) => {
    const sandbox = await startTestSandbox(t)
    const issuer = ['--issuer', sandbox.cluster.issuer]
    const run = await runTrust(sandbox, ['plan', ...issuer], {}, { environment: { KUBECONFIG: '/nonexistent' } })

    assert.deepEqual([run.exitCode, run.stderr], [0, ''])
    assert.deepEqual(resultsOf(run), ['unchanged', 'unchanged', 'unchanged', 'unchanged', 'unchanged'])
  })

  test('prints each change and error with -o json', async (t) => {
    const sandbox = await startTestSandbox(t)
    sandbox.gcp.accounts.denyTokens('puller@example-project.iam.gserviceaccount.com', sandbox.gcp.principal)
    sandbox.gcp.operators.withhold('iam.workloadIdentityPools.get')
    const { stdout, exitCode } = await runTrust(sandbox, ['plan', '-o', 'json'])
    const { resources } = JSON.parse(stdout)

    assert.equal(exitCode, 1)
    assert.deepEqual(
      resources.map(({ kind, result }: Record<string, unknown>) => [kind, result]),
      [
        ['pool', 'unknown'],
        ['provider', 'unchanged'],
        ['service account', 'unchanged'],
        ['grant', 'blocked'],
        ['grant', 'unchanged'],
      ],
    )
    assert.equal(resources[0].error.code, 'TRUST_DENIED')
    assert.deepEqual(resources[3].missing, [{ vendor: 'gcp', kind: 'pool', name: pool, result: 'unknown' }])
    assert.deepEqual(resources[3].changes, [])
  })

  const newcomer = { subject: { namespace: 'images', name: 'newcomer' } } as const
  const command = 'kubectl create namespace images && kubectl create serviceaccount newcomer -n images'

  test('reports a missing account whose token is exchanged, with the command that creates it', async (t) => {
    const sandbox = await startTestSandbox(t, { trust: 'absent' })
    const run = await runTrust(sandbox, ['plan'], newcomer)

    assert.deepEqual([run.exitCode, run.stderr], [0, ''])
    assert.match(run.stdout, /^absent +ServiceAccount +images\/newcomer$/m)
    assert.match(run.stdout, /^note: Namespace images does not exist in cluster https:.*; create it: kubectl /m)
    assert.ok(run.stdout.includes(`; create it: ${command}\n`))
    const json = JSON.parse((await runTrust(sandbox, ['plan', '-o', 'json'], newcomer)).stdout)
    assert.deepEqual(
      json.absentServiceAccounts.map((one: Record<string, unknown>) => [one['serviceAccount'], one['command']]),
      [['images/newcomer', command]],
    )
  })

  test('names the kubeconfig and the context of the command line in that command', async (t) => {
    const sandbox = await startTestSandbox(t)
    const { kubeconfigFile } = sandbox.folder
    const flags = ['--kubeconfig', kubeconfigFile, '--context', 'sandbox']
    const { stdout } = await runTrust(sandbox, ['plan', ...flags], {
      subject: { namespace: 'image-system', name: 'new' },
    })

    assert.ok(
      stdout.includes(`; create it: kubectl ${flags.join(' ')} create serviceaccount new -n image-system\n`),
      stdout,
    )
    assert.match(stdout, /^CLUSTER +ISSUER +MARK\nsandbox +https:/)
  })

  test('with --exit-code counts a missing account; without permission to read it, it is not reported', async (t) => {
    const sandbox = await startTestSandbox(t)
    const existingNamespace = { subject: { namespace: 'image-system', name: 'newcomer' } } as const
    await runTrust(sandbox, ['apply', '--yes', '--no-verify'], existingNamespace)
    const absent = await runTrust(sandbox, ['plan', '--exit-code'], existingNamespace)
    assert.match(absent.stdout, /create it: kubectl create serviceaccount newcomer -n image-system\n/)
    assert.deepEqual([absent.exitCode, absent.stderr], [1, ''])
    assert.match(absent.stdout, /^No changes are required at the cloud\.$/m)
    sandbox.cluster.authorization.forbid({ verbs: ['get'], resources: ['serviceaccounts'] })
    assert.equal((await runTrust(sandbox, ['plan', '--exit-code'], existingNamespace)).exitCode, 0)
  })

  test('with -o gcloud the missing account is reported on standard error', async (t) => {
    const sandbox = await startTestSandbox(t, { trust: 'absent' })
    const run = await runTrust(sandbox, ['plan', '-o', 'gcloud'], newcomer)
    assert.ok(run.stderr.includes(`; create it: ${command}\n`))
    assert.doesNotMatch(run.stdout, /kubectl/)
  })

  test('requires no repository where the document cannot contain one', async (t) => {
    const sandbox = await startTestSandbox(t)
    const tenant = (...registry: readonly string[]) =>
      [
        'apiVersion: pullpass.dev/v1alpha1',
        'kind: PullSecret',
        'metadata: {name: pull, namespace: image-system}',
        'spec:',
        '  serviceAccountName: pullpass',
        '  registries:',
        ...registry,
      ].join('\n')
    const google = tenant(
      '    - name: google',
      '      hosts: [europe-docker.pkg.dev]',
      `      gcp: {workloadIdentityProvider: ${sandbox.gcp.provider}}`,
    )
    const file = await sandbox.write('tenant.yaml', google)
    const run = await runPullpass(sandbox, ['trust', 'plan', '-f', file])
    assert.equal(run.exitCode, 2)
    assert.match(run.stderr, /^DOCUMENT_INVALID .* registry google has no repository$/m)
    assert.match(run.stderr, /^ {2}expected --repository projects\/PROJECT.*, since a PullSecret has no gcp\.trust$/m)
    assert.doesNotMatch(run.stderr, /fix: name it there/)
    const named = await runPullpass(sandbox, ['trust', 'plan', '-f', file, '--repository', sandbox.gcp.repository])
    assert.match(named.stdout, /^would-grant +grant +roles\/artifactregistry\.reader on .* for principal:/m)
    const ecr = tenant(
      '    - name: ecr',
      '      hosts: [123456789012.dkr.ecr.eu-west-1.amazonaws.com]',
      '      aws: {roleArn: "arn:aws:iam::123456789012:role/puller", region: eu-west-1}',
    )
    const ofAws = await runPullpass(sandbox, ['trust', 'plan', '-f', await sandbox.write('ecr.yaml', ecr)])
    assert.equal(ofAws.exitCode, 2)
    assert.match(ofAws.stderr, /^ {2}expected --repository arn:aws:ecr:.*, since a PullSecret has no aws\.trust$/m)
  })

  const refused: Record<string, [words: readonly string[], exitCode: number, message: RegExp]> = {
    'an issuer that is not https': [
      ['--issuer', 'http://oidc.example.com'],
      2,
      /^USAGE_INVALID \(run\): --issuer is "http:\/\/oidc\.example\.com"\n {2}expected an https URL without user, query or fragment\n/,
    ],
    'an issuer that is the internal default': [
      ['--issuer', 'https://kubernetes.default.svc.cluster.local'],
      1,
      /^ISSUER_UNUSABLE \(discovery\): .* its name exists only inside the cluster/,
    ],
    'a subject with documents that all name their account': [
      ['--subject', 'image-system/pullpass'],
      2,
      /^USAGE_INVALID \(run\): --subject system:serviceaccount:image-system:pullpass is given, and all documents name their account/,
    ],
    'a repository with documents that all name theirs': [
      ['--repository', 'projects/other/locations/europe/repositories/images'],
      2,
      /^USAGE_INVALID \(run\): --repository projects\/other\/.* is given, and all documents name their repository/,
    ],
    'an issuer with several contexts': [
      ['--issuer', 'https://oidc.example.com', '--context', 'a', '--context', 'b'],
      2,
      /^USAGE_INVALID \(run\): --issuer is given with several contexts/,
    ],
    'a provider id for a context that is not meant': [
      ['--issuer-id', 'a=cluster'],
      2,
      /^USAGE_INVALID \(run\): --issuer-id names the context a/,
    ],
    'a provider id that Google keeps for itself': [
      ['--context', 'a', '--issuer-id', 'a=gcp-cluster'],
      2,
      /^USAGE_INVALID \(run\): --issuer-id is "a=gcp-cluster"/,
    ],
  }
  for (const [title, [words, exitCode, message]] of Object.entries(refused)) {
    test(`refuses ${title} before any request to Google`, async (t) => {
      const sandbox = await startTestSandbox(t, { trust: 'absent' })
      sandbox.gcp.parts.sts.faults.inject({ kind: 'reset', at: 'request' }) // no token for a request is available
      const run = await runTrust(sandbox, ['plan', ...words])

      assert.equal(run.exitCode, exitCode)
      assert.match(run.stderr, message)
    })
  }

  test('refuses a subject that Google cannot map, before any request to Google', async (t) => {
    const sandbox = await startTestSandbox(t, { trust: 'absent' })
    const name = `pullpass-${'of-the-image-platform-team-'.repeat(4)}x`
    const run = await runTrust(sandbox, ['plan'], { subject: { namespace: 'image-system', name } })

    assert.equal(run.exitCode, 1)
    assert.match(
      run.stderr,
      /^SUBJECT_TOO_LONG \(subject-token\): the subject of ClusterPullSecret pull has 1\d\d bytes: /,
    )
  })

  test('requires --subject for a token from a file', async (t) => {
    const sandbox = await startTestSandbox(t)
    const run = await runTrust(sandbox, ['plan'], { subject: 'file' })
    const named = await runTrust(sandbox, ['plan', '--subject', 'image-system/pullpass'], { subject: 'file' })

    assert.equal(run.exitCode, 2)
    assert.match(run.stderr, /^USAGE_INVALID \(run\): .*trust\.yaml:\d+: registry google uses the token of a file/)
    assert.equal(named.exitCode, 0, named.stderr)
  })

  test('the operator’s credentials and tokens appear in no output, also where Google repeats them', async (t) => {
    const sandbox = await startTestSandbox(t, { trust: 'absent' })
    const secrets = createPlantedSecrets()
    const planted = new Set<string>()
    const plant = (secret: string | undefined) => {
      if (secret === undefined || planted.has(secret)) return
      planted.add(secret)
      secrets.plant(`secret ${planted.size}`, secret)
    }
    for (const part of [sandbox.gcp.parts.iam, sandbox.gcp.parts.artifactRegistry]) part.faults.clear()
    const repeat = (token: string) => ({
      status: 403,
      body: { error: { code: 403, status: 'PERMISSION_DENIED', message: `no right with ${token}` } },
    })
    const token = sandbox.gcp.operator.accessToken()
    plant(token)
    const granted = { status: 200, body: { access_token: token, token_type: 'Bearer', expires_in: 3600 } }
    sandbox.gcp.parts.sts.faults.inject({ kind: 'response', response: granted })
    for (const words of [
      ['plan'],
      ['plan', '-o', 'gcloud'],
      ['plan', '-o', 'terraform'],
      ['apply', '--yes'],
      ['destroy', '--yes'],
    ]) {
      for (const form of [[], ['--log-level', 'debug', '--log-format', 'json']]) {
        const run = await runTrust(sandbox, [...words, ...form])
        secrets.assertAbsent(run.stdout + run.stderr, words.join(' '))
      }
    }
    sandbox.gcp.parts.iam.faults.inject({ kind: 'response', response: repeat(token) })
    const run = await runTrust(sandbox, ['plan', '-o', 'json'])
    secrets.assertAbsent(run.stdout + run.stderr, 'a refusal that repeats the token')
    assert.match(run.stderr, /its words are withheld/)
  })
})
