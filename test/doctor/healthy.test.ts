import assert from 'node:assert/strict'
import { readFile, rm } from 'node:fs/promises'
import { suite, type TestContext, test } from 'node:test'
import { createOciRegistry } from '../../sandbox/registry/oci-registry.ts'
import { packImage } from '../../sandbox/registry/pack-image.ts'
import { servePart } from '../../sandbox/serve/serve-part.ts'
import { documentText } from '../support/document-text.ts'
import { runPullpass } from '../support/run-pullpass.ts'
import { startTestSandbox, type TestSandbox } from '../support/start-test-sandbox.ts'
import { email, podPath, startGround } from './ground.ts'

interface Shown {
  readonly hop: string
  readonly result: string
  readonly code: string
  readonly about: string
  readonly seen: string
}

/** Of its results, each hop's; and none is a finding. */
async function seeHealthy(sandbox: TestSandbox, argv: readonly string[], environment = {}): Promise<Shown[]> {
  const { exitCode, stdout, stderr } = await runPullpass(sandbox, ['doctor', ...argv, '-o', 'json'], { environment })
  const { result: overall, findings }: { result: string; findings: Shown[] } = JSON.parse(stdout)
  assert.deepEqual(
    findings.filter(({ result }) => result === 'failed' || result === 'warning'),
    [],
  )
  assert.deepEqual([exitCode, overall, stderr], [0, 'ok', ''])
  return findings
}

const hopsOf = (findings: readonly Shown[], content: string) => [
  ...new Set(findings.filter(({ result }) => result === content).map(({ hop }) => hop)),
]

const way =
  'document cluster clock subject-token discovery key signature exchange impersonation registry rights namespace secret write'.split(
    ' ',
  )

async function refreshed(sandbox: TestSandbox, ...argv: readonly string[]): Promise<void> {
  const { exitCode, stderr } = await runPullpass(sandbox, ['refresh', ...argv])
  assert.equal(exitCode, 0, stderr)
}

async function startWith(t: TestContext, text: (sandbox: TestSandbox) => string) {
  const sandbox = await startTestSandbox(t)
  const file = await sandbox.write('pull.yaml', text(sandbox))
  return { sandbox, file }
}

const host = ({ parts }: TestSandbox) => `localhost:${parts.registry.port}`

suite('doctor finds nothing in', { concurrency: 4 }, () => {
  test('the drop-in variables with a token file', async (t) => {
    const sandbox = await startTestSandbox(t)
    await refreshed(sandbox)
    const findings = await seeHealthy(sandbox, ['--image', sandbox.image])
    assert.deepEqual(hopsOf(findings, 'ok'), way)
    assert.ok(findings.every(({ code }) => code === 'OK'))
  })

  test('a document with serviceAccountRef, checked with a pod', async (t) => {
    const { sandbox, file } = await startGround(t, {
      more: '  serviceAccountRef: {namespace: image-system, name: pullpass}\n  attachToServiceAccounts: [default]',
    })
    await rm(sandbox.folder.tokenFile)
    const findings = await seeHealthy(sandbox, ['-f', file, '--pod', 'team-a/web-0'])
    assert.deepEqual(hopsOf(findings, 'ok'), [
      ...way.slice(0, -1),
      'stored-credential',
      'write',
      'service-account',
      'pod',
      'events',
      'back-off',
    ])
    assert.match(
      findings.find(({ hop }) => hop === 'subject-token')?.seen ?? '',
      /, from the token of service account image-system\/pullpass$/,
    )
  })

  test('a pod with another pull secret, whose stale credential kubelets try first and pass over', async (t) => {
    const { sandbox, file, send, makePod } = await startGround(t)
    const auth = Buffer.from('oauth2accesstoken:ya29.of-last-week').toString('base64')
    const config = JSON.stringify({ auths: { [`${host(sandbox)}/example-project/`]: { auth } } })
    await send('POST', '/api/v1/namespaces/team-a/secrets', {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'other' },
      type: 'kubernetes.io/dockerconfigjson',
      data: { '.dockerconfigjson': Buffer.from(config).toString('base64') },
    })
    await send('DELETE', '/api/v1/namespaces/team-a/pods/web-0')
    await makePod({ imagePullSecrets: [{ name: 'regcred' }, { name: 'other' }] })
    const refused = () =>
      sandbox.parts.registry.seen.filter(({ status, path }) => path === '/v2/token' && status !== 200)
    const findings = await seeHealthy(sandbox, ['-f', file, '--pod', 'team-a/web-0'])
    assert.match(
      findings.find(({ hop }) => hop === 'pod-secrets')?.seen ?? '',
      /^kubelets try it for localhost:\d+\/example-project\/images\/hello:1 before regcred, and continue where it is refused$/,
    )
    assert.deepEqual(refused(), [], 'no other credential is sent')
  })

  test('direct federation, without impersonation', async (t) => {
    const { sandbox, file } = await startWith(t, (one) =>
      documentText(one, { registries: { google: { host: host(one), account: 'none' } } }),
    )
    sandbox.gcp.repositories.allowReading('example-project/images', sandbox.gcp.principal)
    await refreshed(sandbox, '-f', file)
    const findings = await seeHealthy(sandbox, ['-f', file, '--image', sandbox.image])
    assert.deepEqual(
      findings.filter(({ hop }) => hop === 'impersonation'),
      [],
    )
  })

  test('many registries in many namespaces by a glob, attached to service accounts', async (t) => {
    const { sandbox, file } = await startWith(t, (one) =>
      documentText(one, {
        include: ['team-*'],
        registries: {
          one: { host: host(one) },
          two: {
            host: `127.0.0.1:${one.parts.registry.port}`,
            account: 'second@example-project.iam.gserviceaccount.com',
          },
        },
        more: '  attachToServiceAccounts: [default]',
      }),
    )
    const second = 'second@example-project.iam.gserviceaccount.com'
    sandbox.gcp.accounts.put(second)
    sandbox.gcp.accounts.allowTokens(second, sandbox.gcp.principal)
    await refreshed(sandbox, '-f', file)
    const findings = await seeHealthy(sandbox, ['-f', file])
    assert.equal(findings.filter(({ hop, result }) => hop === 'exchange' && result === 'ok').length, 2)
    assert.equal(findings.filter(({ hop, result }) => hop === 'service-account' && result === 'ok').length, 2)
  })

  test('what a laptop sees of it: a kubeconfig, a pod, an image, and a token on request', async (t) => {
    const { sandbox, file } = await startGround(t)
    await rm(sandbox.folder.tokenFile)
    const laptop = { PULLPASS_TOKEN_FILE: undefined, KUBECONFIG: undefined }
    const cluster = ['--kubeconfig', sandbox.folder.kubeconfigFile, '--context', 'sandbox']
    const account = ['--service-account', 'image-system/pullpass']
    const argv = ['-f', file, ...cluster, ...account, '--pod', 'team-a/web-0', '--image', sandbox.image]
    assert.deepEqual(hopsOf(await seeHealthy(sandbox, argv, laptop), 'skipped'), [])
  })

  test('keys that were uploaded to the provider, with nothing public', async (t) => {
    const { sandbox, file } = await startGround(t, { trust: '          uploadKeys: Always' })
    sandbox.gcp.store.setAccess('example-cluster', 'private')
    sandbox.gcp.identity.putProvider({
      name: sandbox.gcp.provider,
      issuerUri: sandbox.cluster.issuer,
      jwksJson: JSON.stringify(sandbox.cluster.keys.jwks),
    })
    const findings = await seeHealthy(sandbox, ['-f', file, '--image', sandbox.image])
    assert.deepEqual(hopsOf(findings, 'skipped'), ['discovery'])
    const discovery = findings.find(({ hop }) => hop === 'discovery')
    assert.equal(discovery?.code, 'NOT_NEEDED')
    assert.match(discovery.seen, /not needed: the exchange succeeded/)
  })

  test('the least rights that its own manifests give', async (t) => {
    const { sandbox, file } = await startGround(t, { account: email })
    sandbox.cluster.authorization.permit('kubernetes-admin', [
      { verbs: ['list', 'create', 'patch'], resources: ['secrets'], resourceNames: ['regcred'] },
      { verbs: ['list', 'patch'], resources: ['serviceaccounts'], resourceNames: ['default'] },
    ])
    await seeHealthy(sandbox, ['-f', file, '--image', sandbox.image])
  })

  test('a public image, which needs no credential', async (t) => {
    const { sandbox, file } = await startGround(t)
    sandbox.parts.registry.faults.inject(
      { kind: 'response', response: { status: 200, body: {} } },
      { when: ({ path }) => path.includes('/manifests/') },
    )
    const findings = await seeHealthy(sandbox, ['-f', file, '-n', 'team-a', '--image', sandbox.image])
    const open = findings.filter(({ code }) => code === 'IMAGE_PUBLIC')
    assert.deepEqual(
      open.map(({ hop, seen }) => [hop, seen]),
      [
        ['registry', 'it can be pulled without a credential'],
        ['stored-credential', 'it can be pulled without a credential'],
      ],
    )
  })

  for (const [title, status] of [
    ['whose image its node has', { imageID: 'docker.io/example/proxy@sha256:0', state: { running: {} } }],
    ['of which the kubelet has reported nothing yet', undefined],
  ] as const) {
    test(`a pod with a second container of a public registry, ${title}`, async (t) => {
      const { sandbox, file, send, makePod } = await startGround(t)
      await send('DELETE', `${podPath}/web-0`)
      const image = 'registry.example.com/mesh/proxy:1'
      await makePod({
        containers: [
          { name: 'web', image: sandbox.image },
          { name: 'proxy', image },
        ],
      })
      const report = { name: 'proxy', image, ready: true, restartCount: 0, ...status }
      if (status !== undefined)
        await send(
          'PATCH',
          `${podPath}/web-0/status`,
          { status: { containerStatuses: [report] } },
          'application/merge-patch+json',
        )
      const findings = await seeHealthy(sandbox, ['-f', file, '--pod', 'team-a/web-0'])
      assert.deepEqual(
        findings.filter(({ code }) => code === 'IMAGE_NOT_MATCHED'),
        [],
      )
    })
  }

  test('a registry that redirects requests for manifests, which kubelets follow', async (t) => {
    const { sandbox, file } = await startGround(t)
    const { registry } = sandbox.parts
    registry.faults.inject(
      {
        kind: 'response',
        response: { status: 307, headers: { location: '/v2/example-project/images/hello/manifests/moved' } },
      },
      { when: ({ path }) => path.endsWith('/manifests/1') },
    )
    const manifest = { 'content-type': 'application/vnd.oci.image.manifest.v1+json' }
    registry.faults.inject(
      { kind: 'response', response: { status: 200, headers: manifest, body: '{}' } },
      { when: ({ path }) => path.endsWith('/manifests/moved') },
    )
    await seeHealthy(sandbox, ['-f', file, '-n', 'team-a', '--image', sandbox.image])
  })

  test('a registry at a loopback address that speaks plain HTTP, as kubelets take it', async (t) => {
    const plain = async (sandbox: TestSandbox, after: (end: () => Promise<void>) => void) => {
      const { gcp, clock } = sandbox
      const images = createOciRegistry({ scheme: 'http', authenticate: gcp.authenticate, now: clock.now })
      images.putImage('example-project/images/hello', '1', packImage({ 'hello.txt': 'Hello.\n' }))
      const part = await servePart({ handler: images.handle, now: clock.now })
      after(part.close)
      return { hosts: [`localhost:${part.port}`] }
    }
    const { sandbox, file } = await startGround(t, plain)
    const registry = /localhost:\d+/.exec(await readFile(file, 'utf8'))?.[0]
    const image = `${registry}/example-project/images/hello:1`
    const findings = await seeHealthy(sandbox, ['-f', file, '-n', 'team-a', '--image', image])
    assert.deepEqual(
      findings.filter(({ hop }) => hop === 'registry').map(({ seen }) => seen),
      ['its manifest can be pulled'],
    )
    const { exitCode, stderr } = await runPullpass(sandbox, ['doctor', '-f', file, '--plain-http', 'other:5000'])
    assert.match(
      stderr,
      /^USAGE_INVALID \(run\): --plain-http is "other:5000", which is not a registry of the documents$/m,
    )
    assert.equal(exitCode, 2)
  })

  test('a webhook that takes part in no dry run, whatever it makes of the write itself', async (t) => {
    const { sandbox, file } = await startGround(t)
    const message = 'admission webhook "labels.example.com" does not support dry run'
    const body = { kind: 'Status', apiVersion: 'v1', status: 'Failure', message, reason: 'BadRequest', code: 400 }
    sandbox.parts.kubernetes.faults.inject(
      { kind: 'response', response: { status: 400, body } },
      { when: ({ method, path }) => method === 'PATCH' && path.includes('/secrets/') },
    )
    const findings = await seeHealthy(sandbox, ['-f', file])
    const write = findings.find(({ hop }) => hop === 'write')
    assert.deepEqual([write?.result, write?.code], ['skipped', 'DRY_RUN_UNSUPPORTED'])
  })
})
