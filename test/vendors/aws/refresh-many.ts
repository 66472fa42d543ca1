/** One refresh of many namespaces from documents with three vendors. */
import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { sandboxVendors } from '../../../sandbox/vendors.ts'
import { readPullSecret } from '../../support/read-pull-secret.ts'
import { runPullpass } from '../../support/run-pullpass.ts'
import { startTestSandbox } from '../../support/start-test-sandbox.ts'
import { host, role } from './exchange-at-sandbox.ts'

/** The credentials of all vendors are in one pull secret per namespace, and each exchange was made once. */
export async function refreshManyNamespaces(t: TestContext, count: number): Promise<void> {
  const names = Array.from({ length: count }, (_, index) => `ns-${String(index).padStart(4, '0')}`)
  const sandbox = await startTestSandbox(t, { namespaces: names })
  const aws = await sandbox.start(sandboxVendors.aws)
  const file = await sandbox.write(
    'many.yaml',
    `apiVersion: pullpass.dev/v1alpha1
kind: ClusterPullSecret
metadata: {name: pull}
spec:
  secretName: regcred
  namespaces: {include: ["ns-*"]}
  serviceAccountRef: {namespace: image-system, name: pullpass}
  registries:
    - name: google
      hosts: [europe-docker.pkg.dev]
      gcp: {workloadIdentityProvider: ${sandbox.gcp.provider}, serviceAccountEmail: puller@example-project.iam.gserviceaccount.com}
    - name: ecr
      hosts: [${host}, 210987654321.dkr.ecr.eu-west-1.amazonaws.com]
      aws: {roleArn: "${role}", region: eu-west-1}
    - name: zot
      hosts: [zot.example.com]
      audience: https://zot.example.com
      token: {}
`,
  )
  const { exitCode, stderr } = await runPullpass(sandbox, ['refresh', '-f', file])
  assert.deepEqual([exitCode, stderr], [0, ''])
  const secrets = names.map((name) => readPullSecret(sandbox, name)?.auths ?? {})
  const [first = {}] = secrets
  assert.deepEqual(Object.keys(first), [
    host,
    '210987654321.dkr.ecr.eu-west-1.amazonaws.com',
    'europe-docker.pkg.dev',
    'zot.example.com',
  ])
  assert.equal(first[host], first['210987654321.dkr.ecr.eu-west-1.amazonaws.com'])
  for (const auths of secrets) assert.deepEqual(auths, first)
  const requests = [aws.parts.sts, aws.parts.ecr, sandbox.gcp.parts.sts, sandbox.gcp.parts.iamCredentials]
  assert.deepEqual(
    requests.map(({ seen }) => seen.length),
    [1, 1, 1, 1],
  )
}
