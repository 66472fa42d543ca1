import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { runPullpass } from '../support/run-pullpass.ts'
import { startTestSandbox } from '../support/start-test-sandbox.ts'

/** The commands of the page of kubelets, as they are printed there. */
const commands = [...readFileSync('docs/kubelet.md', 'utf8').matchAll(/^ *\$ pullpass (trust .*)$/gm)].map(
  ([, words = '']) => words.split(' '),
)

test('the commands of docs/kubelet.md trust the ServiceAccount of each namespace, one after another', async (t) => {
  const sandbox = await startTestSandbox(t, { trust: 'absent' })
  for (const namespace of ['team-a', 'team-b'])
    sandbox.cluster.seed({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { namespace, name: 'default' } })
  const file = await sandbox.write(
    'documents.yaml',
    `apiVersion: pullpass.dev/v1alpha1
kind: ClusterPullSecret
metadata: {name: node}
spec:
  namespaces: {include: ["*"]}
  registries:
    - name: google
      hosts: ["localhost:${sandbox.parts.registry.port}"]
      gcp: {workloadIdentityProvider: ${sandbox.gcp.provider}, trust: {repository: ${sandbox.gcp.repository}}}
`,
  )
  assert.equal(commands.length, 2)
  for (const words of commands) {
    const argv = [...words.map((word) => (word === 'documents.yaml' ? file : word)), '--yes']
    const { exitCode, stdout, stderr } = await runPullpass(sandbox, argv)
    assert.equal(exitCode, 0, stdout + stderr)
    assert.match(stdout, /^ok +google +ClusterPullSecret\/node /m)
  }
  const [plan] = commands.map((words) => words.map((word) => (word === 'documents.yaml' ? file : word)))
  const { stdout } = await runPullpass(
    sandbox,
    (plan ?? []).map((word) => (word === 'apply' ? 'plan' : word)),
  )
  assert.match(stdout, /^No changes are required\.$/m)
})
