import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { runPullpass } from '../../support/run-pullpass.ts'
import type { TestSandbox } from '../../support/start-test-sandbox.ts'
import { heldBy, provider, resultsOf, type TrustDocument, trustDocument } from './run-trust.ts'
import { bothContexts, firstContext, secondContext, secondId, startTwoClusters } from './two-clusters.ts'

const pools = 'projects/123456789012/locations/global/workloadIdentityPools'

const uploaded = { trust: ['uploadKeys: Always'] }

suite('a provider that trusts another cluster', { concurrency: 4 }, () => {
  async function start(t: Parameters<typeof startTwoClusters>[0]) {
    const two = await startTwoClusters(t)
    const { sandbox, second, secondJwks } = two
    sandbox.gcp.identity.putProvider({ name: provider, issuerUri: second.issuer, jwksJson: secondJwks })
    return two
  }

  test('gets no grant on top of it, and the other cluster cannot pull', async (t) => {
    const { sandbox, environment, run } = await start(t)
    const applied = await run(['apply', '--yes'], uploaded)

    assert.equal(applied.exitCode, 1)
    assert.deepEqual(resultsOf(applied), ['unchanged', 'failed', 'created', 'blocked', 'blocked'])
    assert.match(
      applied.stderr,
      /^TRUST_REFUSED \(trust\): provider .* its issuer is https:\/\/second\.example\.com, not /m,
    )
    const { accountPolicy, repositoryPolicy } = heldBy(sandbox)
    assert.deepEqual([accountPolicy, repositoryPolicy], [[], []])

    const file = await sandbox.write('attack.yaml', trustDocument(sandbox, uploaded))
    const attack = await runPullpass(sandbox, ['refresh', '-f', file, '--context', secondContext], { environment })
    assert.equal(attack.exitCode, 1)
    assert.match(attack.stderr, /^IMPERSONATION_DENIED \(impersonation\): /m)
  })

  test('is refused in the plan, and dependent resources are blocked, with the reason', async (t) => {
    const { run } = await start(t)
    const plan = await run(['plan'], uploaded)

    assert.equal(plan.exitCode, 1)
    assert.deepEqual(resultsOf(plan), ['unchanged', 'refused', 'would-create', 'blocked', 'blocked'])
    assert.match(plan.stdout, /^One change would be made by pullpass trust apply:\n {2}create service account /m)
    const reasons = [...plan.stdout.matchAll(/^note: (roles\/\S+) on .*: blocked by (\S+) \((\w+)\)/gm)]
    assert.deepEqual(
      reasons.map(([, ...reason]) => reason),
      [
        ['roles/iam.workloadIdentityUser', provider, 'refused'],
        ['roles/artifactregistry.reader', provider, 'refused'],
      ],
    )
    const { resources } = JSON.parse((await run(['plan', '-o', 'json'], uploaded)).stdout)
    assert.deepEqual(resources[3].missing, [{ vendor: 'gcp', kind: 'provider', name: provider, result: 'refused' }])
  })

  test('is omitted from printed commands and HCL, with dependent resources', async (t) => {
    const { run } = await start(t)
    const script = (await run(['plan', '-o', 'gcloud'], uploaded)).stdout
    const hcl = (await run(['plan', '-o', 'terraform'], uploaded)).stdout

    assert.deepEqual(script.match(/^gcloud .*? create /gm), ['gcloud iam service-accounts create '])
    assert.match(script, /^# grant roles\/iam\.workloadIdentityUser on .* is not created: blocked by .* \(refused\)$/m)
    assert.doesNotMatch(script, /^gcloud .*add-iam-policy-binding/m)
    assert.doesNotMatch(hcl, /iam_member/)
    assert.match(hcl, /^# grant roles\/artifactregistry\.reader on .* is not created: blocked by .* \(refused\)$/m)
  })

  test('is reported where dependent resources exist already', async (t) => {
    const two = await startTwoClusters(t, {})
    two.sandbox.gcp.identity.putProvider({ name: provider, issuerUri: two.second.issuer, jwksJson: two.secondJwks })
    const plan = await two.run(['plan'], uploaded)

    assert.deepEqual(resultsOf(plan), ['unchanged', 'refused', 'unchanged', 'unchanged', 'unchanged'])
    assert.match(
      plan.stdout,
      /^note: roles\/iam\.workloadIdentityUser on .*: in place, although it needs .* \(refused\)$/m,
    )
  })
})

suite('a provider that pullpass created', () => {
  test('accepts no other service account of its cluster, until a document uses it', async (t) => {
    const { sandbox, environment, run } = await startTwoClusters(t)
    await run(['apply', '--yes'], uploaded)
    sandbox.cluster.seed({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { namespace: 'team-a', name: 'other' } })
    const other = { ...uploaded, subject: { namespace: 'team-a', name: 'other' } }
    const file = await sandbox.write('other.yaml', trustDocument(sandbox, other))
    const refused = await runPullpass(sandbox, ['refresh', '-f', file], { environment })
    assert.equal(refused.exitCode, 1)
    assert.match(refused.stderr, /^CONDITION_REFUSED \(exchange\): /m)

    const applied = await run(['apply', '--yes'], other)
    assert.equal(applied.exitCode, 0, applied.stderr)
    assert.match(applied.stderr, /^update provider .*: its condition also accepts system:serviceaccount:team-a:other$/m)
    assert.equal((await runPullpass(sandbox, ['refresh', '-f', file], { environment })).exitCode, 0)
  })

  test('accepts the publisher of the cluster’s keys where --publisher names it', async (t) => {
    const { sandbox, run } = await startTwoClusters(t)
    await run(['apply', '--yes', '--publisher', 'pullpass-system/pullpass-issuer'], uploaded)
    assert.equal(
      heldBy(sandbox).provider?.attributeCondition,
      "assertion.sub in ['system:serviceaccount:image-system:pullpass', 'system:serviceaccount:pullpass-system:pullpass-issuer']",
    )
    assert.equal((await run(['plan', '--exit-code'], uploaded)).exitCode, 0)
  })
})

suite('the permission that manifests print for a publisher', { concurrency: 4 }, () => {
  const namespace = 'pullpass-system'
  const jwks = 'openid/v1/jwks'

  /** Both clusters set up as documented, each with only the printed permission to write its documents. */
  async function start(t: Parameters<typeof startTwoClusters>[0], trusted: Pick<TrustDocument, 'subject'> = {}) {
    const two = await startTwoClusters(t)
    const { sandbox, second, run } = two
    const subject = { namespace, name: 'pullpass' }
    await run(['apply', '--yes', '--no-verify', '--no-record', ...bothContexts], { ...uploaded, subject, ...trusted })
    sandbox.gcp.store.putBucket('example-issuer', { access: 'public' })
    sandbox.gcp.store.put('example-issuer', `prod/${jwks}`, { contentType: 'application/json', body: '{"keys":[]}' })
    for (const [path, poolId] of [
      ['prod', firstContext],
      ['dev', secondId],
    ] as const) {
      const document = trustDocument(sandbox, { subject, spec: [`issuer: {publishTo: "gs://example-issuer/${path}"}`] })
      const file = await sandbox.write(`${path}.yaml`, document.replace('/pool/providers/', `/${poolId}/providers/`))
      grantAsPrinted(sandbox, (await runPullpass(sandbox, ['manifests', '-f', file, '--image', 'pullpass:1'])).stdout)
    }
    second.seed({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { namespace, name: 'pullpass' } })
    const audience = `//iam.googleapis.com/${pools}/${secondId}/providers/cluster`
    const signed = await second.signServiceAccountToken({ ...subject, audiences: [audience], lifeSeconds: 3600 })
    const credentials = {
      type: 'external_account',
      audience,
      subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
      token_url: `${sandbox.gcp.parts.sts.url}/v1/token`,
      credential_source: { file: await sandbox.write('dev-token', signed) },
    }
    const file = await sandbox.write('dev-credentials.json', JSON.stringify(credentials))
    const asDev = { ...two.environment, GOOGLE_APPLICATION_CREDENTIALS: file }
    const publish = (path: string) =>
      runPullpass(
        sandbox,
        ['issuer', 'publish', '--to', `gs://example-issuer/${path}`, '--context', secondContext, '--adopt'],
        { environment: asDev },
      )
    const held = (path: string) => sandbox.gcp.store.find('example-issuer', `${path}/${jwks}`)?.bytes.toString()
    return { publish, held }
  }

  test('lets dev publish its own keys, and not overwrite prod’s', async (t) => {
    const { publish, held } = await start(t)
    await publish('dev')
    assert.match(held('dev') ?? '', /"kid"/)
    const attack = await publish('prod')
    assert.equal(attack.exitCode, 1)
    assert.match(attack.stderr, /^PUBLISH_DENIED \(publish\): .* does not have storage\.objects\.create access/m)
    assert.equal(held('prod'), '{"keys":[]}')
  })

  test('has no effect for an account that the provider does not accept; the hint shows how to add it', async (t) => {
    const { publish } = await start(t, { subject: { namespace: 'image-system', name: 'pullpass' } })
    const refused = await publish('dev')
    assert.match(
      refused.stderr,
      /^PUBLISH_DENIED \(publish\): Google responded with 400 "unauthorized_client: The given credential is rejected by the attribute condition/m,
    )
    assert.match(refused.stderr, /^ {2}fix: .* is added by pullpass trust apply --publisher NAMESPACE\/NAME$/m)
  })

  test('does not include a path with the same prefix, or the root of the bucket', async (t) => {
    const { publish, held } = await start(t)
    for (const path of ['dev-2', 'dev-2/dev']) {
      assert.match((await publish(path)).stderr, /^PUBLISH_DENIED /m)
      assert.equal(held(path), undefined)
    }
  })
})

/** Performs the printed gcloud command. */
function grantAsPrinted({ gcp }: TestSandbox, manifests: string): void {
  const command =
    /^# {3}gcloud storage buckets add-iam-policy-binding gs:\/\/(\S+) --role=(\S+) --member=(\S+) '--condition=title=([\w-]+),expression=(.+)'$/m
  const [, bucket = '', role = '', member = '', title = '', expression = ''] =
    command.exec(manifests) ?? assert.fail(`no command in ${manifests.slice(0, 2000)}`)
  const resource = `projects/_/buckets/${bucket}`
  const { bindings } = gcp.policies.read(resource)
  gcp.policies.write(resource, [...bindings, { role, members: [member], condition: { title, expression } }])
}
