import assert from 'node:assert/strict'
import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { sharedSigningKey } from '../../../sandbox/kubernetes/tokens/signing-keys.ts'
import { digestOf } from '../../../src/publish/key-state.ts'
import { runPullpass } from '../../support/run-pullpass.ts'
import { startTestSandbox, type TestSandbox } from '../../support/start-test-sandbox.ts'
import { account, bucket, documents, kidsOf, objectText, publish } from './publish-to-bucket.ts'

suite('pullpass issuer publish', () => {
  test('uploads both documents to a bucket, and verifies them as an anonymous client, with a fresh token', async (t) => {
    const sandbox = await startTestSandbox(t, { issuerDocuments: 'absent' })
    const { exitCode, stdout, stderr } = await publish(sandbox)
    assert.deepEqual([exitCode, stderr], [0, ''])
    for (const name of documents) assert.match(stdout, new RegExp(`^${name} +created$`, 'm'))
    for (const check of ['discovery', 'jwks', 'token']) assert.match(stdout, new RegExp(`^${check} +ok `, 'm'))
    // The sandbox has its own certificate authority.
    assert.match(stdout, /^jwks +ok +read at https:.* with the certificate authorities of this run: /m)
    const { issuer } = sandbox.cluster
    assert.deepEqual(JSON.parse(objectText(sandbox, '.well-known/openid-configuration') ?? ''), {
      issuer,
      jwks_uri: `${issuer}/openid/v1/jwks`,
      response_types_supported: ['id_token'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['RS256'],
    })
    const { contentType, cacheControl } = sandbox.gcp.store.find(bucket, 'openid/v1/jwks') ?? {}
    assert.deepEqual([contentType, cacheControl], ['application/jwk-set+json', 'public, max-age=300'])
    assert.doesNotMatch(stdout + stderr, /eyJ|ya29/)
  })

  test('a second run writes nothing', async (t) => {
    const sandbox = await startTestSandbox(t, { issuerDocuments: 'absent' })
    await publish(sandbox)
    const uploads = () => sandbox.gcp.parts.storage.seen.filter(({ path }) => path.startsWith('/upload/')).length
    const before = uploads()
    const { exitCode, stdout } = await publish(sandbox)
    assert.equal(exitCode, 0)
    for (const name of documents) assert.match(stdout, new RegExp(`^${name} +unchanged$`, 'm'))
    assert.equal(uploads(), before)
  })

  test('--dry-run shows the difference, and writes nothing', async (t) => {
    const sandbox = await startTestSandbox(t, { issuerDocuments: 'absent' })
    const { exitCode, stdout } = await publish(sandbox, '--dry-run')
    assert.equal(exitCode, 0)
    for (const name of documents) {
      assert.match(stdout, new RegExp(`^${name} +would-create$`, 'm'))
      assert.equal(objectText(sandbox, name), undefined)
    }
  })

  test('-o json of a dry run contains, as the table does, the planned changes', async (t) => {
    const sandbox = await startTestSandbox(t, { issuerDocuments: 'absent' })
    const report: { documents: { result: string }[]; keys: { result: string }[] } = JSON.parse(
      (await publish(sandbox, '--dry-run', '-o', 'json')).stdout,
    )
    assert.deepEqual(
      report.documents.map(({ result }) => result),
      ['would-create', 'would-create'],
    )
    assert.deepEqual(
      report.keys.map(({ result }) => result),
      ['would-add'],
    )
  })

  test('a key that only the ConfigMap contains is not published: its writer could sign tokens of every account', async (t) => {
    const sandbox = await startTestSandbox(t, { issuerDocuments: 'absent' })
    const { publicKey, kid } = await sharedSigningKey('another')
    const key = { ...publicKey.export({ format: 'jwk' }), kid, use: 'sig', alg: 'RS256' }
    const entry = JSON.stringify({ key, lastSeenAt: sandbox.clock.now() })
    sandbox.cluster.seed({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { namespace: 'pullpass-system', name: 'pullpass-issuer' },
      data: { [`key.${digestOf(kid)}`]: entry },
    })
    const { exitCode } = await publish(sandbox)
    assert.equal(exitCode, 0)
    assert.deepEqual(kidsOf(objectText(sandbox, 'openid/v1/jwks')), [sandbox.cluster.keys.current.kid])
  })

  test('after a rotation the new key is added, and the old one stays', async (t) => {
    const sandbox = await startTestSandbox(t)
    const { keys } = sandbox.cluster
    const old = keys.current.kid
    const next = await keys.add()
    await publish(sandbox)
    keys.signWith(next)
    keys.drop(old)
    const { exitCode, stdout } = await publish(sandbox)
    assert.equal(exitCode, 0, stdout)
    assert.match(stdout, new RegExp(`^${old} +RSA 2048 +kept`, 'm'))
    assert.deepEqual(kidsOf(objectText(sandbox, 'openid/v1/jwks')).toSorted(), [old, next.kid].toSorted())
  })

  test('warns of a published key that no API server serves or is known to have served', async (t) => {
    const sandbox = await startTestSandbox(t)
    const { publicKey, kid } = await sharedSigningKey('another')
    const [own] = JSON.parse(objectText(sandbox, 'openid/v1/jwks') ?? '').keys
    const planted = { ...publicKey.export({ format: 'jwk' }), kid, use: 'sig', alg: 'RS256' }
    const body = JSON.stringify({ keys: [own, planted] })
    sandbox.gcp.store.put(bucket, 'openid/v1/jwks', { contentType: 'application/jwk-set+json', body })
    for (const dryRun of [['--dry-run'], []]) {
      const { exitCode, stdout } = await publish(sandbox, ...dryRun)
      assert.equal(exitCode, 0, stdout)
      const warnings = [...stdout.matchAll(/^warning: key "(.*?)" is published, but no API server serves it, /gm)]
      assert.deepEqual(
        warnings.map(([, named]) => named),
        [kid],
      )
      assert.ok(stdout.includes(`: pullpass issuer revoke --to gs://${bucket} -- ${kid}, and check who may write to `))
    }
    const { warnings } = JSON.parse((await publish(sandbox, '-o', 'json')).stdout)
    assert.equal(warnings.length, 1)
  })

  test('does not warn of a key that is recorded as served', async (t) => {
    const sandbox = await startTestSandbox(t)
    const [own] = JSON.parse(objectText(sandbox, 'openid/v1/jwks') ?? '').keys
    sandbox.cluster.seed({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { namespace: 'pullpass-system', name: 'pullpass-issuer' },
      data: { [`key.${digestOf(own.kid)}`]: JSON.stringify({ key: own, lastSeenAt: sandbox.clock.now() }) },
    })
    const next = await sandbox.cluster.keys.add()
    sandbox.cluster.keys.signWith(next)
    sandbox.cluster.keys.drop(own.kid)
    const { stdout } = await publish(sandbox)
    assert.match(stdout, new RegExp(`^${own.kid} +RSA 2048 +kept`, 'm'))
    assert.doesNotMatch(stdout, /^warning/m)
  })

  test('a bucket that is not public fails, with the command that opens it', async (t) => {
    const sandbox = await startTestSandbox(t)
    sandbox.gcp.store.setAccess(bucket, 'private')
    const { exitCode, stdout } = await publish(sandbox)
    assert.equal(exitCode, 1)
    assert.match(stdout, /^discovery +failed +https:.* 403 to anonymous clients: it is not public$/m)
    assert.match(
      stdout,
      /^fix: gcloud storage buckets add-iam-policy-binding gs:\/\/example-cluster .*--member=allUsers .*--condition=None$/m,
    )
  })

  test("until the cluster's tokens contain the issuer, their check is pending, with the setting to change", async (t) => {
    const sandbox = await startTestSandbox(t)
    sandbox.gcp.store.putBucket('other-issuer', { access: 'public' })
    const words = ['issuer', 'publish', '--to', 'gs://other-issuer/cluster-1', ...account]
    const { exitCode, stdout } = await runPullpass(sandbox, words)
    const issuer = `${sandbox.gcp.parts.storage.url}/other-issuer/cluster-1`
    assert.equal(exitCode, 0)
    assert.match(stdout, /^jwks +ok /m)
    assert.match(stdout, /^token +pending +the cluster's tokens have issuer https:.*example-cluster$/m)
    assert.ok(stdout.includes(`in two roll-outs; for the steps: pullpass issuer show --to-issuer ${issuer}\n`), stdout)
  })

  for (const [flag, value] of [
    ['--issuer-url', 'https://oidc.example.com'],
    ['--service-account', 'image-system/pullpass'],
  ] as const) {
    test(`${flag} has no effect on a provider, which holds keys only: it is refused`, async (t) => {
      const sandbox = await startTestSandbox(t)
      const words = ['issuer', 'publish', '--to', `gcp-provider:${sandbox.gcp.provider}`, flag, value]
      const { exitCode, stderr } = await runPullpass(sandbox, words)
      assert.equal(exitCode, 2)
      assert.ok(
        stderr.startsWith(
          `USAGE_INVALID (run): ${flag} has no effect: gcp-provider:${sandbox.gcp.provider} holds keys`,
        ),
      )
    })
  }

  test('into a folder, to be served by another server', async (t) => {
    const sandbox = await startTestSandbox(t)
    const folder = join(sandbox.folder.path, 'public')
    await mkdir(folder)
    const issuer = 'https://oidc.example.invalid/cluster-1'
    const words = ['issuer', 'publish', '--to', folder, '--issuer-url', issuer, ...account]
    const { exitCode, stdout } = await runPullpass(sandbox, words)
    assert.equal(exitCode, 0)
    assert.match(stdout, /^discovery +pending /m)
    assert.ok(
      stdout.includes(`fix: serve the folder at ${issuer}, then check it: pullpass issuer check ${issuer}`),
      stdout,
    )
    assert.equal(JSON.parse(await readFile(join(folder, documents[0]), 'utf8')).issuer, issuer)
    assert.deepEqual(kidsOf(await readFile(join(folder, documents[1]), 'utf8')), [sandbox.cluster.keys.current.kid])
  })

  suite('documents of another owner', () => {
    const seed = async (sandbox: TestSandbox, name: (typeof documents)[number], body: object) =>
      sandbox.gcp.store.put(bucket, name, { contentType: 'application/json', body: JSON.stringify(body) })

    test("another cluster's keys are left unchanged without --adopt", async (t) => {
      const sandbox = await startTestSandbox(t)
      const { publicKey } = await sharedSigningKey('another')
      const foreign = { ...publicKey.export({ format: 'jwk' }), kid: 'other', use: 'sig', alg: 'RS256' }
      await seed(sandbox, 'openid/v1/jwks', { keys: [foreign] })
      const { exitCode, stderr } = await publish(sandbox)
      assert.equal(exitCode, 1)
      assert.match(stderr, /^PUBLISH_NOT_OURS \(publish\): gs:\/\/example-cluster .*a JWKS of another cluster/)
      assert.deepEqual(kidsOf(objectText(sandbox, 'openid/v1/jwks')), ['other'])
      const tried = await publish(sandbox, '--adopt', '--dry-run')
      assert.match(tried.stdout, /^openid\/v1\/jwks +would-update: 1 key added, 1 key withdrawn$/m)
      assert.match(tried.stdout, /^other +RSA 2048 +would-withdraw$/m)
      assert.equal((await publish(sandbox, '--adopt')).exitCode, 0)
      assert.ok(kidsOf(objectText(sandbox, 'openid/v1/jwks')).includes(sandbox.cluster.keys.current.kid))
    })

    test('with --adopt an existing key is kept, and the changes are shown', async (t) => {
      const sandbox = await startTestSandbox(t)
      await publish(sandbox)
      const before = JSON.parse(objectText(sandbox, documents[0]) ?? '')
      await seed(sandbox, documents[0], { ...before, claims_supported: ['sub'] })
      const { exitCode, stdout } = await publish(sandbox, '--adopt', '--dry-run')
      assert.equal(exitCode, 0)
      assert.match(stdout, /^\.well-known\/openid-configuration +would-update: claims_supported$/m)
      assert.match(stdout, /^openid\/v1\/jwks +unchanged$/m)
      assert.match(stdout, new RegExp(`^${sandbox.cluster.keys.current.kid} +RSA 2048 +kept$`, 'm'))
      assert.match(stdout, /^KEY +KIND +RESULT$/m)
    })

    const others = [
      {
        title: 'of another issuer',
        discovery: { issuer: 'https://oidc.example.com' },
        found: 'of issuer "https://oidc.example.com"',
      },
      { title: 'of ccoctl', discovery: { jwks_uri: 'https://example.com/keys.json' }, found: 'that ccoctl wrote' },
      { title: 'with claims_supported', discovery: { claims_supported: ['sub'] }, found: 'that another tool' },
      {
        title: 'with an authorization_endpoint',
        discovery: { authorization_endpoint: 'urn:x' },
        found: 'that a tool of the family',
      },
    ]
    for (const { title, discovery, found } of others) {
      test(`a discovery document ${title}`, async (t) => {
        const sandbox = await startTestSandbox(t)
        const before = { issuer: sandbox.cluster.issuer, ...discovery }
        await seed(sandbox, documents[0], before)
        const { exitCode, stderr } = await publish(sandbox)
        assert.equal(exitCode, 1)
        assert.match(stderr, /^PUBLISH_NOT_OURS \(publish\): /)
        assert.ok(stderr.includes(found), stderr)
        assert.deepEqual(JSON.parse(objectText(sandbox, documents[0]) ?? ''), before)
      })
    }
  })
})
