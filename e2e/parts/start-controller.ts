/** pullpass controller as a process whose account has exactly the permissions of docs/controller.md. */
import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parse } from 'yaml'
import { waitForStderr } from '../../test/commands/issuer/wait-for-stderr.ts'
import { documentText } from '../../test/support/document-text.ts'
import type { PullpassProcess } from '../../test/support/spawn-pullpass.ts'
import { type ApiServer, requestAsAdmin } from './control-plane/request-kubernetes.ts'
import { grantPermissions, renderKubeconfig, type UserRule } from './control-plane/users.ts'
import { spawnProgram } from './process/pullpass-program.ts'
import { waitUntil } from './process/wait-until.ts'
import type { FederatedCluster } from './start-federated-cluster.ts'

export interface ControllerProcess extends PullpassProcess {
  /** Of its health endpoints. */
  readonly address: string
}

export interface ControllerSetup {
  /** With flags in addition to those of its document and health. Resolves when its watches run. */
  readonly start: (...flags: readonly string[]) => Promise<ControllerProcess>
}

/** In namespace default, for a document that selects `team-*`. `reach`: of the API server, absent: as it is. */
export async function prepareController(
  cluster: FederatedCluster,
  folder: string,
  reach: Partial<Pick<ApiServer, 'server'>> = {},
): Promise<ControllerSetup> {
  const { controlPlane, environment, writeToken } = cluster
  const path = '/api/v1/namespaces/default/serviceaccounts/pullpass/token'
  const { body } = await requestAsAdmin(controlPlane, { method: 'POST', path, body: { spec: {} } })
  const { status }: { status: { token: string } } = JSON.parse(body)
  const account = { name: 'system:serviceaccount:default:pullpass', token: status.token }
  await grantPermissions(controlPlane, account, [
    ...documentedRules('ClusterRole'),
    ...documentedRules('Role').map((rule) => ({ ...rule, namespace: 'default' })),
  ])
  await writeFile(join(folder, 'kubeconfig'), renderKubeconfig({ ...controlPlane, ...reach }, account.token), {
    mode: 0o600,
  })
  const provider = ['PROJECT_NUMBER', 'POOL_ID', 'PROVIDER_ID'].map((name) => environment[name] ?? '')
  const file = join(folder, 'pull.yaml')
  await writeFile(file, documentText({ gcp: { provider: providerName(provider) } }, { include: ['team-*'] }))
  await writeToken()
  return {
    async start(...flags) {
      const argv = ['controller', '-f', file, '--health-listen', '0', '--log-level', 'info', ...flags]
      const started = spawnProgram(argv, { ...environment, KUBECONFIG: join(folder, 'kubeconfig') })
      const log = await waitForStderr(started.child, /serving health and metrics port=\d+/)
      const address = `http://127.0.0.1:${/port=(\d+)/.exec(log)?.[1]}`
      await waitUntil('the watches', 20_000, async () => (await fetch(`${address}/readyz`)).ok || undefined)
      return { ...started, address }
    },
  }
}

function documentedRules(kind: 'ClusterRole' | 'Role'): UserRule[] {
  const page = readFileSync('docs/controller.md', 'utf8')
  const blocks = [...page.matchAll(/<!-- rules -->\n```yaml\n([^`]+)```/g)].map(([, text = '']) => parse(text))
  const role: { rules: UserRule[] } | undefined = blocks.find((block) => block.kind === kind)
  if (role === undefined) throw new Error(`docs/controller.md has no ${kind}`)
  return role.rules
}

const providerName = ([project, pool, provider]: readonly string[]) =>
  `projects/${project}/locations/global/workloadIdentityPools/${pool}/providers/${provider}`

/** Value of a metric of the controller; undefined if it has no such sample. */
export async function readMetric({ address }: ControllerProcess, sample: string): Promise<number | undefined> {
  const text = await (await fetch(`${address}/metrics`)).text()
  const line = text.split('\n').find((one) => one.startsWith(`pullpass_controller_${sample} `))
  return line === undefined ? undefined : Number(line.split(' ').at(-1))
}
