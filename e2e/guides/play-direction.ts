/**
 * Plays a guide's stage direction: what happens outside of its commands.
 *
 *     issuer URL[, accepts URL …]         the cluster was rolled out to sign as URL
 *     oidc.example.com serves FOLDER      the reader's web server, from a folder of the guide
 *     oidc.example.com passes on to URL   … or as a proxy
 *     migration begins, migration ends    the script of curl and jq runs, and pods pull; no pull failed
 *     kubeadm FORM                        what kubeadm keeps of itself: v1beta4
 */
import { join } from 'node:path'
import { requestKubernetes } from '../parts/control-plane/request-kubernetes.ts'
import { writeKubeconfig } from './furnish-home.ts'
import type { GuideCluster } from './guide-cluster.ts'
import type { OwnWebServer } from './own-web-server.ts'
import type { Shell } from './start-shell.ts'

export interface Played {
  readonly home: string
  readonly cluster: GuideCluster
  readonly ownWebServer: OwnWebServer
  readonly shell: Pick<Shell, 'run'>
}

/** @throws where there is no such direction */
export async function playDirection(direction: string, played: Played): Promise<void> {
  for (const [pattern, play] of directions) {
    const found = pattern.exec(direction)
    if (found !== null) return await play(found.groups ?? {}, played)
  }
  throw new Error(`there is no stage direction "${direction}"`)
}

type Play = (said: Readonly<Record<string, string>>, played: Played) => Promise<void> | void

const directions: readonly (readonly [RegExp, Play])[] = [
  [/^issuer (?<signs>\S+?)(?:, accepts (?<accepts>.+))?$/, rollOut],
  [
    /^oidc\.example\.com serves (?<folder>\S+)$/,
    ({ folder = '' }, { home, ownWebServer }) => ownWebServer.serveFolder(join(home, folder)),
  ],
  [
    /^oidc\.example\.com passes on to (?<origin>\S+)$/,
    ({ origin = '' }, { ownWebServer }) => ownWebServer.passOnTo(origin),
  ],
  [/^migration (?<phase>begins|ends)$/, playMigration],
  [/^kubeadm (?<form>\S+)$/, ({ form = '' }, { cluster }) => recordKubeadm(cluster, form)],
]

async function rollOut({ signs = '', accepts }: Parameters<Play>[0], { home, cluster }: Played): Promise<void> {
  await cluster.signAs(signs, accepts?.split(' ') ?? [])
  await writeKubeconfig(home, cluster)
}

async function playMigration({ phase = '' }: Parameters<Play>[0], { shell }: Played): Promise<void> {
  const script = join(import.meta.dirname, `migration-${phase}.sh`)
  const { exitCode, printed } = await shell.run(
    `bash '${script}' '${join(import.meta.dirname, '../../bench/plain-script.sh')}'`,
  )
  if (exitCode !== 0) throw new Error(`migration ${phase}: exit code ${exitCode}: ${printed}`)
}

async function recordKubeadm({ apiServer }: GuideCluster, form: string): Promise<void> {
  const { status, body } = await requestKubernetes(apiServer(), {
    method: 'POST',
    path: '/api/v1/namespaces/kube-system/configmaps',
    body: {
      metadata: { name: 'kubeadm-config', namespace: 'kube-system' },
      data: { ClusterConfiguration: `apiVersion: kubeadm.k8s.io/${form}\nkind: ClusterConfiguration\n` },
    },
  })
  if (status !== 201) throw new Error(`ConfigMap kubeadm-config was answered ${status}: ${body}`)
}
