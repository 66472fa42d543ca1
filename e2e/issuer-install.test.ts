/** deploy/issuer in a real API server: the watch needs all of its rights, each that is missing is named, and no more is there. */
import assert from 'node:assert/strict'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { parseAllDocuments } from 'yaml'
import { createMovableClock } from '../sandbox/start/movable-clock.ts'
import { runPullpass } from '../test/support/run-pullpass.ts'
import type { PrintedObject } from './install/install.ts'
import { takeEachAway } from './install/take-away.ts'
import { renderKubeconfig } from './parts/control-plane/render-kubeconfig.ts'
import {
  type KubernetesAnswer,
  type KubernetesRequest,
  requestKubernetes,
} from './parts/control-plane/request-kubernetes.ts'
import { findInstalledProgram } from './parts/ground/find-program.ts'
import { runProgram } from './parts/ground/run-program.ts'
import { startPart } from './parts/ground/start-part.ts'
import { withRealPart } from './parts/real-part.ts'
import { startControlPlane } from './parts/start-control-plane.ts'

const user = 'system:serviceaccount:pullpass-system:pullpass-issuer'
const memory = '/api/v1/namespaces/pullpass-system/configmaps/pullpass-issuer'

const startStage = () =>
  startPart('issuer-install', async (ground) => {
    const kubectl = findInstalledProgram('kubectl', 'kubernetes-client')
    // It listens where no EndpointSlice may lead, on the loopback: whichever answers is asked.
    const plane = await ground.use(startControlPlane({ flags: ['--endpoint-reconciler-type=none'] }))
    const admin = async (request: KubernetesRequest): Promise<KubernetesAnswer> => {
      const answer = await requestKubernetes(plane, request)
      if (answer.status < 300) return answer
      throw new Error(`${request.method ?? 'GET'} ${request.path} was answered ${answer.status}: ${answer.body}`)
    }
    const write = async (name: string, text: string) => {
      await writeFile(join(ground.folder, name), text, { mode: 0o600 })
      return join(ground.folder, name)
    }
    const kubeconfig = await write('admin', renderKubeconfig(plane, plane.adminToken))
    await mkdir(join(ground.folder, 'public'))
    return { plane, admin, write, kubectl, kubeconfig, folder: ground.folder }
  })

await withRealPart('an API server and kubectl', startStage, ({ plane, admin, write, kubectl, kubeconfig, folder }) => {
  suite('deploy/issuer', () => {
    const apply = async (...words: string[]) => await runProgram(kubectl, [`--kubeconfig=${kubeconfig}`, ...words])
    const objects = async (): Promise<(PrintedObject & { spec?: { template?: { spec: Pod } } })[]> =>
      parseAllDocuments(await readFile('deploy/issuer/manifests.yaml', 'utf8')).map((document) => document.toJS())

    /** One round of the Deployment's own words, as its own account; the folder stands for the bucket. */
    async function watchOnce(account: string) {
      const pod = (await objects()).find(({ kind }) => kind === 'Deployment')?.spec?.template?.spec
      const words = (pod?.containers[0].args ?? [])
        .filter((word) => !word.startsWith('--health-listen'))
        .map((word) => (word.startsWith('--to=') ? `--to=${join(folder, 'public')}` : word))
      const ended = new AbortController()
      const run = await runPullpass(
        { environment: { KUBECONFIG: account }, clock: createMovableClock(() => new Date()) },
        // Tokens carry another issuer than this one: something is said at each round, and an Event written of it.
        [...words, '--issuer-url', 'https://oidc.example.com/cluster-1', '--log-format', 'json'],
        {
          signal: ended.signal,
          sleep: async (ms) => {
            if (ms >= 15_000) ended.abort(new Error('one round is enough'))
          },
        },
      )
      const lines = run.stderr.split('\n').filter((line) => line.startsWith('{'))
      const told = lines
        .map((line): Told => JSON.parse(line))
        .filter(({ level, reason }) => level === 'warn' && reason !== 'IssuerDiffers')
      return { exitCode: told.length === 0 ? 0 : 1, stderr: told.map(({ says, fix }) => says ?? fix).join('\n') }
    }

    test('kubectl applies it, and the API server warns of nothing', async () => {
      const applied = await apply('apply', '--server-side', '-k', 'deploy/issuer')
      assert.deepEqual([applied.exitCode, applied.stderr], [0, ''])
    })

    test('its namespace takes its Pod, which is a restricted one', async () => {
      const template = (await objects()).find(({ kind }) => kind === 'Deployment')?.spec?.template
      const pod = {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: 'watch', namespace: 'pullpass-system' },
        ...template,
      }
      const file = await write(
        'pod.json',
        JSON.stringify({ ...pod, metadata: { name: 'watch', namespace: 'pullpass-system' } }),
      )
      const created = await apply('create', '--dry-run=server', '-f', file)
      assert.deepEqual([created.exitCode, created.stderr], [0, ''])
    })

    test('without any one of its rights it says which; with all of them it publishes and remembers', async (t) => {
      const { body } = await admin({
        method: 'POST',
        path: '/api/v1/namespaces/pullpass-system/serviceaccounts/pullpass-issuer/token',
        body: { spec: { expirationSeconds: 3600 } },
      })
      const { status }: { status: { token: string } } = JSON.parse(body)
      const account = await write('account', renderKubeconfig(plane, status.token))
      const refresh = async () => await watchOnce(account)
      const whole = await refresh()
      assert.deepEqual(whole, { exitCode: 0, stderr: '' })
      const { data }: { data: object } = JSON.parse((await admin({ path: memory })).body)
      assert.equal(Object.keys(data).length, 1)
      const events = await admin({ path: '/api/v1/namespaces/pullpass-system/events' })
      assert.match(events.body, /"reason":"IssuerDiffers"/)

      const forget = async () => {
        const contentType = 'application/merge-patch+json'
        await admin({ method: 'PATCH', path: memory, contentType, body: { data: null } })
      }
      await takeEachAway(t, { stage: { admin }, installation: { objects: await objects(), refresh }, user, forget })
    })
  })
})

interface Told {
  readonly level: string
  readonly reason?: string
  readonly says?: string
  readonly fix?: string
}

interface Pod {
  readonly containers: readonly [{ readonly args: readonly string[] }]
}
