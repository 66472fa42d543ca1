/**
 * All that a guide's commands meet: a cluster, a Google that knows project, repository and buckets but trusts nobody yet,
 * the internet between them, and a shell with pullpass and kubectl. What the guide's own `sh cloud` blocks would have made
 * (buckets) is there from the beginning. Stage directions of a guide:
 *
 *     issuer URL[, accepts URL …]         the cluster was rolled out to sign as URL
 *     oidc.example.com serves FOLDER      the reader's web server, from a folder of the guide
 *     oidc.example.com passes on to URL   … or as a proxy
 *     kubeadm FORM                        what kubeadm keeps of itself: v1beta4
 */
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createCertificateAuthority } from '../../sandbox/serve/certificate-authority.ts'
import { startSandbox } from '../../sandbox/start-sandbox.ts'
import { requestKubernetes } from '../parts/control-plane/request-kubernetes.ts'
import { findInstalledProgram } from '../parts/ground/find-program.ts'
import { freePort } from '../parts/ground/free-port.ts'
import { startPart } from '../parts/ground/start-part.ts'
import type { RealPart } from '../parts/real-part.ts'
import type { GuideCluster } from './guide-cluster.ts'
import { openRealCluster } from './open-real-cluster.ts'
import { openSandboxCluster } from './open-sandbox-cluster.ts'
import { createOwnWebServer } from './own-web-server.ts'
import { type Internet, startInternet } from './start-internet.ts'
import { type Shell, startShell } from './start-shell.ts'
import { vendorIssuers } from './vendor-issuers.ts'

export interface GuideStage extends RealPart {
  readonly shell: Shell
  /** Where the shell begins. */
  readonly folder: string
  /** What stands for the ports that a guide names. */
  readonly ports: Readonly<Record<string, string>>
  readonly unknownNames: Internet['unknown']
  /** @throws where the direction is none of those above */
  readonly direct: (direction: string) => Promise<void>
}

/** Gardener's default issuer: it asks for a login, and its certificate is of an authority that the cluster alone knows. */
const gardenersOwn = 'api.cluster.project.internal.example.com'
const firstIssuer = 'https://kubernetes.default.svc.cluster.local'

/** @throws AbsentPart where a program is not there. */
export const startGuideStage = (kind: GuideCluster['kind']): Promise<GuideStage> =>
  startPart('guide', async ({ folder, defer, use }) => {
    for (const [name, debianPackage] of [
      ['kubectl', 'kubernetes-client'],
      ['skopeo', 'skopeo'],
      ['curl', 'curl'],
      ['jq', 'jq'],
    ] as const)
      findInstalledProgram(name, debianPackage)
    const internet = await startInternet()
    defer(internet.close)
    const sandbox = await startSandbox({
      namespaces: ['default'],
      trust: 'absent',
      issuerDocuments: 'absent',
      issuerAgent: internet.agent,
    })
    defer(sandbox.close)
    sandbox.google.store.putBucket('example-issuer', { access: 'public' })
    const cluster = kind === 'real' ? await openRealCluster(use) : await openSandboxCluster(sandbox, defer)
    await cluster.signAs(firstIssuer, [])

    let issuer = firstIssuer
    const ownWebServer = createOwnWebServer()
    const { google, images } = sandbox
    const handlers = {
      'sts.googleapis.com': google.sts,
      'iamcredentials.googleapis.com': google.iamCredentials,
      'iam.googleapis.com': google.iam,
      'artifactregistry.googleapis.com': google.artifactRegistry,
      'cloudresourcemanager.googleapis.com': google.resourceManager,
      'storage.googleapis.com': google.storage,
      'europe-docker.pkg.dev': images.handle,
      'oidc.example.com': ownWebServer.handler,
      ...vendorIssuers(cluster, () => issuer),
    }
    await internet.serve(handlers, sandbox.authority)
    await internet.serve({ [gardenersOwn]: () => ({ status: 401 }) }, await createCertificateAuthority())

    const home = join(folder, 'home')
    const environment = await furnishHome(home, {
      HTTPS_PROXY: internet.proxy,
      NO_PROXY: '127.0.0.1,localhost',
      NODE_EXTRA_CA_CERTS: sandbox.folder.caFile,
      PULLPASS_CA_FILE: sandbox.folder.caFile,
      SSL_CERT_FILE: sandbox.folder.caFile,
      ...sandbox.operator.environment,
    })
    await writeKubeconfig(home, cluster)
    const shell = startShell({ blocks: join(folder, 'home/.blocks'), cwd: home, environment })
    defer(shell.close)
    const ports = { '8080': `${await freePort()}`, '8081': `${await freePort()}` }
    return {
      shell,
      folder: home,
      ports,
      unknownNames: internet.unknown,
      async direct(direction) {
        const roll = /^issuer (?<signs>\S+?)(?:, accepts (?<accepts>.+))?$/.exec(direction)?.groups
        const serves = /^oidc\.example\.com serves (?<path>\S+)$/.exec(direction)?.groups
        const passes = /^oidc\.example\.com passes on to (?<origin>\S+)$/.exec(direction)?.groups
        const form = /^kubeadm (?<form>\S+)$/.exec(direction)?.groups
        if (roll !== undefined) {
          issuer = roll['signs'] ?? ''
          await cluster.signAs(issuer, roll['accepts']?.split(' ') ?? [])
          await writeKubeconfig(home, cluster)
        } else if (serves !== undefined) ownWebServer.serveFolder(join(home, serves['path'] ?? ''))
        else if (passes !== undefined) ownWebServer.passOnTo(passes['origin'] ?? '')
        else if (form !== undefined) await recordKubeadm(cluster, form['form'] ?? '')
        else throw new Error(`there is no stage direction "${direction}"`)
      },
    }
  })

/** A home, and `pullpass` on the PATH. */
async function furnishHome(home: string, variables: Readonly<Record<string, string>>): Promise<Record<string, string>> {
  for (const name of ['.kube', '.blocks', 'bin']) await mkdir(join(home, name), { recursive: true })
  const [cli, bePublic] = ['../../src/cli.ts', './be-public.ts'].map((path) =>
    fileURLToPath(new URL(path, import.meta.url)),
  )
  const shim = join(home, 'bin/pullpass')
  await writeFile(shim, `#!/bin/sh\nexec '${process.execPath}' --import '${bePublic}' '${cli}' "$@"\n`)
  await chmod(shim, 0o755)
  const path = [join(home, 'bin'), process.env['PATH'] ?? '', '/usr/sbin'].join(delimiter)
  return { PATH: path, HOME: home, TMPDIR: home, LC_ALL: 'C.UTF-8', NO_COLOR: '1', ...variables }
}

const writeKubeconfig = (home: string, { kubeconfig }: GuideCluster): Promise<void> =>
  writeFile(join(home, '.kube/config'), kubeconfig(), { mode: 0o600 })

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
