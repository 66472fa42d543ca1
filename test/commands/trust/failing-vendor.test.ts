import assert from 'node:assert/strict'
import { suite, type TestContext, test } from 'node:test'
import { sandboxVendors } from '../../../sandbox/vendors.ts'
import { runPullpass } from '../../support/run-pullpass.ts'
import { startTestSandbox } from '../../support/start-test-sandbox.ts'
import { role } from '../../vendors/aws/exchange-at-sandbox.ts'
import { images } from '../../vendors/aws/run-trust.ts'
import { resultsOf, trustDocument } from './run-trust.ts'

/** Half of a pair: the operator has no credentials at AWS. */
const noAws = { AWS_ACCESS_KEY_ID: undefined, AWS_SECRET_ACCESS_KEY: 'only-a-half-of-a-pair' }

async function start(t: TestContext) {
  const sandbox = await startTestSandbox(t, { trust: 'absent' })
  await sandbox.start(sandboxVendors.aws)
  const ecr = `    - {name: ecr, hosts: ["localhost:${sandbox.parts.registry.port}/ecr/"], aws: {roleArn: "${role}", region: eu-west-1, trust: {repositories: ["${images}"]}}}\n`
  const file = await sandbox.write('both.yaml', `${trustDocument(sandbox)}${ecr}`)
  const trust = async (...words: string[]) =>
    await runPullpass(sandbox, ['trust', ...words, '-f', file], { environment: noAws })
  return { sandbox, trust, ecr }
}

const fault =
  /^TRUST_CREDENTIALS_MISSING \(trust\): the operator's identity is incomplete: AWS_SECRET_ACCESS_KEY is set, and AWS_ACCESS_KEY_ID is not$/gm

suite('where the operator cannot sign in at one of two vendors', () => {
  test('the resources of the other one are planned, created, verified and deleted', async (t) => {
    const { trust } = await start(t)
    const plan = await trust('plan')
    assert.equal(plan.exitCode, 1)
    const created = ['would-create', 'would-create', 'would-create', 'would-grant', 'would-grant']
    assert.deepEqual(resultsOf(plan), [...created, 'unknown', 'unknown', 'unknown'])
    assert.deepEqual(plan.stderr.match(fault)?.length, 1)
    assert.doesNotMatch(plan.stdout, /although it needs/)

    const applied = await trust('apply', '--yes')
    assert.equal(applied.exitCode, 1)
    assert.deepEqual(resultsOf(applied), [
      ...Array(3).fill('created'),
      'granted',
      'granted',
      ...Array(3).fill('failed'),
    ])
    assert.equal(applied.stderr.match(fault)?.length, 1)
    assert.match(applied.stdout, /^ok +google +ClusterPullSecret\/pull /m)
    assert.match(applied.stdout, /^Registries of aws are not verified: not all of their resources are in place\.$/m)

    const destroyed = await trust('destroy', '--yes')
    assert.equal(destroyed.exitCode, 1)
    assert.deepEqual(resultsOf(destroyed), [...Array(3).fill('failed'), ...Array(5).fill('deleted')])
    assert.equal(destroyed.stderr.match(fault)?.length, 1)
  })

  test('each of its resources has the error and the fix in JSON, and scripts and HCL contain it as a comment', async (t) => {
    const { trust } = await start(t)
    const json = await trust('plan', '-o', 'json')
    assert.equal(json.exitCode, 1)
    const { result, resources } = JSON.parse(json.stdout)
    assert.equal(result, 'failed')
    for (const { error, ...resource } of resources.slice(5)) {
      assert.deepEqual([resource.vendor, resource.result, resource.changes], ['aws', 'unknown', []])
      assert.deepEqual([error.code, error.hop], ['TRUST_CREDENTIALS_MISSING', 'trust'])
      assert.match(error.fix, /AWS_PROFILE/)
    }
    const comment = /^# TRUST_CREDENTIALS_MISSING \(trust\): the operator's identity is incomplete/gm
    const gcloud = await trust('plan', '-o', 'gcloud')
    assert.equal(gcloud.exitCode, 1)
    assert.match(gcloud.stdout, /^gcloud iam workload-identity-pools create /m)
    assert.match(gcloud.stderr, fault)
    const aws = await trust('plan', '-o', 'aws')
    assert.equal(aws.exitCode, 1)
    assert.equal(aws.stdout.match(comment)?.length, 1)
    assert.match(aws.stdout, /^# Nothing can be done by commands\.$/m)
    const azure = await trust('plan', '-o', 'az')
    assert.match(azure.stdout, /^# The documents have no resources for these commands\.$/m)
    const terraform = await trust('plan', '-o', 'terraform')
    assert.equal(terraform.exitCode, 1)
    assert.equal(terraform.stdout.match(comment)?.length, 1)
    assert.match(
      terraform.stdout,
      /^# Not all resources are below: Terraform would delete the others, if they are in its state\.$/m,
    )
    assert.match(terraform.stdout, /^resource "google_iam_workload_identity_pool" /m)
    assert.doesNotMatch(terraform.stdout, /^resource "aws_/m)
  })
})

test('where no resource can be read, trust plan -o terraform prints the error as a comment, and no configuration', async (t) => {
  const { sandbox, ecr } = await start(t)
  const google = trustDocument(sandbox)
  const file = await sandbox.write('aws.yaml', `${google.slice(0, google.indexOf('    - name: google'))}${ecr}`)
  const words = ['trust', 'plan', '-f', file, '-o', 'terraform']
  const { exitCode, stdout, stderr } = await runPullpass(sandbox, words, { environment: noAws })
  assert.equal(exitCode, 1)
  assert.equal(stderr.match(fault)?.length, 1)
  assert.match(stdout, /^# TRUST_CREDENTIALS_MISSING \(trust\): /)
  assert.deepEqual(
    stdout.split('\n').filter((line) => !/^(?:#|$)/.test(line)),
    [],
  )
  assert.match(stdout, /^# No resource can be printed until these errors are fixed\.$/m)
})
