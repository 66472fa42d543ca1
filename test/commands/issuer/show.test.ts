import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { SandboxResponse } from '../../../sandbox/serve/handler.ts'
import { interruption } from '../../../src/commands/run/run.ts'
import { runPullpass } from '../../support/run-pullpass.ts'
import { startTestSandbox, type TestSandbox } from '../../support/start-test-sandbox.ts'

const account = ['--service-account', 'image-system/pullpass']
const show = (sandbox: TestSandbox, ...words: string[]) =>
  runPullpass(sandbox, ['issuer', 'show', ...account, ...words])

/** Replaces the response of the API server. */
const respond = (sandbox: TestSandbox, path: string, response: SandboxResponse) =>
  sandbox.parts.kubernetes.faults.inject({ kind: 'response', response }, { when: (request) => request.path === path })

const discoveryPath = '/.well-known/openid-configuration'
const jwksPath = '/openid/v1/jwks'
const internal = { issuer: 'https://kubernetes.default.svc', jwks_uri: 'https://10.0.0.1:6443/openid/v1/jwks' }
const to = 'https://oidc.example.com/cluster-1'

suite('pullpass issuer show', () => {
  test('shows mode, issuer, keys, a fresh token, and the clouds that can use them', async (t) => {
    const sandbox = await startTestSandbox(t)
    const { exitCode, stdout, stderr } = await show(sandbox)
    const { kid } = sandbox.cluster.keys.current
    assert.deepEqual([exitCode, stderr], [0, ''])
    assert.match(stdout, /^issuer +https:\/\/127\.0\.0\.1:\d+\/example-cluster$/m)
    assert.match(stdout, /^mode +publish: its documents are public, with every key that the cluster serves$/m)
    assert.ok(stdout.includes(`\nfresh token  verifies with key ${kid}, which the cluster serves\n`))
    assert.ok(stdout.includes(`\n${kid}  RSA 2048  RS256\n`))
    assert.match(stdout, /^Google +failed +2 failed, 1 warning$/m)
    assert.doesNotMatch(stdout, /TOKEN_AUDIENCE|distribution|eyJ/)
  })

  test('shows since when a key is known, where issuer watch recorded it', async (t) => {
    const sandbox = await startTestSandbox(t, { namespaces: ['default', 'pullpass-system'] })
    const stopped = new AbortController()
    await runPullpass(sandbox, ['issuer', 'watch', '--to', 'gs://example-cluster', ...account], {
      signal: stopped.signal,
      sleep: async () => stopped.abort(interruption('SIGTERM')), // after its first round
    })
    const { stdout } = await show(sandbox)
    assert.match(stdout, /^KEY +KIND +ALGORITHM +FIRST SEEN$/m)
    assert.match(
      stdout,
      new RegExp(`^${sandbox.cluster.keys.current.kid} +RSA 2048 +RS256 +2026-11-24T12:00:\\d\\dZ$`, 'm'),
    )
  })

  test('shows when it is safe to sign with a key that is served and public, and with which key it is not', async (t) => {
    const sandbox = await startTestSandbox(t, { namespaces: ['default', 'pullpass-system'] })
    const next = await sandbox.cluster.keys.add()
    assert.ok((await show(sandbox)).stdout.includes(`\nnot safe to sign with ${next.kid}: it is not public\n`))
    const published = await runPullpass(sandbox, ['issuer', 'publish', '--to', 'gs://example-cluster', ...account])
    const safeLine = /^safe to sign with (.*) from (2026-11-24T12:0[5-6]:\d\dZ)$/m
    assert.equal(safeLine.exec(published.stdout)?.[1], next.kid)
    assert.deepEqual(safeLine.exec((await show(sandbox)).stdout)?.slice(1), safeLine.exec(published.stdout)?.slice(1))
  })

  test('shows until when tokens can be refused if a key signs sooner', async (t) => {
    const sandbox = await startTestSandbox(t, { namespaces: ['default', 'pullpass-system'] })
    sandbox.cluster.keys.signWith(await sandbox.cluster.keys.add())
    await runPullpass(sandbox, ['issuer', 'publish', '--to', 'gs://example-cluster', ...account])
    const warning = `${sandbox.cluster.keys.current.kid} already signs tokens: verifiers with a cached JWKS reject them until 2026-11-24T12:0`
    assert.ok((await show(sandbox)).stdout.includes(warning))
    sandbox.clock.advance('5 min')
    assert.equal((await show(sandbox)).stdout.includes('already signs'), false)
  })

  test('reports that the signing key was revoked', async (t) => {
    const sandbox = await startTestSandbox(t, { namespaces: ['default', 'pullpass-system'] })
    const { kid } = sandbox.cluster.keys.current
    await runPullpass(sandbox, ['issuer', 'revoke', kid, '--to', 'gs://example-cluster', '--yes', ...account])
    const { stdout } = await show(sandbox)
    assert.match(
      stdout,
      new RegExp(`^revoked +${kid}, and signs: no cloud accepts its tokens until every API server`, 'm'),
    )
    assert.match(stdout, /^failed: KEYS_MISSING/m)
    assert.match(stdout, /let every API server sign with a new key: this one was revoked/)
    assert.doesNotMatch(stdout, /issuer publish --to "/)
    const report = JSON.parse((await show(sandbox, '-o', 'json')).stdout)
    assert.deepEqual(report.keys, [{ kid, type: 'RSA', bits: 2048, algorithm: 'RS256', revoked: true }])
  })

  test('-o json contains the same data', async (t) => {
    const sandbox = await startTestSandbox(t)
    const report = JSON.parse((await show(sandbox, '-o', 'json')).stdout)
    const { kid } = sandbox.cluster.keys.current
    assert.deepEqual(
      Object.keys(report).join(' '),
      'apiVersion kind result issuer jwksUri mode modeReason keys token vendors findings',
    )
    assert.equal(report.mode, 'publish')
    const safeToSignAt = '2026-11-24T12:05:00Z'
    assert.deepEqual(report.keys, [{ kid, type: 'RSA', bits: 2048, algorithm: 'RS256', safeToSignAt, revoked: false }])
    assert.deepEqual(report.token, {
      issuer: sandbox.cluster.issuer,
      kid,
      algorithm: 'RS256',
      signature: 'verified',
    })
    assert.deepEqual(report.vendors.at(3), { vendor: 'oidc', result: 'warning' })
  })

  test('during a rotation reports that a key is not public yet', async (t) => {
    const sandbox = await startTestSandbox(t)
    sandbox.cluster.keys.signWith(await sandbox.cluster.keys.add())
    const { exitCode, stdout } = await show(sandbox)
    assert.equal(exitCode, 0)
    assert.match(stdout, /^mode +publish: its documents are public, but 1 of 2 keys of the cluster are missing$/m)
    assert.match(stdout, /^failed: KEY_UNPUBLISHED \(all\): /m)
    assert.match(stdout, /pullpass issuer publish --to "\$\{TARGET:\?\}"$/m)
  })

  test('a token signed by a key that the cluster does not serve is exit code 1', async (t) => {
    const sandbox = await startTestSandbox(t)
    const key = await sandbox.cluster.keys.add()
    sandbox.cluster.keys.signWith(key)
    sandbox.cluster.keys.drop(key.kid)
    const { exitCode, stdout } = await show(sandbox)
    assert.equal(exitCode, 1)
    assert.ok(stdout.includes(`is signed by key ${key.kid}, which the cluster does not serve`))
  })

  test('without permission to request a token reports this, and continues', async (t) => {
    const sandbox = await startTestSandbox(t)
    sandbox.cluster.authorization.forbid({ verbs: ['create'], resources: ['serviceaccounts/token'] })
    const { exitCode, stdout } = await show(sandbox)
    assert.equal(exitCode, 0)
    assert.match(stdout, /^fresh token +not requested: .*cannot create resource/m)
    assert.match(stdout, /^OIDC +warning +2 warnings$/m)
  })

  test('unpublished documents and documents of another tool are distinguished', async (t) => {
    const sandbox = await startTestSandbox(t)
    const path = `/example-cluster${discoveryPath}`
    const { faults } = sandbox.gcp.parts.storage
    faults.inject({ kind: 'response', response: { status: 404 } }, { when: (request) => request.path === path })
    assert.match((await show(sandbox)).stdout, /^mode +publish: .* gets 404$/m)
    faults.clear()
    const { issuer } = sandbox.cluster
    const body = { issuer, jwks_uri: `${issuer}/keys.json` }
    faults.inject({ kind: 'response', response: { status: 200, body } }, { when: (request) => request.path === path })
    assert.match((await show(sandbox)).stdout, /^mode +external: .* a discovery document that ccoctl wrote/m)
  })

  test('an issuer that is reachable only in the cluster is shown with the steps to another issuer', async (t) => {
    const sandbox = await startTestSandbox(t)
    respond(sandbox, discoveryPath, { status: 200, body: internal })
    respond(sandbox, '/version', { status: 200, body: { gitVersion: 'v1.34.1+k3s1' } })
    const { exitCode, stdout } = await show(sandbox)
    assert.equal(exitCode, 0)
    assert.match(stdout, /^mode +publish: no cloud can read this issuer: another one has to be set first$/m)
    assert.match(stdout, /; its issuer is https:\/\/127\S+: API servers differ$/m)
    assert.match(stdout, /^failed: ISSUER_UNUSABLE \(all\): .*its name exists only inside the cluster$/m)
    assert.match(stdout, /^distribution +k3s, by the server's version, v1\.34\.1\+k3s1$/m)
    assert.match(stdout, /^From https:\/\/kubernetes\.default\.svc to https:\/\/HOST\/PATH:$/m)
    assert.match(
      stdout,
      /^3\. Sign with the new issuer: list it first\n {3}in \/etc\/rancher\/k3s\/config\.yaml.*\n {5}kube-apiserver-arg:\n {7}- service-account-issuer=https:\/\/HOST\/PATH\n {7}- service-account-issuer=https:\/\/kubernetes\.default\.svc\n/m,
    )
  })

  test('an issuer for which the cluster serves no documents is read from a token', async (t) => {
    const sandbox = await startTestSandbox(t)
    for (const path of [discoveryPath, jwksPath]) respond(sandbox, path, { status: 404, body: '404 page not found\n' })
    const { exitCode, stdout } = await show(sandbox)
    assert.equal(exitCode, 0)
    assert.match(stdout, /^issuer +https:\/\/127\S+$/m)
    assert.match(stdout, /^jwks_uri +none: the API server serves documents only for an https issuer$/m)
  })

  test('an issuer of a vendor has no steps to another', async (t) => {
    const sandbox = await startTestSandbox(t)
    const issuer = 'https://oidc.eks.example.amazonaws.com/id/0123456789ABCDEF'
    respond(sandbox, discoveryPath, { status: 200, body: { ...internal, issuer } })
    const environment = { HTTPS_PROXY: 'http://127.0.0.1:9', NODE_USE_ENV_PROXY: '1' } // no request is possible
    const argv = ['issuer', 'show', ...account, '--to-issuer', to]
    const { stdout } = await runPullpass(sandbox, argv, { environment })
    assert.match(stdout, /^mode +verify-only: EKS publishes the documents of this issuer, and updates them$/m)
    assert.doesNotMatch(stdout, /^From /m)
    assert.ok(
      stdout.includes(`No steps to ${to}: EKS publishes the present issuer, which cannot be changed.\n`),
      stdout,
    )
  })
})

suite('pullpass issuer show --to-issuer', () => {
  test('requires --distribution, where the present issuer is public', async (t) => {
    const sandbox = await startTestSandbox(t)
    const { exitCode, stdout } = await show(sandbox, '--distribution', 'k3s')
    assert.equal(exitCode, 0)
    assert.match(stdout, /^No steps: --distribution requires the new issuer, --to-issuer URL\.$/m)
  })

  const nodes: Record<string, [node: object, title: string, setting: string]> = {
    Gardener: [{ metadata: { labels: { 'worker.gardener.cloud/pool': 'a' } } }, 'Gardener', 'acceptedIssuers:'],
    'Talos 1.14': [
      { metadata: {}, status: { nodeInfo: { osImage: 'Talos (v1.14.0)' } } },
      'Talos (1.14 and later)',
      'kind: KubeServiceAccountConfig',
    ],
    kind: [{ metadata: {}, spec: { providerID: 'kind://docker/kind/a' } }, 'kind', 'kubeadmConfigPatches:'],
  }
  for (const [name, [node, title, setting]] of Object.entries(nodes)) {
    test(`${name} is recognized by a node`, async (t) => {
      const sandbox = await startTestSandbox(t)
      respond(sandbox, '/api/v1/nodes', { status: 200, body: { items: [node] } })
      const { exitCode, stdout } = await show(sandbox, '--to-issuer', to)
      assert.equal(exitCode, 0)
      assert.ok(stdout.includes(`\ndistribution  ${title}, by a node's `))
      assert.ok(stdout.includes(setting))
    })
  }

  test('kubeadm is recognized by its ConfigMap, whose apiVersion determines the steps', async (t) => {
    const sandbox = await startTestSandbox(t)
    const ClusterConfiguration = 'apiServer: {}\napiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\n'
    const path = '/api/v1/namespaces/kube-system/configmaps/kubeadm-config'
    respond(sandbox, path, { status: 200, body: { data: { ClusterConfiguration } } })
    const { stdout } = await show(sandbox, '--to-issuer', to)
    assert.match(stdout, /^distribution +kubeadm \(v1beta4\), by ConfigMap kube-system\/kubeadm-config, of v1beta4$/m)
    assert.match(stdout, /^ {5}apiServer:\n {7}extraArgs:\n {9}- name: service-account-issuer$/m)
  })

  test('where the distribution is ambiguous, the candidates are listed, without steps', async (t) => {
    const sandbox = await startTestSandbox(t)
    const metadata = { annotations: { 'cluster.x-k8s.io/machine': 'm' } }
    respond(sandbox, '/api/v1/nodes', { status: 200, body: { items: [{ metadata }] } })
    const { exitCode, stdout } = await show(sandbox, '--to-issuer', to)
    assert.equal(exitCode, 0)
    assert.match(stdout, /^distribution +Cluster API \(v1beta1\) or Cluster API \(v1beta2\), by .*$/m)
    assert.match(
      stdout,
      /Name it, with --distribution NAME, one of:\n {2}cluster-api-v1beta1\n {2}cluster-api-v1beta2$/m,
    )
    assert.doesNotMatch(stdout, /^From /m)
  })

  test('with --distribution, -o json contains its steps', async (t) => {
    const sandbox = await startTestSandbox(t)
    const words = ['--to-issuer', to, '--distribution', 'kubeadm-v1beta4', '-o', 'json']
    const { change, distribution } = JSON.parse((await show(sandbox, ...words)).stdout)
    assert.deepEqual(distribution, { names: ['kubeadm-v1beta4'], detectedBy: '--distribution' })
    assert.deepEqual([change.fromIssuer, change.toIssuer], [sandbox.cluster.issuer, to])
    assert.equal(change.steps.length, 6)
  })

  test('to the present issuer is a usage error', async (t) => {
    const sandbox = await startTestSandbox(t)
    const { exitCode, stdout, stderr } = await show(sandbox, '--to-issuer', sandbox.cluster.issuer)
    assert.deepEqual([exitCode, stdout], [2, ''])
    assert.ok(stderr.includes(`--to-issuer is the present issuer of the cluster: ${sandbox.cluster.issuer}`), stderr)
  })

  test('to an issuer with a trailing slash has a warning', async (t) => {
    const { stdout } = await show(await startTestSandbox(t), '--to-issuer', `${to}/`)
    assert.match(
      stdout,
      /^note +the trailing slash is part of the issuer, in tokens and in trust: an issuer without it is less error-prone$/m,
    )
  })

  test('to an issuer that no cloud can read is refused', async (t) => {
    const { exitCode, stdout, stderr } = await show(await startTestSandbox(t), '--to-issuer', 'http://oidc.example.com')
    assert.deepEqual([exitCode, stdout], [2, ''])
    assert.match(
      stderr,
      /^USAGE_INVALID \(run\): --to-issuer is "http:\/\/oidc\.example\.com"\n {2}expected an https URL/,
    )
  })

  test('to an issuer that is reachable only in the cluster is refused before the cluster is contacted', async (t) => {
    const sandbox = await startTestSandbox(t)
    const { exitCode, stderr } = await show(sandbox, '--to-issuer', 'https://kubernetes.default.svc')
    assert.equal(exitCode, 2)
    assert.match(
      stderr,
      /^USAGE_INVALID .*--to-issuer is "https:\/\/kubernetes\.default\.svc": its name exists only inside the cluster/,
    )
    assert.equal(sandbox.parts.kubernetes.seen.length, 0)
  })
})

suite('pullpass issuer show fails', () => {
  test('without permission to read the documents, with the missing permission', async (t) => {
    const sandbox = await startTestSandbox(t)
    const message = 'forbidden: User "jane" cannot get path "/openid/v1/jwks"'
    respond(sandbox, jwksPath, { status: 403, body: { kind: 'Status', status: 'Failure', message, code: 403 } })
    const { exitCode, stderr } = await show(sandbox)
    assert.equal(exitCode, 1)
    assert.match(
      stderr,
      /^DISCOVERY_FORBIDDEN \(discovery\): the API server responded with 403 "forbidden: User "jane" cannot/,
    )
    assert.match(stderr, /--clusterrole=system:service-account-issuer-discovery/)
  })

  test('where neither documents nor a token contain the issuer', async (t) => {
    const sandbox = await startTestSandbox(t)
    sandbox.cluster.authorization.forbid({ verbs: ['create'], resources: ['serviceaccounts/token'] })
    for (const path of [discoveryPath, jwksPath]) respond(sandbox, path, { status: 404, body: '404 page not found\n' })
    const { exitCode, stderr } = await show(sandbox)
    assert.equal(exitCode, 1)
    assert.match(stderr, /^DISCOVERY_NOT_FOUND \(discovery\): the API server responded with 404 for https/)
  })

  test('for an unexpected argument', async (t) => {
    const { exitCode, stderr } = await show(await startTestSandbox(t), 'https://oidc.example.com')
    assert.equal(exitCode, 2)
    assert.match(stderr, /^USAGE_INVALID \(run\): unexpected argument "https:\/\/oidc\.example\.com"/)
  })
})
