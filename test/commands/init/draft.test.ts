import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { parse, parseAllDocuments } from 'yaml'
import { loadDocuments } from '../../../src/document/load-documents.ts'
import { vendors } from '../../../src/vendors/vendors.ts'
import { vendorFields } from '../../document/smallest-document.ts'
import { runPullpass } from '../../support/run-pullpass.ts'
import { startTestSandbox, type TestSandbox } from '../../support/start-test-sandbox.ts'

const ecr = '123456789012.dkr.ecr.eu-west-1.amazonaws.com'
const forTrust = 'to be filled in before pullpass trust, and commented out until then'

function seedPod({ cluster }: TestSandbox, namespace: string, image: string, secret?: string): void {
  cluster.seed({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { namespace, name: 'app' },
    spec: { containers: [{ name: 'app', image }], ...(secret && { imagePullSecrets: [{ name: secret }] }) },
  })
}

suite('pullpass init HOST', { concurrency: 4 }, () => {
  test('finds vendor, account and region by the host, and in the cluster its issuer, namespaces and pull secrets', async (t) => {
    const sandbox = await startTestSandbox(t)
    seedPod(sandbox, 'team-b', `${ecr}/shop/app:1`, 'ecr-credentials')
    seedPod(sandbox, 'team-a', `${ecr}/shop/api@sha256:${'0'.repeat(64)}`)
    seedPod(sandbox, 'default', 'quay.io/other/app:1')
    const { exitCode, stdout, stderr } = await runPullpass(sandbox, [
      'init',
      ecr,
      '--service-account',
      'image-system/pullpass',
    ])
    assert.equal(exitCode, 0, stderr)
    assert.equal(stderr, `${forTrust}: spec.registries[0].aws.trust\n`)
    assert.deepEqual(parse(stdout), {
      apiVersion: 'pullpass.dev/v1alpha1',
      kind: 'ClusterPullSecret',
      metadata: { name: 'ecr' },
      spec: {
        namespaces: { include: ['team-a', 'team-b'] },
        serviceAccountRef: { namespace: 'image-system', name: 'pullpass' },
        registries: [
          {
            name: 'ecr',
            hosts: [ecr],
            aws: { roleArn: 'arn:aws:iam::123456789012:role/pullpass', region: 'eu-west-1' },
          },
        ],
      },
    })
    const comments = stdout.split('\n').filter((line) => line.startsWith('#'))
    assert.deepEqual(comments, [
      `# The issuer of the cluster is ${sandbox.cluster.issuer}; pullpass issuer check shows whether clouds can use it.`,
      `# 2 namespaces have pods that pull from ${ecr}.`,
      '# These pods use the pull secrets ecr-credentials: with spec.secretName of that name (and conflictPolicy: Adopt),',
      '# pods need no change.',
    ])
  })

  test('names that a tenant writes into pods cannot add a document', async (t) => {
    const sandbox = await startTestSandbox(t)
    const injected = 'x\napiVersion: pullpass.dev/v1alpha1\nkind: ClusterPullSecret\n---\n#'
    seedPod(sandbox, 'team-a', `${ecr}/shop/app:1`, injected)
    const { stdout } = await runPullpass(sandbox, ['init', ecr])
    assert.equal(parseAllDocuments(stdout).length, 1)
    assert.doesNotMatch(stdout, /pull secrets x/)
  })

  test('a host with a path, or a glob, finds the pods of its images', async (t) => {
    const sandbox = await startTestSandbox(t)
    seedPod(sandbox, 'team-a', 'europe-docker.pkg.dev/proj/repo/app:1')
    const { stdout } = await runPullpass(sandbox, ['init', 'europe-docker.pkg.dev/proj/'])
    assert.deepEqual(parse(stdout).spec.namespaces, { include: ['team-a'] })
  })

  test('what it cannot know is marked, listed, and refused by name until it is filled in', async (t) => {
    const sandbox = await startTestSandbox(t)
    const drafted = await runPullpass(sandbox, ['init', 'europe-docker.pkg.dev', '--offline'])
    assert.equal(
      drafted.stderr,
      'to be filled in: spec.namespaces.include, spec.registries[0].gcp.workloadIdentityProvider, spec.registries[0].gcp.serviceAccountEmail\n' +
        `${forTrust}: spec.registries[0].gcp.trust\n`,
    )
    const file = await sandbox.write('draft.yaml', drafted.stdout)
    const refused = await runPullpass(sandbox, ['refresh', '-f', file])
    assert.equal(refused.exitCode, 2)
    assert.match(drafted.stdout, /^ {2}# serviceAccountRef: \{namespace: NAMESPACE, name: NAME\}$/m)
    for (const field of ['include', 'workloadIdentityProvider', 'serviceAccountEmail']) {
      assert.match(refused.stderr, new RegExp(`${field}.* is "FILL_IN"`))
    }
  })

  test('with all values by flags the document passes the document hop of doctor', async (t) => {
    const sandbox = await startTestSandbox(t)
    const out = `${sandbox.folder.path}/google.yaml`
    const { exitCode, stdout, stderr } = await runPullpass(sandbox, [
      'init',
      'europe-docker.pkg.dev',
      '--namespaces=team-*,default',
      '--name=artifact-registry',
      `--out=${out}`,
      `--set=workloadIdentityProvider=${sandbox.gcp.provider}`,
      '--set=google.serviceAccountEmail=puller@example-project.iam.gserviceaccount.com',
    ])
    assert.deepEqual(
      [exitCode, stdout, stderr],
      [0, '', `${out}: created\n${forTrust}: spec.registries[0].gcp.trust\n`],
    )
    const doctor = await runPullpass(sandbox, ['doctor', '-f', out, '-o', 'json'])
    const { findings } = JSON.parse(doctor.stdout)
    assert.deepEqual(
      findings.filter(({ hop }: { hop: string }) => hop === 'document').map(({ result }: { result: string }) => result),
      ['ok'],
    )
    const again = await runPullpass(sandbox, ['init', 'europe-docker.pkg.dev', '--offline', '--out', out])
    assert.equal(again.exitCode, 2)
    assert.match(again.stderr, /google\.yaml exists and is not overwritten/)
  })

  const trustDrafts: Readonly<Record<string, readonly string[]>> = {
    [ecr]: [],
    'example.azurecr.io': [
      'tenantId=11111111-2222-4333-8444-555555555555',
      'clientId=66666666-7777-4888-8999-000000000000',
    ],
    'europe-docker.pkg.dev': [
      'workloadIdentityProvider=projects/123/locations/global/workloadIdentityPools/pool/providers/cluster',
      'serviceAccountEmail=puller@example-project.iam.gserviceaccount.com',
    ],
  }
  for (const [host, set] of Object.entries(trustDrafts)) {
    test(`for ${host} it contains the fields of trust plan as comments, and is complete without them`, async (t) => {
      const sandbox = await startTestSandbox(t)
      const argv = ['init', host, '--offline', '--namespaces', 'default', '--service-account', 'image-system/pullpass']
      const { stdout, stderr } = await runPullpass(sandbox, [...argv, ...set.flatMap((one) => ['--set', one])])
      assert.match(stderr, new RegExp(`^${forTrust}: spec\\.registries\\[0\\]\\.[a-z]+\\.trust\n$`))
      const drafted = await sandbox.write('draft.yaml', stdout)
      const doctor = await runPullpass(sandbox, ['doctor', '-f', drafted, '-o', 'json'])
      const { findings } = JSON.parse(doctor.stdout)
      assert.deepEqual(
        findings
          .filter(({ hop }: { hop: string }) => hop === 'document')
          .map(({ result }: { result: string }) => result),
        ['ok'],
      )
      const completed = stdout
        .replaceAll(/^( {8})# (trust:| {2})/gm, '$1$2')
        .replace('/SUBSCRIPTION/', '/99999999-8888-4777-8666-555555555555/')
        .replaceAll('/GROUP/', '/images/')
        .replace('/PROJECT/', '/example-project/')
        .replace('/REPOSITORY', '/images')
      const [document] = await loadDocuments(['-'], { environment: {}, readInput: async () => completed, vendors })
      const [registry] = document?.registries ?? []
      const trust = await vendors[registry?.vendor ?? '']?.trust?.load()
      assert.notEqual(trust?.repository(registry?.settings), undefined, completed)
    })
  }

  test('hosts that one credential serves are one registry; other accounts, regions and registries are others', async (t) => {
    const sandbox = await startTestSandbox(t)
    const hosts = [
      'europe-docker.pkg.dev',
      ecr,
      'a.azurecr.io',
      'us-docker.pkg.dev',
      ecr.replace('eu-west-1', 'us-east-1'),
      'b.azurecr.io',
      'gcr.io',
      ecr.replace('.ecr.', '.ecr-fips.'),
    ]
    const { stdout, stderr } = await runPullpass(sandbox, ['init', ...hosts, '--offline'])
    assert.deepEqual(
      stderr.match(/\S+\.trust\b/g),
      ['gcp', 'aws', 'azure', 'aws', 'azure'].map((vendor, index) => `spec.registries[${index}].${vendor}.trust`),
    )
    assert.equal(parse(stdout).metadata.name, 'registries')
    const { registries } = parse(stdout).spec
    assert.deepEqual(
      registries.map((registry: { name: string; hosts: string[] }) => [registry.name, ...registry.hosts]),
      [
        ['google', 'europe-docker.pkg.dev', 'us-docker.pkg.dev', 'gcr.io'],
        ['ecr', ecr, ecr.replace('.ecr.', '.ecr-fips.')],
        ['acr', 'a.azurecr.io'],
        ['ecr-2', ecr.replace('eu-west-1', 'us-east-1')],
        ['acr-2', 'b.azurecr.io'],
      ],
    )
    assert.match(stdout, /gcr\.io\] # Google: location europe; location us$/m)
    const [, ...repositories] = stdout.match(/^ {8}# .*locations\/(?:europe|us)\/repositories\/REPOSITORY$/gm) ?? []
    const more = 'another registry with that host and the same fields, and in trust'
    assert.deepEqual(
      repositories,
      ['us-docker.pkg.dev', 'gcr.io'].map(
        (host) => `        # For ${host}: ${more} repository: projects/PROJECT/locations/us/repositories/REPOSITORY`,
      ),
    )
  })

  test('for Docker Hub and GHCR it copies a Secret, because they issue no credential for a token of a cluster', async (t) => {
    const sandbox = await startTestSandbox(t)
    const set = ['docker-hub', 'ghcr'].flatMap((name) => [
      `--set=${name}.secretRef.namespace=image-system`,
      `--set=${name}.secretRef.name=${name}`,
    ])
    const argv = ['init', 'docker.io', 'ghcr.io', '--offline', '--namespaces', 'default', ...set]
    const { stdout, stderr } = await runPullpass(sandbox, argv)
    assert.equal(stderr, '')
    assert.match(
      stdout,
      /# static credential: Docker Hub issues no credential for a token of the cluster, so that an existing/,
    )
    const [document] = await loadDocuments(['-'], { environment: {}, readInput: async () => stdout, vendors })
    assert.deepEqual(
      document?.registries.map(({ vendor, hosts, sources }) => [vendor, hosts, sources?.secrets]),
      [
        ['static', ['docker.io'], [{ namespace: 'image-system', name: 'docker-hub' }]],
        ['static', ['ghcr.io'], [{ namespace: 'image-system', name: 'ghcr' }]],
      ],
    )
    const empty = await runPullpass(sandbox, ['init', 'docker.io', '--offline', '--namespaces', 'default'])
    assert.match(empty.stderr, /^to be filled in: spec\.registries\[0\]\.static\.secretRef\.namespace, /)
  })

  test('without permission to list pods it reports that, and drafts the rest', async (t) => {
    const sandbox = await startTestSandbox(t)
    const forbidden = {
      kind: 'Status',
      apiVersion: 'v1',
      status: 'Failure',
      reason: 'Forbidden',
      code: 403,
      message: 'pods is forbidden: User "dev" cannot list resource "pods" in API group "" at the cluster scope',
    }
    sandbox.parts.kubernetes.faults.inject(
      { kind: 'response', response: { status: 403, headers: {}, body: JSON.stringify(forbidden) } },
      { when: ({ path }) => path === '/api/v1/pods' },
    )
    const { exitCode, stdout } = await runPullpass(sandbox, ['init', ecr, '--namespaces', 'team-a'])
    assert.equal(exitCode, 0)
    assert.match(stdout, /^# Pods could not be listed: .*403 "pods is forbidden/m)
    assert.deepEqual(parse(stdout).spec.namespaces, { include: ['team-a'] })
  })

  test('without a cluster it names the flag that needs none', async (t) => {
    const argv = ['init', ecr, '--kubeconfig', 'absent']
    const { exitCode, stderr } = await runPullpass(await startTestSandbox(t), argv)
    assert.equal(exitCode, 2)
    assert.match(stderr, /^KUBECONFIG_INVALID .*absent does not exist$/m)
    assert.match(stderr, /^ {2}fix: --offline reads no cluster; otherwise \S/m)
  })

  test('with --namespace it is a PullSecret of that namespace, without reading a cluster', async (t) => {
    const sandbox = await startTestSandbox(t)
    const before = sandbox.parts.kubernetes.seen.length
    const account = ['--service-account', 'team-a/puller']
    const drafted = await runPullpass(sandbox, ['init', ecr, '-n', 'team-a', ...account])
    assert.deepEqual([drafted.exitCode, drafted.stderr], [0, ''])
    assert.equal(sandbox.parts.kubernetes.seen.length, before)
    const [document] = await loadDocuments([await sandbox.write('team.yaml', drafted.stdout)], {
      environment: {},
      readInput: async () => '',
      vendors,
    })
    assert.deepEqual(
      [document?.kind, document?.secretName, document?.namespaces.include, document?.serviceAccountRef],
      ['PullSecret', 'ecr', ['team-a'], { namespace: 'team-a', name: 'puller' }],
    )

    const unnamed = await runPullpass(sandbox, ['init', ecr, '-n', 'team-a'])
    assert.equal(unnamed.stderr, 'to be filled in: spec.serviceAccountName\n')
  })

  test('a registry of an unknown vendor lists the vendors, for a PullSecret those that it can have', async (t) => {
    const sandbox = await startTestSandbox(t)
    const vendorsOf = async (...flags: string[]) => {
      const { stdout } = await runPullpass(sandbox, ['init', 'images.example.com', '--offline', ...flags])
      return /# One of (.+): docs\/registries\.md\.$/m.exec(stdout)?.[1]?.split(', ') ?? []
    }
    assert.deepEqual((await vendorsOf()).toSorted(), vendorFields.split(', ').toSorted())
    const ofTenants = await vendorsOf('-n', 'team-a')
    assert.ok(ofTenants.includes('quay') && !ofTenants.includes('static') && !ofTenants.includes('http'))
  })

  const refused: Readonly<Record<string, [readonly string[], RegExp]>> = {
    'a password in a PullSecret': [
      ['ghcr.io', '-n', 'team-a'],
      /static, the vendor of ghcr\.io, is given with --namespace\n {2}expected a PullSecret, which can have .*quay/,
    ],
    'an account of another namespace in a PullSecret': [
      ['quay.io', '-n', 'team-a', '--service-account', 'team-b/puller'],
      /--service-account is of namespace team-b, and --namespace is team-a/,
    ],
    '--namespaces and --namespace': [
      ['quay.io', '-n', 'team-a', '--namespaces', 'team-a'],
      /--namespaces is given with --namespace/,
    ],
    'an invalid namespace of a PullSecret': [['quay.io', '-n', 'Team_A'], /--namespace is "Team_A"/],
    'a file in a folder that does not exist': [
      ['quay.io', '--offline', '--out', '/nonexistent/quay.yaml'],
      /--out \/nonexistent\/quay\.yaml cannot be created: its folder does not exist/,
    ],
    'no host': [[], /no registry is given\n {2}expected HOST\.\.\., or --from-env/],
    'a URL': [
      ['https://quay.io'],
      /"https:\/\/quay\.io" is not the host of a registry\n {2}expected the host without a scheme: quay\.io/,
    ],
    'a host and --from-env': [['quay.io', '--from-env'], /a host is given with --from-env/],
    'a host twice': [['quay.io', 'quay.io', '--offline'], /quay\.io is given twice/],
    'an unknown field': [
      ['quay.io', '--offline', '--set', 'role=x'],
      /--set "role" is not a field that init sets\n {2}expected FIELD=VALUE, with one of quay\.robot/,
    ],
    'a field of two registries': [
      [ecr, ecr.replace('1234', '4321'), '--offline', '--set', 'roleArn=x'],
      /--set "roleArn" is a field of several registries\n {2}expected .*ecr\.roleArn.*ecr-2\.roleArn/,
    ],
    'an invalid value of a field': [
      [ecr, '--offline', '--set', 'roleArn=x'],
      /--set ecr\.roleArn is "x"\n {2}expected .*arn:aws:iam::/,
    ],
    'an invalid value of a nested field': [
      ['ghcr.io', '--offline', '--set', 'secretRef.name=A_B'],
      /--set ghcr\.secretRef\.name is "A_B"\n/,
    ],
    'an invalid namespace': [['quay.io', '--offline', '--namespaces', 'Team_A'], /--namespaces contains "Team_A"/],
  }
  for (const [name, [argv, message]] of Object.entries(refused)) {
    test(`${name} is refused`, async (t) => {
      const { exitCode, stderr } = await runPullpass(await startTestSandbox(t), ['init', ...argv])
      assert.equal(exitCode, 2)
      assert.match(stderr, message)
    })
  }
})

test('instances of Alibaba Cloud and Tencent Cloud are recognized by their hosts, and no host that resembles them', async () => {
  const fieldsOf = async (vendor: string, host: string) =>
    (await vendors[vendor]?.draft?.())?.(host)?.fields.map(({ name, value }) => [name, value])
  assert.deepEqual(await fieldsOf('alibaba', 'acme-registry.eu-central-1.cr.aliyuncs.com'), [
    ['roleArn', undefined],
    ['oidcProviderArn', undefined],
    ['region', 'eu-central-1'],
    ['instanceId', undefined],
  ])
  assert.deepEqual(await fieldsOf('tencent', 'acme.tencentcloudcr.com'), [
    ['roleArn', undefined],
    ['providerId', undefined],
    ['region', undefined],
    ['registryId', undefined],
  ])
  assert.equal(await fieldsOf('alibaba', 'cr.aliyuncs.com.example.com'), undefined)
  assert.equal(await fieldsOf('tencent', 'tencentcloudcr.com.example.com'), undefined)
})
