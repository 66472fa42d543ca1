/** `pullpass status` on a real API server, with exactly the permissions of docs/status.md. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { parse } from 'yaml'
import { requestAsAdmin } from './parts/control-plane/request-kubernetes.ts'
import { grantPermissions, renderKubeconfig, type UserRule } from './parts/control-plane/users.ts'
import { spawnProgram } from './parts/process/pullpass-program.ts'
import { withRealPart } from './parts/real-part.ts'
import { type FederatedCluster, startFederatedCluster } from './parts/start-federated-cluster.ts'

/** The kubeconfig of a new account with the rule that the page shows for `which`. */
async function writeKubeconfig({ controlPlane }: FederatedCluster, which: 'all' | 'name', folder: string) {
  const page = readFileSync('docs/status.md', 'utf8')
  const [, rules = ''] = new RegExp(`<!-- rules: ${which} -->\n\`\`\`yaml\n([^\`]+)\`\`\``).exec(page) ?? []
  const granted: { rules: UserRule[] } = parse(rules)
  const accounts = '/api/v1/namespaces/default/serviceaccounts'
  const name = `status-${which}`
  await requestAsAdmin(controlPlane, { method: 'POST', path: accounts, body: { metadata: { name } } })
  const path = `${accounts}/${name}/token`
  const { body } = await requestAsAdmin(controlPlane, { method: 'POST', path, body: { spec: {} } })
  const { status }: { status: { token: string } } = JSON.parse(body)
  const account = { name: `system:serviceaccount:default:${name}`, token: status.token }
  await grantPermissions(controlPlane, account, granted.rules)
  const file = join(folder, `kubeconfig-${which}`)
  await writeFile(file, renderKubeconfig(controlPlane, account.token), { mode: 0o600 })
  return file
}

await withRealPart('a real control plane and Google', startFederatedCluster, (cluster) => {
  suite('pullpass status, with the permissions of its page', () => {
    const { controlPlane, pullpass } = cluster
    let folder: string
    before(async () => {
      folder = await mkdtemp(join(tmpdir(), 'pullpass-status-'))
      assert.equal((await pullpass(['refresh'])).exitCode, 0)
      for (const [name, type] of [
        ['mine', 'kubernetes.io/dockerconfigjson'],
        ['opaque', 'Opaque'],
      ]) {
        const data = { '.dockerconfigjson': Buffer.from('{"auths":{}}').toString('base64') }
        const path = '/api/v1/namespaces/default/secrets?fieldManager=kubectl-create'
        await requestAsAdmin(controlPlane, { method: 'POST', path, body: { metadata: { name }, type, data } })
      }
    })
    after(() => rm(folder, { recursive: true }))

    const list = async (kubeconfig: string, ...words: string[]) => {
      const { exitCode, stdout } = await pullpass(['status', '-o', 'json', '--kubeconfig', kubeconfig, ...words])
      return { exitCode, result: JSON.parse(stdout) }
    }

    test('lists every pull secret by its type, and no other Secret', async () => {
      const { exitCode, result } = await list(await writeKubeconfig(cluster, 'all', folder))
      assert.equal(exitCode, 0)
      assert.deepEqual(
        result.secrets.map((one: Record<string, unknown>) => [
          one['namespace'],
          one['name'],
          one['result'],
          one['managers'],
        ]),
        [
          ['default', 'mine', 'unknown', ['kubectl-create']],
          ['default', 'regcred', 'fresh', ['pullpass:ClusterPullSecret:regcred']],
        ],
      )
      for (const { createdAt, writtenAt } of result.secrets)
        assert.ok(createdAt !== undefined && writtenAt !== undefined)
    })

    test('a rule with resourceNames suffices for one name, also to watch it, and for nothing else', async () => {
      const kubeconfig = await writeKubeconfig(cluster, 'name', folder)
      const named = await list(kubeconfig, '--name', 'regcred')
      assert.deepEqual([named.exitCode, named.result.secrets.length], [0, 1])
      const all = await list(kubeconfig)
      assert.deepEqual([all.exitCode, all.result.error?.code], [1, 'KUBERNETES_FORBIDDEN'])

      const argv = ['status', '--watch', '--name', 'regcred', '-o', 'json', '--kubeconfig', kubeconfig]
      const { child, ended } = spawnProgram(argv, cluster.environment)
      let printed = ''
      const lines = () => printed.split('\n').length - 1
      const until = async (count: number) => {
        while (lines() < count) await new Promise((resolve) => child.stdout?.once('data', resolve))
      }
      child.stdout?.on('data', (text: string) => {
        printed += text
      })
      await until(1)
      assert.equal((await pullpass(['refresh'])).exitCode, 0)
      await until(2)
      child.kill('SIGTERM')
      assert.equal((await ended).exitCode, 0)
      const kinds = printed
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line).kind)
      assert.deepEqual(kinds, ['StatusResult', 'StatusChange'])
    })
  })
})
