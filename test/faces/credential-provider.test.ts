import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { suite, test } from 'node:test'
import { withoutTimeLimits } from '../support/run-pullpass.ts'
import { type RequestOptions, startNode } from './start-node.ts'

const serviceAccount = { apiVersion: 'v1', kind: 'ServiceAccount' }
const responseOf = (stdout: string) => JSON.parse(stdout)
const passwordOf = (stdout: string, host: string): string => responseOf(stdout).auth[host].password

suite('the credential provider of a kubelet', { concurrency: 4 }, () => {
  test("a pod's token becomes a registry credential, which the kubelet may keep until five minutes before it expires", async (t) => {
    const { sandbox, host, request, provide } = await startNode(t)
    const { exitCode, stdout, stderr } = await provide(await request())
    assert.equal(stderr, '')
    assert.equal(exitCode, 0)
    const { auth, ...response } = responseOf(stdout)
    assert.deepEqual(response, {
      kind: 'CredentialProviderResponse',
      apiVersion: 'credentialprovider.kubelet.k8s.io/v1',
      cacheKeyType: 'Registry',
      cacheDuration: '3300s',
    })
    assert.deepEqual(Object.keys(auth), [host])
    assert.equal(auth[host].username, 'oauth2accesstoken')
    assert.equal(
      sandbox.gcp.holderOf(auth[host].password)?.member,
      'serviceAccount:puller@example-project.iam.gserviceaccount.com',
    )
  })

  test('pods that start together cost one exchange', async (t) => {
    const { sandbox, request, provide, exchanges, host } = await startNode(t)
    const input = await request()
    const first = provide(input)
    await sandbox.gcp.parts.sts.whenSeen()
    // Both wait for the lock until the first has ended, and stay within the time limit.
    const sleep = (ms: number) => (ms < 45_000 ? first.then(() => undefined) : new Promise<void>(() => undefined))
    const runs = await Promise.all([first, provide(input, { sleep }), provide(input, { sleep })])
    assert.deepEqual(
      runs.map(({ exitCode }) => exitCode),
      [0, 0, 0],
    )
    assert.equal(new Set(runs.map(({ stdout }) => passwordOf(stdout, host))).size, 1)
    assert.equal(exchanges(), 1)
  })

  test('a cached credential is returned while the cloud is unavailable, and not after five minutes before its expiry', async (t) => {
    const { sandbox, request, provide } = await startNode(t)
    const first = await provide(await request())
    sandbox.gcp.parts.sts.faults.inject({ kind: 'response', response: { status: 503, headers: {}, body: '' } })
    sandbox.clock.advance('54 min')
    const cached = await provide(await request())
    assert.equal(cached.exitCode, 0, cached.stderr)
    assert.deepEqual(responseOf(cached.stdout).auth, responseOf(first.stdout).auth)
    assert.equal(responseOf(cached.stdout).cacheDuration, '60s')
    sandbox.clock.advance('1 min')
    const late = await provide(await request())
    assert.equal(late.exitCode, 1)
    assert.match(late.stderr, /^EXCHANGE_UNAVAILABLE \(exchange\): .* 503/)
    assert.equal(late.stdout, '')
  })

  test('an error is one line, and one of the token names the field of the request', async (t) => {
    const { request, provide } = await startNode(t)
    const broken = JSON.stringify({ ...JSON.parse(await request()), serviceAccountToken: 'no-token' })
    const { exitCode, stdout, stderr } = await provide(broken)
    assert.deepEqual([exitCode, stdout], [2, ''])
    assert.match(
      stderr,
      /^TOKEN_MALFORMED \(subject-token\): serviceAccountToken in the kubelet's request contains no service account token: it has 1 part; expected .*; fix: check tokenAttributes in the CredentialProviderConfig, .*\n$/,
    )
    assert.equal(stderr.trimEnd().split('\n').length, 1)
  })

  const others: Readonly<Record<string, RequestOptions>> = {
    'another service account of the namespace': { account: { namespace: 'image-system', name: 'default' } },
    'a service account of that name in another namespace': { account: { namespace: 'team-a', name: 'pullpass' } },
  }
  for (const [name, options] of Object.entries(others)) {
    test(`${name} does not receive the cached credential`, async (t) => {
      const { sandbox, request, provide, exchanges } = await startNode(t)
      sandbox.cluster.seed({ ...serviceAccount, metadata: { namespace: 'team-a', name: 'pullpass' } })
      await provide(await request())
      const { exitCode, stdout, stderr } = await provide(await request(options))
      assert.equal(exitCode, 1)
      assert.equal(stdout, '')
      assert.match(stderr, /^IMPERSONATION_DENIED /)
      assert.equal(exchanges(), 2)
    })
  }

  test('a refused token is shown by a command that requests another one of the service account', async (t) => {
    const { sandbox, request, provide } = await startNode(t)
    const body = { error: 'invalid_grant', error_description: 'Unable to parse the ID Token.' }
    sandbox.gcp.parts.sts.faults.inject({ kind: 'response', response: { status: 400, body } })
    const { stderr } = await provide(await request())
    assert.match(stderr, /^EXCHANGE_REFUSED /)
    assert.match(
      stderr,
      /: pullpass inspect serviceaccount image-system\/pullpass --audience '?\/\/iam\.googleapis\.com\//,
    )
  })

  test('a service account that was deleted and created again does not receive the cached credential', async (t) => {
    const { sandbox, request, provide, exchanges } = await startNode(t)
    await provide(await request())
    const metadata = { namespace: 'image-system', name: 'pullpass' }
    sandbox.cluster.store.remove({ ...serviceAccount, metadata })
    sandbox.cluster.seed({ ...serviceAccount, metadata })
    await provide(await request())
    assert.equal(exchanges(), 2)
  })

  test('an annotation selects among the registries of the configuration, each with a credential of its own', async (t) => {
    const { sandbox, registry, cacheFolder, writeConfig, request, provide, exchanges } = await startNode(t)
    const denied = {
      ...registry,
      name: 'other',
      settings: { ...registry.settings, serviceAccountEmail: 'other@example-project.iam.gserviceaccount.com' },
    }
    await writeConfig({ registries: [registry, denied], cacheFolder })
    const usual = await provide(await request())
    assert.equal(usual.exitCode, 0, usual.stderr)
    const other = await provide(await request({ annotations: { 'pullpass.dev/registry': 'other' } }))
    assert.match(other.stderr, /^IMPERSONATION_DENIED .*other@example-project/s)
    assert.equal(exchanges(), 2)
    const unknown = await provide(await request({ annotations: { 'pullpass.dev/registry': '../google' } }))
    assert.equal(unknown.exitCode, 2)
    assert.match(
      unknown.stderr,
      /^REGISTRY_NOT_CONFIGURED \(document\): annotation pullpass\.dev\/registry of the ServiceAccount is "\.\.\/google"; expected a registry of the configuration: google, other; /,
    )
    assert.equal(exchanges(), 2)
    assert.equal(sandbox.parts.registry.seen.length, 0)
  })

  test('an annotation for a registry of another host does not affect this one', async (t) => {
    const { registry, writeConfig, request, provide } = await startNode(t)
    await writeConfig({
      registries: [registry, { ...registry, name: 'team-a', hosts: ['quay.io'] }],
      others: [{ name: 'ecr', hosts: ['123456789012.dkr.ecr.eu-west-1.amazonaws.com'] }],
    })
    for (const selected of ['team-a', 'ecr']) {
      const { exitCode, stderr } = await provide(await request({ annotations: { 'pullpass.dev/registry': selected } }))
      assert.equal(exitCode, 0, stderr)
    }
  })

  test('where another provider of the node has the selected registry for the image, this one returns no credential', async (t) => {
    const { registry, host, writeConfig, request, provide, exchanges } = await startNode(t)
    await writeConfig({ registries: [registry], others: [{ name: 'partner', hosts: [host] }] })
    const { exitCode, stdout } = await provide(await request({ annotations: { 'pullpass.dev/registry': 'partner' } }))
    assert.equal(exitCode, 0)
    assert.deepEqual([responseOf(stdout).auth, responseOf(stdout).cacheDuration], [{}, '0s'])
    assert.equal(exchanges(), 0)
  })

  test('an image of another host, and a lookalike of the host, receive nothing', async (t) => {
    const { host, request, provide, exchanges } = await startNode(t)
    for (const image of [
      'quay.io/team/app',
      `${host}.example.com/team/app`,
      `${host.replace('localhost', 'localhosts')}/app`,
      'not an image',
    ]) {
      const { exitCode, stdout, stderr } = await provide(await request({ image }))
      assert.equal(exitCode, 2)
      assert.equal(stdout, '')
      assert.match(stderr, /^REGISTRY_NOT_CONFIGURED \(document\): no registry of the configuration serves image "/)
    }
    assert.equal(exchanges(), 0)
  })

  test('a token for another audience is not sent', async (t) => {
    const { request, provide, exchanges } = await startNode(t)
    const { exitCode, stderr } = await provide(await request({ audience: 'https://kubernetes.default.svc' }))
    assert.equal(exitCode, 2)
    assert.match(
      stderr,
      /^AUDIENCE_MISMATCH \(subject-token\): the pod's service account token has audience "https:\/\/kubernetes\.default\.svc"/,
    )
    assert.equal(exchanges(), 0)
  })

  test('a request without a token uses the token file of the configuration, or is refused', async (t) => {
    const { sandbox, registry, writeConfig, request, provide } = await startNode(t)
    const { serviceAccountToken: _, ...older } = JSON.parse(await request())
    const refused = await provide(JSON.stringify(older))
    assert.equal(refused.exitCode, 2)
    assert.match(
      refused.stderr,
      /^TOKEN_MISSING \(subject-token\): the request of the kubelet contains no service account token; /,
    )
    await writeConfig({ registries: [{ ...registry, tokenFile: sandbox.folder.tokenFile }] })
    const run = await provide(JSON.stringify(older))
    assert.equal(run.exitCode, 0, run.stderr)
  })

  test('a cloud that does not respond ends the request before the kubelet does', async (t) => {
    const { sandbox, request, provide } = await startNode(t)
    sandbox.gcp.parts.sts.faults.inject({ kind: 'stall', at: 'request' })
    const input = await request()
    const sleep = async (ms: number) => {
      if (ms !== 45_000) return await withoutTimeLimits(ms)
      await sandbox.gcp.parts.sts.whenSeen()
    }
    const { exitCode, stderr } = await provide(input, { sleep })
    assert.equal(exitCode, 1)
    assert.match(stderr, /^TIMED_OUT \(run\): the exchange did not end within 45 s; /)
  })

  test('a host with a path makes the kubelet keep the credential for each image only', async (t) => {
    const { registry, host, writeConfig, request, provide } = await startNode(t)
    await writeConfig({ registries: [{ ...registry, hosts: [`${host}/example-project/`] }] })
    const { stdout } = await provide(await request())
    assert.equal(responseOf(stdout).cacheKeyType, 'Image')
    assert.deepEqual(Object.keys(responseOf(stdout).auth), [`${host}/example-project/`])
  })

  test('without a cache folder nothing is written to the node', async (t) => {
    const { sandbox, writeConfig, request, provide, exchanges } = await startNode(t)
    await writeConfig({})
    await provide(await request())
    await provide(await request())
    assert.equal(exchanges(), 2)
    assert.equal((await readdir(sandbox.folder.path)).includes('cache'), false)
  })
})

suite('a request or configuration that is wrong', () => {
  const requests: Readonly<Record<string, [string, RegExp]>> = {
    'no JSON': ['hello', /standard input is not a JSON object/],
    empty: ['', /standard input is not a JSON object/],
    'another kind': ['{"kind":"ExecCredential"}', /standard input is not of kind CredentialProviderRequest/],
    'another version': [
      '{"kind":"CredentialProviderRequest","apiVersion":"credentialprovider.kubelet.k8s.io/v1beta1","image":"a"}',
      /standard input has apiVersion "credentialprovider.kubelet.k8s.io\/v1beta1"/,
    ],
    'no image': [
      '{"kind":"CredentialProviderRequest","apiVersion":"credentialprovider.kubelet.k8s.io/v1"}',
      /standard input names no image/,
    ],
  }
  test('a request is refused with the reason', async (t) => {
    const { provide } = await startNode(t)
    for (const [name, [input, seen]] of Object.entries(requests)) {
      const { exitCode, stdout, stderr } = await provide(input)
      assert.equal(exitCode, 2, name)
      assert.equal(stdout, '')
      assert.match(stderr, /^REQUEST_INVALID \(run\): /)
      assert.match(stderr, seen)
    }
  })

  const configurations: Readonly<Record<string, [Readonly<Record<string, unknown>> | string, RegExp]>> = {
    'no JSON': ['kind: NodeConfig', /the file is not a JSON object/],
    'another kind': [{ kind: 'ClusterPullSecret' }, /apiVersion and kind differ/],
    'an unknown field': [{ cache: 'x' }, /unknown field "cache"/],
    'a change by hand': [{ checksum: '0000000000000000' }, /the checksum differs/],
    'no registries': [{ registries: [] }, /registries is absent or empty/],
    'an unknown vendor': [
      { registries: [{ name: 'a', hosts: ['a.example.com'], vendor: 'acme', settings: {} }] },
      /registries\[0\]\.vendor is "acme"/,
    ],
    'a host with a scheme': [
      { registries: [{ name: 'a', hosts: ['https://a.example.com'], vendor: 'gcp', settings: {} }] },
      /registries\[0\]\.hosts\[0\] is "https:\/\/a\.example\.com"/,
    ],
    'a relative cache folder': [{ cacheFolder: 'cache' }, /cacheFolder is not an absolute path/],
  }
  test('a configuration is refused with the field', async (t) => {
    const { sandbox, writeConfig, request, provide } = await startNode(t)
    const input = await request()
    for (const [name, [content, seen]] of Object.entries(configurations)) {
      if (typeof content === 'string') await sandbox.write('node.json', content)
      else await writeConfig(content)
      const { exitCode, stderr } = await provide(input)
      assert.equal(exitCode, 2, name)
      assert.match(stderr, /^DOCUMENT_INVALID \(document\): /)
      assert.match(stderr, seen)
    }
  })
})
