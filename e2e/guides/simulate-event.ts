/**
 * Simulates an event that a guide's comment describes: what happens outside of its commands.
 *
 *     issuer URL[, accepts URL …]         the cluster was rolled out with issuer URL
 *     oidc.example.com serves FOLDER      the reader's web server, from a folder of the guide
 *     oidc.example.com passes on to URL   … or as a proxy
 *     migration begins, migration ends    the script of curl and jq runs, and pods pull; no pull failed
 *     HOST trusts ISSUER                 the registry's operator configured it for the account pullpass-system/pullpass
 *     HOST accepts VARIABLE              the reader has a token of the registry's operator, in this variable
 *     kubeadm FORM                        the ConfigMap of kubeadm, in this version: v1beta4
 */
import { join } from 'node:path'
import { requestKubernetes } from '../parts/control-plane/request-kubernetes.ts'
import type { GuideCluster, Issuers } from './guide-cluster.ts'
import { writeKubeconfig } from './set-up-home.ts'
import type { Shell } from './start-shell.ts'
import type { WebServer } from './web-server.ts'

export interface EventContext {
  readonly home: string
  readonly cluster: GuideCluster
  readonly webServer: WebServer
  readonly shell: Pick<Shell, 'run'>
  /** The variables of the registry's operator. `issuer`: undefined if nothing is configured. */
  readonly openRegistry: (host: string, issuer: string | undefined) => Promise<Readonly<Record<string, string>>>
}

/** @throws if the event is unknown */
export async function simulateEvent(event: string, context: EventContext): Promise<void> {
  for (const [pattern, simulate] of simulations) {
    const found = pattern.exec(event)
    if (found !== null) return await simulate(found.groups ?? {}, context)
  }
  throw new Error(`unknown event "${event}"`)
}

type Simulation = (groups: Readonly<Record<string, string>>, context: EventContext) => Promise<void> | void

const rollOutPattern = /^issuer (?<signs>\S+?)(?:, accepts (?<accepts>.+))?$/

const simulations: readonly (readonly [RegExp, Simulation])[] = [
  [rollOutPattern, rollOut],
  [
    /^oidc\.example\.com serves (?<folder>\S+)$/,
    ({ folder = '' }, { home, webServer }) => webServer.serveFolder(join(home, folder)),
  ],
  [/^oidc\.example\.com passes on to (?<origin>\S+)$/, ({ origin = '' }, { webServer }) => webServer.forwardTo(origin)],
  [
    /^(?<host>\S+) trusts (?<issuer>\S+)$/,
    async ({ host = '', issuer = '' }, { openRegistry }) => void (await openRegistry(host, issuer)),
  ],
  [/^(?<host>\S+) accepts (?<variable>[A-Z_]+)$/, exportToken],
  [/^migration (?<phase>begins|ends)$/, simulateMigration],
  [/^kubeadm (?<form>\S+)$/, ({ form = '' }, { cluster }) => createKubeadmConfig(cluster, form)],
]

async function rollOut(groups: Parameters<Simulation>[0], { home, cluster }: EventContext): Promise<void> {
  await cluster.changeIssuer(issuersOf(groups))
  await writeKubeconfig(home, cluster)
}

const issuersOf = ({ signs = '', accepts }: Readonly<Record<string, string | undefined>>): Issuers => ({
  issuer: signs,
  acceptedIssuers: accepts?.split(' ') ?? [],
})

/** The issuers of a roll-out; undefined for another event. */
export function readRollOut(event: string): Issuers | undefined {
  const { groups } = rollOutPattern.exec(event) ?? {}
  return groups && issuersOf(groups)
}

async function simulateMigration({ phase = '' }: Parameters<Simulation>[0], { shell }: EventContext): Promise<void> {
  const script = join(import.meta.dirname, `migration-${phase}.sh`)
  const { exitCode, printed } = await shell.run(
    `bash '${script}' '${join(import.meta.dirname, '../../bench/plain-script.sh')}'`,
  )
  if (exitCode !== 0) throw new Error(`migration ${phase}: exit code ${exitCode}: ${printed}`)
}

async function exportToken(
  { host = '', variable = '' }: Parameters<Simulation>[0],
  { openRegistry, shell }: EventContext,
): Promise<void> {
  const { [variable]: token } = await openRegistry(host, undefined)
  if (token === undefined) throw new Error(`the operator of ${host} has no ${variable}`)
  await shell.run(`export ${variable}='${token}'`)
}

async function createKubeadmConfig({ apiServer }: GuideCluster, form: string): Promise<void> {
  const { status, body } = await requestKubernetes(apiServer(), {
    method: 'POST',
    path: '/api/v1/namespaces/kube-system/configmaps',
    body: {
      metadata: { name: 'kubeadm-config', namespace: 'kube-system' },
      data: { ClusterConfiguration: `apiVersion: kubeadm.k8s.io/${form}\nkind: ClusterConfiguration\n` },
    },
  })
  if (status !== 201) throw new Error(`ConfigMap kubeadm-config returned ${status}: ${body}`)
}
