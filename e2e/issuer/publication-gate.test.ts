/**
 * The output of `pullpass manifests` for a document with issuer.publishTo, in a real API server: in a rotation
 * the CronJob publishes the new key as itself, without a stored key, before a token of it is exchanged.
 */
import assert from 'node:assert/strict'
import { before, suite, test } from 'node:test'
import { createNamespace, deleteSecret } from '../install/cluster-objects.ts'
import { type Installation, install } from '../install/install.ts'
import { publicationStores } from '../install/publication-stores.ts'
import {
  type PublicationSetup,
  provider,
  serviceAccountEmail,
  startPublicationSetup,
} from '../install/start-publication-setup.ts'
import { generateSigningKey } from '../parts/control-plane/api-server-plan.ts'
import { withRealPart } from '../parts/real-part.ts'

const [first, second] = [generateSigningKey(), generateSigningKey()]
const subject = 'system:serviceaccount:gate-system:pullpass'

const documentOf = ({ store, endpoints: { sts, iamCredentials } }: PublicationSetup) => `
  apiVersion: pullpass.dev/v1alpha1
  kind: ClusterPullSecret
  metadata: {name: regcred}
  spec:
    namespaces: {include: [team-a]}
    serviceAccountRef: {namespace: gate-system, name: pullpass}
    issuer: {publishTo: "${store.publishTo}", keyStateRef: {namespace: gate-system, name: pullpass-issuer}}
    registries:
      - name: google
        hosts: [europe-docker.pkg.dev]
        gcp:
          workloadIdentityProvider: ${provider}
          serviceAccountEmail: ${serviceAccountEmail}
          endpoints: {sts: "${sts}", iamCredentials: "${iamCredentials}"}`

for (const [name, openStore] of Object.entries(publicationStores)) {
  await withRealPart(
    `an API server, kubectl and ${name}`,
    () => startPublicationSetup({ openStore, keys: { signing: first, verifying: [first] }, puller: subject }),
    (setup) => {
      suite(`installed from a document whose issuer is public in ${name}`, () => {
        let installation: Installation
        before(async () => {
          await createNamespace(setup, 'team-a')
          await setup.publish()
          const flags = setup.store.manifestFlags
          installation = await install(setup, { namespace: 'gate-system', from: documentOf(setup), flags })
        })

        test('kubectl applies all of it without warnings of the API server', () => {
          assert.deepEqual([installation.applied.exitCode, installation.applied.stderr], [0, ''])
        })

        test('while every key is public, a run needs no permission to publish', async () => {
          const { exitCode, stderr } = await installation.refresh()
          assert.deepEqual([exitCode, stderr], [0, ''])
        })

        test('a token of a new key is held back while no publisher has permission', async () => {
          await setup.rotate({ signing: second, verifying: [second, first] })
          await deleteSecret(setup, 'team-a', 'regcred')
          const { exitCode, stderr } = await installation.refresh()
          assert.equal(exitCode, 1)
          assert.match(stderr, /^KEY_UNPUBLISHED .* could not be published: PUBLISH_DENIED: /)
          assert.equal(await setup.countPublishedKeys(), 1)
        })

        test('a Pod that started afterwards does not help: its own token is signed with the new key too', async () => {
          setup.store.allowPublishing(subject)
          await installation.startPod()
          const { exitCode, stderr } = await installation.refresh()
          assert.equal(exitCode, 1)
          assert.match(stderr, /^KEY_UNPUBLISHED .* could not be published: PUBLISH_DENIED: /)
          assert.equal(await setup.countPublishedKeys(), 1)
        })

        test('a Pod with a token of the old key publishes the new key with its own identity, and continues', async () => {
          await setup.rotate({ signing: first, verifying: [second, first] })
          await installation.startPod()
          await setup.rotate({ signing: second, verifying: [second, first] })
          const { exitCode, stdout, stderr } = await installation.refresh()
          assert.deepEqual([exitCode, stderr], [0, ''])
          assert.match(stdout, /team-a\/regcred .* (?:created|updated) /)
          assert.equal(await setup.countPublishedKeys(), 2)
        })
      })
    },
  )
}
