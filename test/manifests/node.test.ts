import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { parse, parseAllDocuments } from 'yaml'
import { createMovableClock } from '../../sandbox/start/movable-clock.ts'
import { fingerprint } from '../../src/text/fingerprint.ts'
import { runPullpass } from '../support/run-pullpass.ts'

const offline = { environment: {}, clock: createMovableClock(() => new Date('2026-11-24T12:00:00Z')) }

const registryOf = (name: string, host: string, fields: string) =>
  `    - {name: ${name}, hosts: ["${host}"], ${fields}}`
const gcp = (pool: string) =>
  `gcp: {workloadIdentityProvider: projects/123/locations/global/workloadIdentityPools/${pool}/providers/cluster}`
const documentOf = (...registries: readonly string[]) =>
  [
    'apiVersion: pullpass.dev/v1alpha1',
    'kind: ClusterPullSecret',
    'metadata: {name: pull}',
    'spec:',
    '  namespaces: {include: [default]}',
    '  registries:',
    ...registries,
  ].join('\n')

const print = (document: string, ...flags: readonly string[]) =>
  runPullpass(offline, ['manifests', 'node', '-f', '-', ...flags], { input: document })
const image = ['--image', 'registry.example.com/pullpass:1']

suite('pullpass manifests node', () => {
  test('prints one provider for each audience, with the registries that accept it', async () => {
    const document = documentOf(
      registryOf('google', 'europe-docker.pkg.dev', gcp('pool')),
      registryOf('google-us', 'us-docker.pkg.dev', gcp('pool')),
      registryOf('partner', 'asia-docker.pkg.dev', gcp('partners')),
    )
    const { exitCode, stdout, stderr } = await print(document, '--print', 'kubelet-config')
    assert.equal(exitCode, 0, stderr)
    const audience = (pool: string) =>
      `//iam.googleapis.com/projects/123/locations/global/workloadIdentityPools/${pool}/providers/cluster`
    const nameOf = (pool: string) => `pullpass-${fingerprint(audience(pool)).slice(0, 8)}`
    const provider = (name: string, pool: string, matchImages: readonly string[]) => ({
      name,
      apiVersion: 'credentialprovider.kubelet.k8s.io/v1',
      matchImages,
      defaultCacheDuration: '0s',
      args: ['--config', `/opt/pullpass/etc/${name}.json`],
      tokenAttributes: {
        serviceAccountTokenAudience: audience(pool),
        cacheType: 'ServiceAccount',
        requireServiceAccount: true,
        optionalServiceAccountAnnotationKeys: ['pullpass.dev/registry'],
      },
    })
    assert.deepEqual(parse(stdout), {
      apiVersion: 'kubelet.config.k8s.io/v1',
      kind: 'CredentialProviderConfig',
      providers: [
        provider(nameOf('pool'), 'pool', ['europe-docker.pkg.dev', 'us-docker.pkg.dev']),
        provider(nameOf('partners'), 'partners', ['asia-docker.pkg.dev']),
      ],
    })
  })

  test('where the token is the password, the kubelet keeps a credential for one token only', async () => {
    const document = documentOf(registryOf('zot', 'zot.example.com', 'audience: zot, token: {username: puller}'))
    const { stdout, stderr } = await print(document, '--print', 'kubelet-config')
    assert.equal(parse(stdout).providers[0].tokenAttributes.cacheType, 'Token', stderr)
  })

  test('a registry with a token file of the node needs no token of a pod', async () => {
    const document = documentOf(
      registryOf('google', 'europe-docker.pkg.dev', `tokenFile: /var/lib/pullpass/token, ${gcp('pool')}`),
    )
    const { stdout } = await print(document, '--print', 'kubelet-config')
    assert.equal('tokenAttributes' in parse(stdout).providers[0], false)
    const { stdout: rbac } = await print(document, '--print', 'rbac')
    assert.equal(rbac.trim(), '')
  })

  test('kubelets may request tokens for these audiences, and nothing else is permitted', async () => {
    const { stdout } = await print(documentOf(registryOf('google', 'europe-docker.pkg.dev', gcp('pool'))), ...image)
    const objects = parseAllDocuments(stdout).map((one) => one.toJS())
    assert.deepEqual(
      objects.map(({ kind }) => kind),
      [
        'Namespace',
        'ValidatingAdmissionPolicy',
        'ValidatingAdmissionPolicyBinding',
        'ServiceAccount',
        'ClusterRole',
        'ClusterRoleBinding',
        'ConfigMap',
        'DaemonSet',
      ],
    )
    assert.deepEqual(objects[4].rules, [
      {
        apiGroups: [''],
        resources: ['//iam.googleapis.com/projects/123/locations/global/workloadIdentityPools/pool/providers/cluster'],
        verbs: ['request-serviceaccounts-token-audience'],
      },
    ])
    assert.deepEqual(objects[5].subjects, [
      { apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: 'system:nodes' },
    ])
    const { spec } = objects[7].spec.template
    assert.equal(spec.automountServiceAccountToken, false)
    assert.deepEqual(spec.containers[0].securityContext.capabilities, { drop: ['ALL'] })
  })

  test('the configuration of a node contains nothing that only trust reads, and no cache with --cache none', async (t) => {
    const withTrust = gcp('pool').replace(
      /\}$/,
      ', trust: {repository: projects/example-project/locations/europe/repositories/images}}',
    )
    const out = await mkdtemp(join(tmpdir(), 'pullpass-node-'))
    t.after(() => rm(out, { recursive: true }))
    const document = documentOf(
      registryOf('google', 'europe-docker.pkg.dev', withTrust),
      registryOf('partner', 'asia-docker.pkg.dev', gcp('partners')),
    )
    const { stdout, stderr } = await print(document, '--out', out, '--cache', 'none')
    assert.equal(stderr, '')
    const [kubelet, file = '', ...others] = stdout.trim().split('\n')
    assert.equal(kubelet, join(out, 'kubelet.yaml'))
    assert.equal(others.length, 1)
    const { checksum, ...config } = JSON.parse(await readFile(file, 'utf8'))
    assert.match(checksum, /^[0-9a-f]{16}$/)
    assert.deepEqual(config, {
      apiVersion: 'pullpass.dev/v1alpha1',
      kind: 'NodeConfig',
      registries: [
        {
          name: 'google',
          hosts: ['europe-docker.pkg.dev'],
          vendor: 'gcp',
          settings: {
            workloadIdentityProvider: 'projects/123/locations/global/workloadIdentityPools/pool/providers/cluster',
          },
        },
      ],
      others: [{ name: 'partner', hosts: ['asia-docker.pkg.dev'] }],
    })
  })

  test('the name of a provider does not depend on the order of registries: running kubelets keep theirs', async () => {
    const google = registryOf('google', 'europe-docker.pkg.dev', gcp('pool'))
    const added = registryOf('google-us', 'us-docker.pkg.dev', gcp('pool'))
    const namesOf = async (document: string) =>
      parse((await print(document, '--print', 'kubelet-config')).stdout).providers.map(
        ({ name }: { name: string }) => name,
      )
    assert.deepEqual(await namesOf(documentOf(added, google)), await namesOf(documentOf(google)))
  })

  const refused: Readonly<Record<string, [readonly string[], RegExp]>> = {
    'no image': [[], /USAGE_INVALID \(run\): --image is not given/],
    'a path with a space': [[...image, '--node-path', '/opt/pull pass'], /--node-path is "\/opt\/pull pass"/],
    'a relative cache': [[...image, '--cache', 'cache'], /--cache is "cache"/],
    'a folder that others use': [[...image, '--cache', '/run'], /--cache is "\/run"/],
    'a path with ..': [[...image, '--node-path', '/opt/../usr'], /--node-path is "\/opt\/\.\.\/usr"/],
    'a namespace of the cluster': [[...image, '-n', 'kube-system'], /--namespace is kube-system/],
    'an unknown part': [['--print', 'all'], /--print is "all"/],
  }
  for (const [name, [flags, message]] of Object.entries(refused)) {
    test(`${name} is refused`, async () => {
      const { exitCode, stderr } = await print(
        documentOf(registryOf('google', 'europe-docker.pkg.dev', gcp('pool'))),
        ...flags,
      )
      assert.equal(exitCode, 2)
      assert.match(stderr, message)
    })
  }

  test('serviceAccountRef of a document is not used, which a warning states; a missing image names what needs none', async () => {
    const document = documentOf(registryOf('google', 'europe-docker.pkg.dev', gcp('pool')))
    const account = '  serviceAccountRef: {namespace: image-system, name: pullpass}'
    const { exitCode, stderr } = await print(`${document}\n${account}`, ...image)
    assert.equal(exitCode, 0)
    assert.match(
      stderr,
      /warn serviceAccountRef is not used: pods pull with the token of their own ServiceAccount .*image-system\/pullpass/,
    )
    const none = await print(document)
    assert.equal(none.exitCode, 2)
    assert.match(
      none.stderr,
      /--image is not given\n {2}expected .*; or --print PART or --out FOLDER, which need no image/,
    )
  })

  test('a relative path is refused: it would be another file on the node', async () => {
    const document = documentOf(registryOf('google', 'europe-docker.pkg.dev', `tokenFile: tokens/t, ${gcp('pool')}`))
    const { exitCode, stderr } = await print(document, ...image)
    assert.equal(exitCode, 2)
    assert.match(stderr, /DOCUMENT_INVALID \(document\): the path of token file .*tokens\/t.* is relative/)
  })

  test('two registries with one name are refused, since a ServiceAccount selects one by its name', async () => {
    const document = documentOf(registryOf('google', 'europe-docker.pkg.dev', gcp('pool')))
    const { exitCode, stderr } = await print(
      `${document}\n---\n${document.replace('{name: pull}', '{name: other}')}`,
      ...image,
    )
    assert.equal(exitCode, 2)
    assert.match(stderr, /DOCUMENT_INVALID \(document\): -:1 and -:\d+ both have a registry google\n/)
  })
})
