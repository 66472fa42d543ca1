import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { type TestContext, test } from 'node:test'
import { sandboxVendors } from '../../sandbox/vendors.ts'
import { runPullpass } from '../support/run-pullpass.ts'
import { startTestSandbox, type TestSandbox } from '../support/start-test-sandbox.ts'

/** The commands of the page of kubelets, as they are printed there. */
const commands = [...readFileSync('docs/kubelet.md', 'utf8').matchAll(/^ *\$ pullpass (trust .*)$/gm)].map(
  ([, words = '']) => words.split(' '),
)

interface NodeRegistry {
  readonly fields: string
  /** Subjects that the vendor accepts. */
  readonly accepted: () => unknown
}

/** A registry whose resources do not exist, at each vendor that `trust` sets up. */
const registries = {
  Google: async ({ gcp }: TestSandbox): Promise<NodeRegistry> => ({
    fields: `gcp: {workloadIdentityProvider: ${gcp.provider}, trust: {repository: ${gcp.repository}}}`,
    accepted: () => gcp.identity.read(gcp.provider),
  }),
  AWS: async (sandbox: TestSandbox): Promise<NodeRegistry> => {
    const { repositoryArn, account } = await sandbox.start(sandboxVendors.aws)
    return {
      fields: `aws: {roleArn: "arn:aws:iam::123456789012:role/puller", region: eu-west-1, trust: {repositories: ["${repositoryArn}"]}}`,
      accepted: () => account.roles.get('puller')?.trustPolicy,
    }
  },
  Azure: async (sandbox: TestSandbox): Promise<NodeRegistry> => {
    const { tenantId, puller, loginServer, registryId } = await sandbox.start(sandboxVendors.azure)
    return {
      fields: `azure: {tenantId: ${tenantId}, clientId: ${puller.clientId}, registry: ${loginServer}, trust: {registryId: ${registryId}}}`,
      accepted: () => [...puller.credentials.values()],
    }
  },
}

/** `fields`: lines of the one registry. */
const writeNodeDocument = async (sandbox: TestSandbox, ...fields: readonly string[]): Promise<string> =>
  await sandbox.write(
    'documents.yaml',
    [
      'apiVersion: pullpass.dev/v1alpha1',
      'kind: ClusterPullSecret',
      'metadata: {name: node}',
      'spec:',
      '  namespaces: {include: ["*"]}',
      '  registries:',
      '    - name: registry',
      `      hosts: ["localhost:${sandbox.parts.registry.port}"]`,
      ...fields.map((field) => `      ${field}`),
    ].join('\n'),
  )

for (const [vendor, start] of Object.entries(registries)) {
  test(`the commands of docs/kubelet.md trust the ServiceAccount of each namespace at ${vendor}, one after another`, async (t) =>
    await followCommands(t, start))
}

async function followCommands(t: TestContext, start: (sandbox: TestSandbox) => Promise<NodeRegistry>): Promise<void> {
  const sandbox = await startTestSandbox(t, { trust: 'absent' })
  const { fields, accepted } = await start(sandbox)
  for (const namespace of ['team-a', 'team-b'])
    sandbox.cluster.seed({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { namespace, name: 'default' } })
  const file = await writeNodeDocument(sandbox, fields)
  assert.equal(commands.length, 2)
  for (const words of commands) {
    const argv = [...words.map((word) => (word === 'documents.yaml' ? file : word)), '--yes']
    const { exitCode, stdout, stderr } = await runPullpass(sandbox, argv)
    assert.equal(exitCode, 0, stdout + stderr)
    assert.match(stdout, /^ok +registry +ClusterPullSecret\/node /m)
  }
  const [plan] = commands.map((words) => words.map((word) => (word === 'documents.yaml' ? file : word)))
  const { stdout } = await runPullpass(
    sandbox,
    (plan ?? []).map((word) => (word === 'apply' ? 'plan' : word)),
  )
  assert.match(stdout, /^No changes are required\.$/m)
  // The account of the other namespace is in use: removing it is advised only if no pod uses it.
  assert.doesNotMatch(stdout, /these documents do not use|if none uses|no document uses/)
  const subjects = JSON.stringify(accepted())
  for (const namespace of ['team-a', 'team-b'])
    assert.match(subjects, new RegExp(`serviceaccount:${namespace}:default`))
}

test('a token file that cannot be read is reported, and no other token is requested in its place', async (t) => {
  const sandbox = await startTestSandbox(t, { trust: 'absent' })
  sandbox.cluster.seed({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { namespace: 'team-a', name: 'default' } })
  const tokenFile = await sandbox.write('broken-token', 'no token')
  const { fields } = await registries.Google(sandbox)
  const file = await writeNodeDocument(sandbox, `tokenFile: ${tokenFile}`, fields)
  const argv = ['trust', 'apply', '-f', file, '--subject', 'team-a/default', '--yes']
  const { exitCode, stdout, stderr } = await runPullpass(sandbox, argv)
  assert.equal(exitCode, 1, stdout)
  assert.match(stdout, /^skipped +registry +ClusterPullSecret\/node .*broken-token/m)
  assert.match(stderr, /^TOKEN_MALFORMED \(subject-token\): /m)
})
