/**
 * The output of `pullpass manifests --controller` for a document with issuer.publishTo, in a real API server: the controller publishes
 * a new key before tokens are signed with it, as `issuer watch` does, with exactly its printed permissions.
 */
import assert from 'node:assert/strict'
import { before, suite, test } from 'node:test'
import { waitForStderr } from '../../test/commands/issuer/wait-for-stderr.ts'
import { assertRefused } from '../install/attack.ts'
import { createNamespace, deleteSecret } from '../install/cluster-objects.ts'
import { type Installation, install, type Rule } from '../install/install.ts'
import { publicationStores } from '../install/publication-stores.ts'
import { assertEachPermissionNeeded } from '../install/remove-permissions.ts'
import { runInstalledController, startInstalledController } from '../install/start-installed-controller.ts'
import {
  type PublicationSetup,
  provider,
  serviceAccountEmail,
  startPublicationSetup,
} from '../install/start-publication-setup.ts'
import { generateSigningKey } from '../parts/control-plane/api-server-plan.ts'
import { waitUntil } from '../parts/process/wait-until.ts'
import { withRealPart } from '../parts/real-part.ts'

const [first, second] = [generateSigningKey(), generateSigningKey()]
const system = 'pullpass-system'
const subject = `system:serviceaccount:${system}:pullpass`

const keyState = `/api/v1/namespaces/${system}/configmaps/pullpass-issuer`

const documentOf = ({ store, endpoints: { sts, iamCredentials } }: PublicationSetup) => `
  apiVersion: pullpass.dev/v1alpha1
  kind: ClusterPullSecret
  metadata: {name: regcred}
  spec:
    namespaces: {include: ["team-*"]}
    serviceAccountRef: {namespace: ${system}, name: pullpass}
    issuer: {publishTo: "${store.publishTo}"}
    registries:
      - name: google
        hosts: [europe-docker.pkg.dev]
        gcp:
          workloadIdentityProvider: ${provider}
          serviceAccountEmail: ${serviceAccountEmail}
          endpoints: {sts: "${sts}", iamCredentials: "${iamCredentials}"}`

const [[storeName, openStore] = []] = Object.entries(publicationStores)
if (storeName === undefined || openStore === undefined) throw new Error('there is no store')

await withRealPart(
  `an API server, kubectl and ${storeName}`,
  () => startPublicationSetup({ openStore, keys: { signing: first, verifying: [first] }, puller: subject }),
  (setup) => {
    suite(`a controller whose document publishes the issuer in ${storeName}`, () => {
      let installation: Installation
      before(async () => {
        await createNamespace(setup, 'team-a')
        await setup.publish()
        const flags = ['--controller', ...setup.store.manifestFlags]
        installation = await install(setup, { namespace: system, from: documentOf(setup), flags })
        setup.store.allowPublishing(subject)
        await installation.startPod()
        const policy = await installation.kubectl(['apply', '--server-side', '-k', 'deploy/issuer-revocations'], '')
        assert.equal(policy.exitCode, 0, policy.stderr)
      })

      const hasSecret = async (namespace: string) => {
        const path = `/api/v1/namespaces/${namespace}/secrets?fieldSelector=metadata.name%3Dregcred`
        const { items }: { items: unknown[] } = JSON.parse((await setup.admin({ path })).body)
        return items.length === 1 || undefined
      }

      test('kubectl applies all of it without warnings of the API server', () => {
        assert.deepEqual([installation.applied.exitCode, installation.applied.stderr], [0, ''])
      })

      test('publishes a new key as itself before it signs, and exchanges tokens of it', async (t) => {
        const { child, ended } = startInstalledController(installation, system)
        t.after(() => child.kill('SIGKILL'))
        await waitForStderr(child, /the keys of the cluster are watched, and published/)
        await waitUntil('the Secret', 30_000, async () => await hasSecret('team-a'))
        await setup.rotate({ signing: first, verifying: [first, second] })
        await waitUntil('the new key', 90_000, async () => (await setup.countPublishedKeys()) === 2 || undefined)
        await setup.rotate({ signing: second, verifying: [second, first] })
        await createNamespace(setup, 'team-b')
        await waitUntil('the Secret', 60_000, async () => await hasSecret('team-b'))
        await waitUntil('the key state', 60_000, async () => {
          const { data = {} }: { data?: Record<string, string> } = JSON.parse(
            (await setup.admin({ path: keyState })).body,
          )
          return Object.keys(data).filter((key) => key.startsWith('key.')).length === 2 || undefined
        })
        child.kill('SIGTERM')
        const { exitCode, stderr } = await ended
        assert.equal(exitCode, 0)
        assert.doesNotMatch(stderr, /KEY_UNPUBLISHED/)
        const { data = {} }: { data?: Record<string, string> } = JSON.parse(
          (await setup.admin({ path: keyState })).body,
        )
        assert.equal(Object.keys(data).filter((key) => key.startsWith('key.')).length, 2)
      })

      test('without any one of the permissions for that, a failure is reported, and states which', async (t) => {
        const resources = ['configmaps', 'revocations', 'serviceaccounts/token', 'endpointslices', 'events']
        const rules = ({ resources: [resource = ''] }: Rule) => resources.includes(resource)
        const reset = async () => {
          await deleteSecret(setup, 'team-a', 'regcred')
          const contentType = 'application/merge-patch+json'
          await setup.admin({ method: 'PATCH', path: keyState, contentType, body: { data: null } })
        }
        const refresh = async () =>
          await runInstalledController(installation, system, { reports: /grant the rule/, limitMs: 40_000 })
        await assertEachPermissionNeeded(t, {
          setup,
          installation: { ...installation, refresh },
          user: subject,
          reset,
          rules,
        })
      })

      test('its own token for longer, or one of another account for that audience, is refused', async (t) => {
        const request = (name: string, expirationSeconds: number) => ({
          method: 'POST' as const,
          path: `/api/v1/namespaces/${system}/serviceaccounts/${name}/token`,
          body: { spec: { audiences: ['pullpass.dev/issuer'], expirationSeconds } },
        })
        await assertRefused(t, installation.account, {
          'for an hour': {
            request: request('pullpass', 3600),
            refusal:
              'pullpass may request only tokens of the accounts of its documents, for the audiences of their registries',
          },
          'of another account': {
            request: request('default', 600),
            refusal: 'cannot create resource "serviceaccounts/token"',
          },
        })
      })
    })
  },
)
