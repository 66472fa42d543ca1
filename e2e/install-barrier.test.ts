/**
 * What `pullpass manifests` prints for a document that says where its issuer is public, in a real API server: in a rotation
 * the CronJob publishes the new key as itself, without a key of anybody's, before a token of it is exchanged.
 */
import assert from 'node:assert/strict'
import { before, suite, test } from 'node:test'
import { barrierStores } from './install/barrier-stores.ts'
import { makeNamespace, removeSecret } from './install/furnish.ts'
import { type Installation, install } from './install/install.ts'
import { type BarrierStage, provider, serviceAccountEmail, startBarrierStage } from './install/start-barrier-stage.ts'
import { generateSigningKey } from './parts/control-plane/write-key-files.ts'
import { withRealPart } from './parts/real-part.ts'

const [first, second] = [generateSigningKey(), generateSigningKey()]
const subject = 'system:serviceaccount:barrier-system:pullpass'

const documentOf = ({ store, endpoints: { sts, iamCredentials } }: BarrierStage) => `
  apiVersion: pullpass.dev/v1alpha1
  kind: ClusterPullSecret
  metadata: {name: regcred}
  spec:
    namespaces: {include: [team-a]}
    serviceAccountRef: {namespace: barrier-system, name: pullpass}
    issuer: {publishTo: "${store.publishTo}", memoryRef: {namespace: barrier-system, name: pullpass-issuer}}
    registries:
      - name: google
        hosts: [europe-docker.pkg.dev]
        gcp:
          workloadIdentityProvider: ${provider}
          serviceAccountEmail: ${serviceAccountEmail}
          endpoints: {sts: "${sts}", iamCredentials: "${iamCredentials}"}`

for (const [name, openStore] of Object.entries(barrierStores)) {
  await withRealPart(
    `an API server, kubectl and ${name}`,
    () => startBarrierStage({ openStore, keys: { signing: first, verifying: [first] }, puller: subject }),
    (stage) => {
      suite(`installed from a document whose issuer is public in ${name}`, () => {
        let installation: Installation
        before(async () => {
          await makeNamespace(stage, 'team-a')
          await stage.publish()
          const wanted = { namespace: 'barrier-system', from: documentOf(stage), words: stage.store.words }
          installation = await install(stage, wanted)
        })

        test('kubectl applies all of it, and the API server warns of nothing', () => {
          assert.deepEqual([installation.applied.exitCode, installation.applied.stderr], [0, ''])
        })

        test('while every key is public, a run needs no right to publish', async () => {
          const { exitCode, stderr } = await installation.refresh()
          assert.deepEqual([exitCode, stderr], [0, ''])
        })

        test('a token of a new key is held back as long as nobody may publish it', async () => {
          await stage.rotate({ signing: second, verifying: [second, first] })
          await removeSecret(stage, 'team-a', 'regcred')
          const { exitCode, stderr } = await installation.refresh()
          assert.equal(exitCode, 1)
          assert.match(stderr, /^KEY_UNPUBLISHED .* could not be published: PUBLISH_DENIED: /)
          assert.equal(await stage.published(), 1)
        })

        test('nor does a Pod help that started after it: its own token is of the new key too', async () => {
          stage.store.letPublish(subject)
          await installation.startPod()
          const { exitCode, stderr } = await installation.refresh()
          assert.equal(exitCode, 1)
          assert.match(stderr, /^KEY_UNPUBLISHED .* could not be published: PUBLISH_DENIED: /)
          assert.equal(await stage.published(), 1)
        })

        test('a Pod whose own token is of the old key publishes the new one as itself, and goes on', async () => {
          await stage.rotate({ signing: first, verifying: [second, first] })
          await installation.startPod()
          await stage.rotate({ signing: second, verifying: [second, first] })
          const { exitCode, stdout, stderr } = await installation.refresh()
          assert.deepEqual([exitCode, stderr], [0, ''])
          assert.match(stdout, /team-a\/regcred .* (?:created|updated) /)
          assert.equal(await stage.published(), 2)
        })
      })
    },
  )
}
