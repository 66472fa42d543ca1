/** `pullpass uninstall` on a real API server with its controllers: all objects of pullpass are removed, and no others. */
import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { before, suite, test } from 'node:test'
import { createMovableClock, type MovableClock } from '../sandbox/start/movable-clock.ts'
import { type PullpassRun, runPullpass } from '../test/support/run-pullpass.ts'
import { createNamespace, createSecret } from './install/cluster-objects.ts'
import { type Installation, install } from './install/install.ts'
import { provider, serviceAccountEmail, startInstallSetup } from './install/start-install-setup.ts'
import { waitUntil } from './parts/process/wait-until.ts'
import { withRealPart } from './parts/real-part.ts'

const document = `
  apiVersion: pullpass.dev/v1alpha1
  kind: ClusterPullSecret
  metadata: {name: regcred}
  spec:
    namespaces: {include: [team-a, "apps-*"]}
    attachToServiceAccounts: [default]
    registries:
      - name: google
        hosts: [europe-docker.pkg.dev]
        gcp: {workloadIdentityProvider: ${provider}, serviceAccountEmail: ${serviceAccountEmail}}`
const customResource = document
  .replace('{name: regcred}', '{name: in-cluster}')
  .replace(
    'registries:',
    'secretName: in-cluster\n    serviceAccountRef: {namespace: images-system, name: pullpass}\n    registries:',
  )
const namespace = 'images-system'

await withRealPart(
  'an API server with its controllers, and kubectl',
  () => startInstallSetup({ controllers: 'all' }),
  (setup) => {
    suite('uninstall', () => {
      const file = join(setup.folder, 'uninstall.yaml')
      let installation: Installation
      let initial: Objects

      /** `wait`: for each sleep. */
      const uninstallWith = async (clock: MovableClock, wait: typeof sleep, args: string[]): Promise<PullpassRun> => {
        const environment = { ...setup.environment, KUBECONFIG: join(setup.folder, namespace, 'admin') }
        const argv = ['uninstall', '-f', file, '-n', namespace, '--keep-trust', ...args]
        return await runPullpass({ environment, clock }, argv, { sleep: wait })
      }
      const uninstall = async (...args: string[]): Promise<PullpassRun> =>
        await uninstallWith(
          createMovableClock(() => new Date()),
          sleep,
          args,
        )

      before(async () => {
        await writeFile(file, document)
        for (const name of ['team-a', 'apps-b', 'apps-c', 'team-z']) await createNamespace(setup, name)
        await waitForControllers()
        await createSecret(setup, 'team-z', 'regcred')
        initial = await listEverything()
        installation = await install(setup, { namespace, from: document })
        setup.trust({ namespace, name: 'pullpass' })
        assert.equal((await installation.refresh()).exitCode, 0)
      })

      test('a dry run, checked by the API server, changes nothing', async () => {
        const installed = await listEverything()
        const run = await uninstall('--dry-run', '--delete-pull-secrets')
        assert.equal(run.exitCode, 0, run.stderr)
        assert.match(run.stdout, /^stop +would-delete +CronJob +images-system\/pullpass$/m)
        assert.match(run.stdout, /^namespace +would-delete +Namespace +images-system$/m)
        assert.deepEqual(await listEverything(), installed)
      })

      test('an upgrade changes the installation in place, and refresh updates the same Secrets', async () => {
        const uidOf = async () =>
          JSON.parse((await setup.admin({ path: '/api/v1/namespaces/team-a/secrets/regcred' })).body).metadata.uid
        const uid = await uidOf()
        const args = ['manifests', '-f', file, '-n', namespace, '--image', 'registry.example.com/pullpass:2.0.0']
        const printed = await runPullpass({ environment: {}, clock: createMovableClock(() => new Date()) }, args)
        const applied = await installation.kubectl(['apply', '--server-side', '-f', '-'], printed.stdout)
        assert.deepEqual([applied.exitCode, applied.stderr], [0, ''])
        assert.equal((await installation.refresh()).exitCode, 0)
        assert.equal(await uidOf(), uid)
      })

      test('a namespace that contains other objects is kept, and they are named', async () => {
        await installation.kubectl(['create', 'configmap', 'other', '-n', namespace], '')
        const run = await uninstall('--dry-run')
        assert.match(run.stdout, /^namespace +kept +Namespace +images-system$/m)
        assert.match(run.stdout, /^note: Namespace images-system: it contains other objects: ConfigMap other$/m)
        await installation.kubectl(['delete', 'configmap', 'other', '-n', namespace], '')
      })

      test('a Job with a finalizer, which the deletion of the CronJob waits for, is named', async () => {
        const job = ['job', 'held', '-n', namespace]
        await installation.kubectl(['create', ...job, '--from=cronjob/pullpass'], '')
        const finalizers = (names: string[]) => [
          'patch',
          ...job,
          '-p',
          JSON.stringify({ metadata: { finalizers: names } }),
        ]
        // As the controller creates Jobs; kubectl create job leaves it out.
        const blocking = [{ op: 'add', path: '/metadata/ownerReferences/0/blockOwnerDeletion', value: true }]
        await installation.kubectl(['patch', ...job, '--type=json', '-p', JSON.stringify(blocking)], '')
        await installation.kubectl([...finalizers(['example.com/audit']), '--type=merge'], '')
        const clock = createMovableClock(() => new Date())
        const run = await uninstallWith(
          clock,
          async (ms, signal) => {
            clock.advance(`${ms / 100} s`) // 90 s in nine steps of real time
            await sleep(ms, signal)
          },
          ['--yes'],
        )
        await installation.kubectl([...finalizers([]), '--type=merge'], '')
        assert.equal(run.exitCode, 1)
        assert.match(
          run.stderr,
          /^KUBERNETES_REFUSED \(kubernetes\): CronJob images-system\/pullpass was deleted, and still exists after 90 s: Job images-system\/held has finalizers? .*example\.com\/audit/m,
        )
        assert.match(run.stdout, /^namespace +blocked +Namespace +images-system/m)
        const printed = ['manifests', '-f', file, '-n', namespace, '--image', 'registry.example.com/pullpass:2.0.0']
        const manifests = await runPullpass({ environment: {}, clock }, printed)
        await waitUntil('the deletion of the CronJob', 60_000, async () => {
          const { body } = await setup.admin({ path: `/apis/batch/v1/namespaces/${namespace}/cronjobs` })
          return JSON.parse(body).items.length === 0 || undefined
        })
        await installation.kubectl(['apply', '--server-side', '-f', '-'], manifests.stdout)
      })

      test('removes every object that manifests and refresh created, and no other', async () => {
        await installation.kubectl(['create', 'job', 'manual', '--from=cronjob/pullpass', '-n', namespace], '')
        const run = await uninstall('--yes', '--delete-pull-secrets')
        assert.equal(run.exitCode, 0, run.stdout + run.stderr)
        const left = await listEverything()
        assert.deepEqual(
          { left: left.filter((one) => !initial.includes(one)), lost: initial.filter((one) => !left.includes(one)) },
          { left: [], lost: [] },
        )
      })

      test('removes a controller with its Pods, PodDisruptionBudget and Lease, custom resources and their definitions', async () => {
        await writeFile(file, document.replace('attachToServiceAccounts: [default]', ''))
        const words = ['manifests', '--controller', '-f', file, '-n', namespace]
        const argv = [...words, '--image', 'registry.example.com/pullpass:1.0.0']
        const printed = await runPullpass({ environment: {}, clock: createMovableClock(() => new Date()) }, argv)
        const applied = await installation.kubectl(['apply', '--server-side', '-f', '-'], printed.stdout)
        assert.deepEqual([applied.exitCode, applied.stderr], [0, ''])
        await waitUntil('its Pods', 60_000, async () => {
          const { body } = await setup.admin({ path: `/api/v1/namespaces/${namespace}/pods` })
          return JSON.parse(body).items.length === 2 || undefined
        })
        for (const input of [await readFile('deploy/crds/manifests.yaml', 'utf8'), customResource]) {
          await waitUntil('the definitions', 20_000, async () => {
            const { exitCode } = await installation.kubectl(['apply', '--server-side', '-f', '-'], input)
            return exitCode === 0 || undefined
          })
        }
        const run = await uninstall('--yes', '--delete-pull-secrets')
        assert.equal(run.exitCode, 0, run.stdout + run.stderr)
        assert.match(run.stdout, /^resources +deleted +ClusterPullSecret +in-cluster$/m)
        assert.match(run.stdout, /^resources +deleted +CustomResourceDefinition +pullsecrets\.pullpass\.dev$/m)
        assert.match(run.stdout, /^stop +deleted +Deployment +images-system\/pullpass-controller$/m)
        const left = await listEverything()
        assert.deepEqual(
          left.filter((one) => !initial.includes(one)),
          [],
        )
      })

      test('finds nothing to remove when it runs again', async () => {
        const run = await uninstall('--yes', '--delete-pull-secrets')
        assert.equal(run.exitCode, 0, run.stderr)
        assert.doesNotMatch(run.stdout, / deleted | detached /)
      })

      /** Waits until the controllers have created what each namespace gets: its account and the cluster's CA. */
      async function waitForControllers(): Promise<void> {
        await waitUntil('the account and the CA of every namespace', 60_000, async () => {
          const read = async (path: string): Promise<{ items: Listed[] }> =>
            JSON.parse((await setup.admin({ path })).body)
          const namespaces = (await read('/api/v1/namespaces')).items
          const accounts = (await read('/api/v1/serviceaccounts?fieldSelector=metadata.name%3Ddefault')).items
          const authorities = (await read('/api/v1/configmaps?fieldSelector=metadata.name%3Dkube-root-ca.crt')).items
          return (accounts.length === namespaces.length && authorities.length === namespaces.length) || undefined
        })
      }

      type Objects = readonly string[]

      /** Every object of every kind that can be listed and deleted, with the imagePullSecrets of service accounts. */
      async function listEverything(): Promise<Objects> {
        const read = async (path: string) => JSON.parse((await setup.admin({ path })).body)
        const groups: { groups: { preferredVersion: { groupVersion: string } }[] } = await read('/apis')
        const roots = ['/api/v1', ...groups.groups.map(({ preferredVersion: one }) => `/apis/${one.groupVersion}`)]
        const lines: string[] = []
        for (const root of roots) {
          const { resources }: { resources: { name: string; verbs: string[] }[] } = await read(root)
          const kinds = resources.filter(
            ({ name, verbs }) => verbs.includes('list') && verbs.includes('delete') && !/^(events|leases)$/.test(name),
          )
          for (const { name } of kinds) {
            const { items }: { items: Listed[] } = await read(`${root}/${name}`)
            lines.push(
              ...items.map(
                ({ metadata, imagePullSecrets = [] }) =>
                  `${name} ${metadata.namespace ?? ''}/${metadata.name} ${JSON.stringify(imagePullSecrets)}`,
              ),
            )
          }
        }
        return lines.toSorted()
      }
    })
  },
)

interface Listed {
  readonly metadata: { readonly namespace?: string; readonly name: string }
  readonly imagePullSecrets?: readonly object[]
}

/** Real controllers need real time. */
const sleep = async (ms: number, signal: AbortSignal): Promise<void> =>
  await new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms)
    signal.addEventListener('abort', () => {
      clearTimeout(timer)
      reject(signal.reason)
    })
  })
