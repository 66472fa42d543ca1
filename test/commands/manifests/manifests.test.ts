import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, type TestContext, test } from 'node:test'
import { parse, parseAllDocuments } from 'yaml'
import { createMovableClock } from '../../../sandbox/start/movable-clock.ts'
import { version } from '../../../src/commands/version.ts'
import { documentFromEnvironment } from '../../../src/document/load-documents.ts'
import { vendors } from '../../../src/vendors/vendors.ts'
import { documentText } from '../../support/document-text.ts'
import { type PullpassRun, runPullpass } from '../../support/run-pullpass.ts'

const provider = 'projects/123456789012/locations/global/workloadIdentityPools/pool/providers/cluster'
const dropIn = {
  PROJECT_NUMBER: '123456789012',
  POOL_ID: 'pool',
  PROVIDER_ID: 'cluster',
  SERVICE_ACCOUNT_EMAIL: 'puller@example-project.iam.gserviceaccount.com',
  REGISTRY_SECRET_NAME: 'regcred',
  REGISTRY_SECRET_NAMESPACES: 'default, team-a',
  REGISTRY_HOSTS: 'europe-docker.pkg.dev',
}
const host = { environment: {}, clock: createMovableClock(() => new Date('2026-11-24T12:00:00Z')) }

const image = ['--image', 'registry.example.com/pullpass:1.0.0']

/** With an image, unless `words` contain one. */
const runManifests = (words: readonly string[], options: Parameters<typeof runPullpass>[2] = {}) =>
  runPullpass(host, ['manifests', ...(words.includes('--image') ? [] : image), ...words], options)

/** The printed objects by kind; of several of a kind, the last. */
const objectsOf = ({ stdout }: PullpassRun) =>
  Object.fromEntries(
    parseAllDocuments(stdout).map((document) => {
      const object = document.toJS()
      return [object.kind, object]
    }),
  )

const podOf = (run: PullpassRun) => objectsOf(run)['CronJob'].spec.jobTemplate.spec.template.spec

/** The arguments of the CronJob, for a document of that name. */
const imagesOnly = ['refresh', '-f', '/etc/pullpass/images.yaml', '--min-remaining', '35m']

async function makeFolder(t: TestContext, files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'pullpass-manifests-'))
  t.after(() => rm(folder, { recursive: true }))
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text)
  return folder
}

suite('pullpass manifests', () => {
  test('the drop-in variables become the environment of the CronJob, which produces the same document', async () => {
    const run = await runManifests([], { environment: dropIn })
    assert.deepEqual([run.exitCode, run.stderr], [0, ''])
    const [{ args, env }] = podOf(run).containers
    assert.deepEqual(args, ['refresh', '--min-remaining', '35m'])
    const variables = Object.fromEntries(env.map(({ name, value }: { name: string; value: string }) => [name, value]))
    assert.deepEqual(await documentFromEnvironment(variables, vendors), await documentFromEnvironment(dropIn, vendors))
    assert.equal(objectsOf(run)['ConfigMap'], undefined)
    assert.doesNotMatch(run.stdout, /pullpass-settings/)
  })

  test('the CronJob has no --min-remaining where the lifetime of every credential is too short', async () => {
    const document = documentText({ gcp: { provider } }).replace('      gcp:\n', '      gcp:\n        lifetime: 30m\n')
    const run = await runManifests(['-f', '-'], { input: document })
    assert.equal(run.exitCode, 0, run.stderr)
    assert.deepEqual(podOf(run).containers[0].args, ['refresh', '-f', '/etc/pullpass/documents.yaml'])
  })

  test('documents are copied unchanged into a ConfigMap, and the CronJob mounts it', async (t) => {
    const text = `# ours\n${documentText({ gcp: { provider } })}`
    const folder = await makeFolder(t, { 'images.yaml': text })
    const run = await runManifests(['-f', folder])
    assert.deepEqual(objectsOf(run)['ConfigMap'].data, { 'images.yaml': text })
    assert.deepEqual(podOf(run).containers[0].args, imagesOnly)
  })

  test('documents can be read from standard input', async () => {
    const input = documentText({ gcp: { provider } })
    const run = await runManifests(['-f', '-'], { input })
    assert.deepEqual(objectsOf(run)['ConfigMap'].data, { 'documents.yaml': input })
  })

  test('a credential file of a document is mounted next to it in the pod', async (t) => {
    const credential = JSON.stringify({
      type: 'external_account',
      audience: `//iam.googleapis.com/${provider}`,
      token_url: 'https://sts.googleapis.com/v1/token',
      subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
      credential_source: { file: '/var/run/secrets/tokens/gcp' },
    })
    const document = {
      apiVersion: 'pullpass.dev/v1alpha1',
      kind: 'ClusterPullSecret',
      metadata: { name: 'images' },
      spec: {
        namespaces: { include: ['team-a'] },
        registries: [{ name: 'google', hosts: ['europe-docker.pkg.dev'], gcp: { credentialFile: 'credential.json' } }],
      },
    }
    const folder = await makeFolder(t, {
      'images.yaml': JSON.stringify(document),
      'credential.json': credential,
    })
    const run = await runManifests(['-f', join(folder, 'images.yaml')])
    assert.equal(objectsOf(run)['ConfigMap'].data['credential.json'], credential)
    const { containers, volumes } = podOf(run)
    assert.deepEqual(containers[0].args, imagesOnly)
    assert.equal(volumes[1].projected.sources[0].serviceAccountToken.path, 'gcp')
  })

  test('the pod has its token, and access to the API server for ten minutes at a time', async () => {
    const { volumes, containers, ...pod } = podOf(await runManifests([], { environment: dropIn }))
    assert.deepEqual(
      volumes.map(({ projected }: { projected: { sources: object[] } }) => projected.sources[0]),
      [
        { serviceAccountToken: { path: 'token', expirationSeconds: 600 } },
        {
          serviceAccountToken: {
            path: 'oidc-token',
            audience: `//iam.googleapis.com/${provider}`,
            expirationSeconds: 600,
          },
        },
      ],
    )
    assert.deepEqual(
      containers[0].volumeMounts.map(({ mountPath }: { mountPath: string }) => mountPath),
      ['/var/run/secrets/kubernetes.io/serviceaccount', '/var/run/secrets/tokens'],
    )
    assert.equal(pod.automountServiceAccountToken, false)
    assert.deepEqual(pod.nodeSelector, { 'kubernetes.io/os': 'linux' })
    assert.equal(pod.securityContext.runAsUser, 65_532)
  })

  test('the pod cannot reach the metadata address, at which clouds serve credentials of the node', async () => {
    const { ingress, egress } = objectsOf(await runManifests([], { environment: dropIn }))['NetworkPolicy'].spec
    assert.deepEqual(ingress, [])
    const [, clouds, servers] = egress
    assert.deepEqual(servers, { ports: [{ protocol: 'TCP', port: 6443 }] })
    assert.deepEqual(
      clouds.to.map(({ ipBlock }: { ipBlock: object }) => ipBlock),
      [
        { cidr: '0.0.0.0/0', except: ['169.254.169.254/32'] },
        { cidr: '::/0', except: ['fd00:ec2::254/128'] },
      ],
    )
  })

  test('the given image and namespace are used in every object, including bindings and policies', async () => {
    const words = ['--image', 'registry.example.com/pullpass:1.0.0', '-n', 'image-system']
    const run = await runManifests(words, { environment: dropIn })
    assert.equal(podOf(run).containers[0].image, 'registry.example.com/pullpass:1.0.0')
    assert.match(run.stdout, /request\.userInfo\.username == 'system:serviceaccount:image-system:pullpass'/)
    assert.doesNotMatch(run.stdout, /pullpass-system/)
  })

  test('without --image it is refused: no cluster can pull an image that was only built here', async () => {
    const { exitCode, stdout, stderr } = await runPullpass(host, ['manifests'], { environment: dropIn })
    assert.deepEqual([exitCode, stdout], [2, ''])
    assert.match(
      stderr,
      /^USAGE_INVALID \(run\): --image is not given\n {2}expected an image that the cluster can pull, such as registry\.example\.com\/pullpass:1\.0\.0\n/,
    )
  })

  test('a comment before the objects names the subject that the cloud must trust, and the allowed API servers', async () => {
    const { stdout } = await runManifests(['--image', 'registry.example.com/pullpass:1'], { environment: dropIn })
    assert.equal(
      stdout.slice(0, stdout.indexOf('apiVersion')),
      [
        `# Printed by pullpass ${version}. Print and apply it again when a document changes:`,
        '#   pullpass manifests --image registry.example.com/pullpass:1',
        '# Subjects to trust at the cloud:',
        '#   system:serviceaccount:pullpass-system:pullpass',
        '# The NetworkPolicy allows API servers at port 443, 6443. Yours (otherwise: --api-server-port):',
        '#   kubectl get endpointslices -n default -l kubernetes.io/service-name=kubernetes',
        '',
      ].join('\n'),
    )
  })

  test('where tokens are requested, the comment names the subjects of those accounts, each once', async () => {
    const requested = (name: string, account: string) =>
      documentText(
        { gcp: { provider } },
        { name, include: [name], more: `  serviceAccountRef: {namespace: image-system, name: ${account}}` },
      )
    const documents = [requested('one', 'puller'), requested('two', 'puller'), requested('three', 'other')]
    const { stdout } = await runManifests(['-f', '-'], { input: documents.join('---\n') })
    assert.deepEqual(stdout.match(/^# {3}system.*/gm), [
      '#   system:serviceaccount:image-system:puller',
      '#   system:serviceaccount:image-system:other',
    ])
  })

  test('-o json prints the same objects as one List', async () => {
    const yaml = await runManifests([], { environment: dropIn })
    const { apiVersion, kind, items } = JSON.parse((await runManifests(['-o', 'json'], { environment: dropIn })).stdout)
    assert.deepEqual([apiVersion, kind], ['v1', 'List'])
    assert.deepEqual(
      items,
      parseAllDocuments(yaml.stdout).map((document) => document.toJS()),
    )
  })

  for (const [folder, flags] of [
    ['deploy/cronjob', []],
    ['deploy/controller', ['--controller']],
  ] as const) {
    test(`${folder} is its output for the documents in that folder (npm exec -- node tools/deploy.ts)`, async () => {
      const words = ['-f', `${folder}/documents.yaml`, '--image', `pullpass:${version}`, ...flags]
      const { stdout } = await runManifests(words)
      assert.equal(await readFile(`${folder}/manifests.yaml`, 'utf8'), stdout)
      const { images } = parse(await readFile(`${folder}/kustomization.yaml`, 'utf8'))
      assert.deepEqual(images, [{ name: 'pullpass', newName: 'pullpass', newTag: version }])
    })
  }

  const refused: Record<string, { words: string[]; input?: string; code: string; seen: RegExp }> = {
    'a controller without files': {
      words: ['--controller'],
      code: 'USAGE_INVALID',
      seen: /--controller is given without -f/,
    },
    'a schedule of a controller': {
      words: ['-f', '-', '--controller', '--schedule', '*/10 * * * *'],
      input: documentText({ gcp: { provider } }),
      code: 'USAGE_INVALID',
      seen: /--schedule is given with --controller/,
    },
    'a document that the controller does not support': {
      words: ['-f', '-', '--controller'],
      input: documentText({ gcp: { provider } }, { more: '  deletionPolicy: Delete' }),
      code: 'DOCUMENT_INVALID',
      seen: /-:1: spec\.deletionPolicy is Delete in ClusterPullSecret pull/,
    },
    'a namespace that cannot exist': {
      words: ['-n', 'Images'],
      code: 'USAGE_INVALID',
      seen: /-n is "Images"/,
    },
    'an image with a space': {
      words: ['--image', 'pullpass latest'],
      code: 'USAGE_INVALID',
      seen: /--image is "pullpass latest"/,
    },
    'a document that wants its Secrets deleted with it': {
      words: ['-f', '-'],
      input: documentText({ gcp: { provider } }, { more: '  deletionPolicy: Delete' }),
      code: 'DOCUMENT_INVALID',
      seen: /-:1: spec\.deletionPolicy is Delete in ClusterPullSecret pull/,
    },
    'a document for the controller': {
      words: ['-f', '-'],
      input: documentText({ gcp: { provider } }, { more: '  stuckPods: Evict' }),
      code: 'DOCUMENT_INVALID',
      seen: /-:1: spec\.stuckPods is Evict in ClusterPullSecret pull/,
    },
    'a token file by a relative path': {
      words: ['-f', '-'],
      input: documentText({ gcp: { provider } }).replace('      gcp:', '      tokenFile: token\n      gcp:'),
      code: 'DOCUMENT_INVALID',
      seen: /the path of token file "token" is relative/,
    },
  }
  for (const [title, { words, input = '', code, seen }] of Object.entries(refused)) {
    test(`${title} is refused, and nothing is printed`, async () => {
      const { exitCode, stdout, stderr } = await runManifests(words, { environment: dropIn, input })
      assert.deepEqual([exitCode, stdout], [2, ''])
      assert.match(stderr, new RegExp(`^${code} \\(${code === 'USAGE_INVALID' ? 'run' : 'document'}\\): `))
      assert.match(stderr, seen)
    })
  }

  test('two documents of one file name are refused: one ConfigMap cannot hold both', async (t) => {
    const [first, second] = [
      await makeFolder(t, { 'images.yaml': documentText({ gcp: { provider } }) }),
      await makeFolder(t, {
        'images.yaml': documentText({ gcp: { provider } }, { name: 'other', include: ['team-c'] }),
      }),
    ]
    const { exitCode, stderr } = await runManifests(['-f', first, '-f', second])
    assert.equal(exitCode, 2)
    assert.match(stderr, /^DOCUMENT_INVALID \(document\): two different files are named images\.yaml/)
  })
})
