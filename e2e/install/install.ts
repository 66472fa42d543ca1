/** An installation by `pullpass manifests` and kubectl, and a run as in its CronJob. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseAllDocuments } from 'yaml'
import { createMovableClock } from '../../sandbox/start/movable-clock.ts'
import { type PullpassRun, runPullpass } from '../../test/support/run-pullpass.ts'
import type { ApiServer } from '../parts/control-plane/request-kubernetes.ts'
import { renderKubeconfig } from '../parts/control-plane/users.ts'
import { type ProgramRun, runProgram } from '../parts/process/run-program.ts'
import type { InstallSetup } from './start-install-setup.ts'

export interface Installation {
  /** The printed objects. */
  readonly objects: readonly PrintedObject[]
  readonly kubectl: (args: readonly string[], stdin: string) => Promise<ProgramRun>
  /** The result of kubectl apply. */
  readonly applied: ProgramRun
  /** The API server with the token of the installed ServiceAccount. */
  readonly account: ApiServer
  /** Runs the command of the CronJob with the files and variables of its Pod. */
  readonly refresh: () => Promise<PullpassRun>
  /** What its container runs: arguments and variables, with a folder in place of the mounts. */
  readonly container: { readonly args: readonly string[]; readonly environment: Readonly<Record<string, string>> }
  /** Restarts its Pod, which gets new tokens. */
  readonly startPod: () => Promise<void>
}

/** The fields that the tests use. */
export interface PrintedObject {
  readonly kind: string
  readonly metadata: { readonly name: string; readonly namespace?: string }
  readonly rules?: readonly Rule[]
  readonly data?: Readonly<Record<string, string>>
  readonly spec?: {
    readonly jobTemplate?: { readonly spec: { readonly template: PodTemplate } }
    /** Of a Deployment. */
    readonly template?: PodTemplate
  }
}

export interface Rule {
  readonly apiGroups: readonly string[]
  readonly resources: readonly string[]
  readonly resourceNames?: readonly string[]
  readonly verbs: readonly string[]
}

interface PodTemplate {
  readonly spec: {
    readonly containers: readonly [
      { readonly args: string[]; readonly env?: readonly { readonly name: string; readonly value: string }[] },
    ]
    readonly volumes: readonly { readonly name: string; readonly projected?: { readonly sources: TokenSource[] } }[]
  }
}

interface TokenSource {
  readonly serviceAccountToken?: {
    readonly path: string
    readonly audience?: string
    readonly expirationSeconds: number
  }
}

export interface InstallationSettings {
  readonly namespace: string
  /** Documents, or the drop-in variables. */
  readonly from: string | Readonly<Record<string, string>>
  /** Additional flags of `pullpass manifests`. */
  readonly flags?: readonly string[]
}

/** The part of a setup that an installation needs. */
export type InstallTarget = Pick<InstallSetup, 'folder' | 'kubectl' | 'apiServer' | 'admin' | 'environment'>

export async function install(setup: InstallTarget, settings: InstallationSettings): Promise<Installation> {
  const { namespace } = settings
  const folder = join(setup.folder, namespace)
  await mkdir(folder)
  const adminFile = await writeKubeconfig(setup, join(folder, 'admin'), setup.apiServer.adminToken)
  const kubectl: Installation['kubectl'] = (args, stdin) =>
    runProgram(setup.kubectl, [`--kubeconfig=${adminFile}`, ...args], { stdin })

  const printed = await printManifests(settings, folder)
  const objects = parseAllDocuments(printed).map((document): PrintedObject => document.toJS())
  const applied = await kubectl(['apply', '--server-side', '-f', '-'], printed)
  const token = await requestToken(setup, namespace, {})
  return {
    objects,
    kubectl,
    applied,
    account: { ...setup.apiServer, adminToken: token },
    ...(await prepareCronJobRun(setup, { namespace, objects, folder, token })),
  }
}

/** The output of pullpass manifests; the documents are written to the folder. */
export async function printManifests(
  { namespace, from, flags: more = [] }: InstallationSettings,
  folder: string,
): Promise<string> {
  const variables = typeof from === 'string' ? {} : from
  const file = join(folder, 'documents.yaml')
  if (typeof from === 'string') await writeFile(file, from)
  const image = 'registry.example.com/pullpass:1.0.0'
  const args = [
    'manifests',
    '--namespace',
    namespace,
    '--image',
    image,
    ...(typeof from === 'string' ? ['-f', file] : []),
    ...more,
  ]
  const { exitCode, stdout, stderr } = await run(args, variables)
  if (exitCode !== 0) throw new Error(stderr)
  return stdout
}

interface InstalledJob extends Pick<Installation, 'objects'> {
  readonly namespace: string
  readonly folder: string
  readonly token: string
}

/** Mount paths of the Pod, replaced by one folder. */
const mountFolders = /\/etc\/pullpass|\/var\/run\/secrets\/publish/g

/** The Pod's arguments and variables; a folder replaces its mounts. */
async function prepareCronJobRun(setup: InstallTarget, { namespace, objects, folder, token }: InstalledJob) {
  const { containers, volumes } = podOf(objects).spec
  const [{ args, env = [] }] = containers
  const mapMounts = (text: string) => text.replaceAll(mountFolders, folder)
  const startPod = async () => {
    for (const { data } of objects.filter(({ kind }) => kind === 'ConfigMap')) {
      for (const [name, text] of Object.entries(data ?? {})) await writeFile(join(folder, name), mapMounts(text))
    }
    const sources = volumes
      .filter(({ name }) => name !== 'api-access')
      .flatMap(({ projected }) => projected?.sources ?? [])
    for (const { serviceAccountToken: projected } of sources) {
      if (projected)
        await writeFile(join(folder, projected.path), await requestToken(setup, namespace, projected), { mode: 0o600 })
    }
  }
  await startPod()
  const environment = {
    ...setup.environment,
    ...Object.fromEntries(env.map(({ name, value }) => [name, mapMounts(value)])),
    KUBECONFIG: await writeKubeconfig(setup, join(folder, 'account'), token),
    PULLPASS_TOKEN_FILE: join(folder, 'oidc-token'),
  }
  const container = { args: args.map(mapMounts), environment }
  return { startPod, container, refresh: () => run(container.args, environment) }
}

/** The Pod template of the CronJob or the Deployment. */
function podOf(objects: Installation['objects']): PodTemplate {
  const { spec } = objects.find(({ kind }) => kind === 'CronJob' || kind === 'Deployment') ?? {}
  const template = spec?.template ?? spec?.jobTemplate?.spec.template
  if (template === undefined) throw new Error('no CronJob or Deployment was printed')
  return template
}

const run = (args: readonly string[], environment: Readonly<Record<string, string>>) =>
  runPullpass({ environment, clock: createMovableClock(() => new Date()) }, args)

/** As the kubelet requests it; without an audience, for the API server. */
async function requestToken(
  { admin }: InstallTarget,
  namespace: string,
  { audience, expirationSeconds = 3600 }: { readonly audience?: string; readonly expirationSeconds?: number },
): Promise<string> {
  const { body } = await admin({
    method: 'POST',
    path: `/api/v1/namespaces/${namespace}/serviceaccounts/pullpass/token`,
    body: { spec: { audiences: audience === undefined ? [] : [audience], expirationSeconds } },
  })
  const { status }: { status: { token: string } } = JSON.parse(body)
  return status.token
}

async function writeKubeconfig({ apiServer }: InstallTarget, file: string, token: string): Promise<string> {
  await writeFile(file, renderKubeconfig(apiServer, token), { mode: 0o600 })
  return file
}

/** A server-side dry run with the template of the installation's Pod. */
export async function tryCreatePod(
  { objects, kubectl }: Pick<Installation, 'objects' | 'kubectl'>,
  namespace: string,
  changes: object = {},
): Promise<ProgramRun> {
  const spec = { ...podOf(objects).spec, ...changes }
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'one', namespace }, spec }
  return await kubectl(['create', '--dry-run=server', '-f', '-'], JSON.stringify(pod))
}
