/** A real API server for deploy/issuer and deploy/issuer-serve, and single rounds with the arguments of their Deployments. */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseAllDocuments } from 'yaml'
import { createMovableClock } from '../../sandbox/start/movable-clock.ts'
import { type PullpassRun, runPullpass } from '../../test/support/run-pullpass.ts'
import {
  type ApiServer,
  type KubernetesRequest,
  type KubernetesResponse,
  requestAsAdmin,
} from '../parts/control-plane/request-kubernetes.ts'
import { grantPermissions, renderKubeconfig } from '../parts/control-plane/users.ts'
import { findInstalledProgram } from '../parts/process/find-program.ts'
import { type ProgramRun, runProgram } from '../parts/process/run-program.ts'
import { startPart } from '../parts/process/start-part.ts'
import type { RealPart } from '../parts/real-part.ts'
import { startControlPlane } from '../parts/start-control-plane.ts'
import type { PrintedObject } from './install.ts'

export interface IssuerSetup extends RealPart {
  /** As the cluster's admin. @throws unless it succeeds */
  readonly admin: (request: KubernetesRequest) => Promise<KubernetesResponse>
  /** The API server for a user with all permissions on ConfigMaps of pullpass-system, which must exist. */
  readonly connectAsEditor: () => Promise<ApiServer>
  /** The API server for an account of pullpass-system. */
  readonly connectAs: (account: string) => Promise<ApiServer>
  readonly kubectl: (...args: string[]) => Promise<ProgramRun>
  /** Mode 0700. */
  readonly folder: string
  readonly write: (name: string, text: string) => Promise<string>
  /** A kubeconfig of an account of pullpass-system. */
  readonly kubeconfigOf: (account: string) => Promise<string>
}

const editor = 'editor'

export const startIssuerSetup = (): Promise<IssuerSetup> =>
  startPart('issuer-install', async ({ folder, use }) => {
    const program = findInstalledProgram('kubectl', 'kubernetes-client')
    // It listens on the loopback, which no EndpointSlice may contain: the cluster's own address is used.
    const plane = await use(startControlPlane({ flags: ['--endpoint-reconciler-type=none'], users: [editor] }))
    const admin = (request: KubernetesRequest) => requestAsAdmin(plane, request)
    const write = async (name: string, text: string) => {
      await writeFile(join(folder, name), text, { mode: 0o600 })
      return join(folder, name)
    }
    const kubeconfig = await write('admin', renderKubeconfig(plane, plane.adminToken))
    await mkdir(join(folder, 'public'))
    const tokenOf = async (account: string) => {
      const path = `/api/v1/namespaces/pullpass-system/serviceaccounts/${account}/token`
      const { body } = await admin({ method: 'POST', path, body: { spec: { expirationSeconds: 3600 } } })
      const { status }: { status: { token: string } } = JSON.parse(body)
      return status.token
    }
    return {
      admin,
      async connectAsEditor() {
        const token = plane.userTokens.get(editor) ?? ''
        const verbs = ['get', 'list', 'create', 'update', 'patch', 'delete', 'deletecollection']
        await grantPermissions(plane, { name: editor, token }, [
          { verbs, resources: ['configmaps'], namespace: 'pullpass-system' },
        ])
        return { ...plane, adminToken: token }
      },
      connectAs: async (account) => ({ ...plane, adminToken: await tokenOf(account) }),
      kubectl: async (...args) => await runProgram(program, [`--kubeconfig=${kubeconfig}`, ...args]),
      folder,
      write,
      kubeconfigOf: async (account) => await write(account, renderKubeconfig(plane, await tokenOf(account))),
    }
  })

export type DeployedObject = PrintedObject & { readonly spec?: { readonly template?: { readonly spec: Pod } } }

interface Pod {
  readonly containers: readonly [{ readonly args: readonly string[] }]
}

/** Reads the objects of a folder of deploy/. */
export const readDeployed = async (folder: string): Promise<DeployedObject[]> =>
  parseAllDocuments(await readFile(`${folder}/manifests.yaml`, 'utf8')).map((document) => document.toJS())

/** The arguments of the Deployment, some of them replaced. */
export interface RoundOptions {
  readonly objects: readonly DeployedObject[]
  readonly kubeconfig: string
  /** By prefix of an argument: its replacement, or undefined to omit it. */
  readonly argReplacements: Readonly<Record<string, string | undefined>>
  /** Reasons that are expected here. */
  readonly expectedCodes: readonly string[]
}

/** One round with the Deployment's arguments and account: code 1 and the messages of its alarms, if any. */
export async function runOneRound({
  objects,
  kubeconfig,
  argReplacements,
  expectedCodes,
}: RoundOptions): Promise<Pick<PullpassRun, 'exitCode' | 'stderr'>> {
  const pod = objects.find(({ kind }) => kind === 'Deployment')?.spec?.template?.spec
  const args = (pod?.containers[0].args ?? []).flatMap((arg) => {
    const form = Object.entries(argReplacements).find(([start]) => arg.startsWith(start))
    return form === undefined ? [arg] : (form[1] ?? [])
  })
  const ended = new AbortController()
  const run = await runPullpass(
    { environment: { KUBECONFIG: kubeconfig }, clock: createMovableClock(() => new Date()) },
    [...args, '--log-format', 'json'],
    {
      signal: ended.signal,
      random: Math.random, // Events written at the same time need different names
      sleep: async (ms) => {
        if (ms > 5_000) ended.abort(new Error('one round is enough'))
      },
    },
  )
  const lines = run.stderr.split('\n').filter((line) => line.startsWith('{'))
  const alarms = lines
    .map((line): LoggedAlarm => JSON.parse(line))
    .filter(({ level, code }) => level === 'warn' && !(code !== undefined && expectedCodes.includes(code)))
  return { exitCode: alarms.length === 0 ? 0 : 1, stderr: alarms.map(({ details, fix }) => details ?? fix).join('\n') }
}

interface LoggedAlarm {
  readonly level: string
  readonly code?: string
  readonly details?: string
  readonly fix?: string
}
