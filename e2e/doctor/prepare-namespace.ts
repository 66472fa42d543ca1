/** A namespace for each fault, in which a document works end to end: a fresh Secret, and a pod that references it. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { principalOf } from '../../sandbox/gcp/iam/workload-identity.ts'
import { waitUntil } from '../parts/process/wait-until.ts'
import { type DoctorSetup, serviceAccountEmail } from './start-doctor-setup.ts'

export interface PreparedNamespace {
  readonly setup: DoctorSetup
  readonly namespace: string
  /** The namespace of the account `pullpass`, whose token is exchanged. */
  readonly system: string
  /** Of the document. */
  readonly file: string
  /** Waits until the StatefulSet controller has created `web-0`. */
  readonly awaitPod: () => Promise<void>
}

export interface NamespaceOptions {
  /** Service accounts to which the Secret is attached; empty: none; absent: `default`. */
  readonly attachTo?: readonly string[]
  /** A second namespace that the document names: `NAMESPACE-b`. */
  readonly second?: 'created'
  /** What `pullpass manifests` prints is applied, so that the account has exactly these permissions. */
  readonly installed?: 'by manifests' | 'by manifests --controller'
  /** Absent: requested by the serviceAccountRef of the document. */
  readonly token?: 'of the pod'
  /** Of the pod's template. */
  readonly pod?: object
}

export async function prepareNamespace(
  setup: DoctorSetup,
  namespace: string,
  options: NamespaceOptions = {},
): Promise<PreparedNamespace> {
  const { admin, succeed } = setup
  const system = `${namespace}-system`
  const file = join(setup.folder, `${namespace}.yaml`)
  await writeFile(file, renderDocument(setup, { ...options, namespace, system }))
  const create = async (path: string, name: string) =>
    await admin({ method: 'POST', path, body: { metadata: { name } } })
  for (const name of namespacesOf(namespace, options)) await create('/api/v1/namespaces', name)
  const installCommand = `pullpass manifests -f ${file} -n ${system}${options.installed === 'by manifests --controller' ? ' --controller' : ''} --image registry.example.com/pullpass:1.0.0 | kubectl apply --server-side -f -`
  if (options.installed === undefined) {
    await create('/api/v1/namespaces', system)
    await create(`/api/v1/namespaces/${system}/serviceaccounts`, 'pullpass')
  } else await succeed(installCommand)
  trust(setup, system)
  for (const name of namespacesOf(namespace, options)) {
    await waitUntil('the default service account', 20_000, () =>
      admin({ path: `/api/v1/namespaces/${name}/serviceaccounts/default` }),
    )
  }
  for (const name of (options.attachTo ?? []).filter((one) => one !== 'default'))
    await create(`/api/v1/namespaces/${namespace}/serviceaccounts`, name)
  await writeToken(setup, system)
  const refreshed = await setup.pullpass(['refresh', '-f', file])
  if (refreshed.exitCode !== 0) throw new Error(refreshed.stdout + refreshed.stderr)
  await admin({
    method: 'POST',
    path: `/apis/apps/v1/namespaces/${namespace}/statefulsets`,
    body: statefulSetOf(setup.sandbox.image, options.pod ?? {}),
  })
  const prepared = { setup, namespace, system, file, awaitPod: () => awaitPod(setup, namespace) }
  await prepared.awaitPod()
  return prepared
}

/** As a kubelet projects it, for documents that request none. */
async function writeToken({ sandbox, admin }: DoctorSetup, system: string): Promise<void> {
  const path = `/api/v1/namespaces/${system}/serviceaccounts/pullpass/token`
  const audiences = [`//iam.googleapis.com/${sandbox.gcp.provider}`]
  const { status }: { status: { token: string } } = JSON.parse(
    await admin({ method: 'POST', path, body: { spec: { audiences } } }),
  )
  await writeFile(sandbox.folder.tokenFile, status.token)
}

const namespacesOf = (namespace: string, { second }: NamespaceOptions) =>
  second === 'created' ? [namespace, `${namespace}-b`] : [namespace]

function trust(
  {
    sandbox: {
      gcp,
      gcp: { provider },
    },
  }: DoctorSetup,
  system: string,
): void {
  const principal = principalOf(provider, `system:serviceaccount:${system}:pullpass`)
  gcp.accounts.allowTokens(serviceAccountEmail, principal)
}

interface DocumentOptions extends NamespaceOptions {
  readonly namespace: string
  readonly system: string
}

const renderDocument = (
  { sandbox }: DoctorSetup,
  { namespace, system, attachTo = ['default'], ...options }: DocumentOptions,
) => `
apiVersion: pullpass.dev/v1alpha1
kind: ClusterPullSecret
metadata: {name: ${namespace}}
spec:
  secretName: regcred
  namespaces: {include: ${JSON.stringify(namespacesOf(namespace, options))}}
  ${options.token === undefined ? `serviceAccountRef: {namespace: ${system}, name: pullpass}` : ''}
  ${attachTo.length === 0 ? '' : `attachToServiceAccounts: ${JSON.stringify(attachTo)}`}
  registries:
    - name: google
      hosts: [localhost:${sandbox.parts.registry.port}]
      gcp:
        workloadIdentityProvider: ${sandbox.gcp.provider}
        serviceAccountEmail: ${serviceAccountEmail}
        trust: {repository: ${sandbox.gcp.repository}}
`

const statefulSetOf = (image: string, pod: object) => ({
  metadata: { name: 'web' },
  spec: {
    serviceName: 'web',
    selector: { matchLabels: { app: 'web' } },
    template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'web', image }], ...pod } },
  },
})

async function awaitPod({ admin }: DoctorSetup, namespace: string): Promise<void> {
  await waitUntil('pod web-0', 20_000, async () => {
    const { metadata }: { metadata: { deletionTimestamp?: string } } = JSON.parse(
      await admin({ path: `/api/v1/namespaces/${namespace}/pods/web-0` }),
    )
    return metadata.deletionTimestamp === undefined || undefined
  })
}
