/** `conflictPolicy: Adopt` of documents that claim one Secret: it stays with one of them. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { dockerConfigData } from '../../commands/refresh/write-as.ts'
import { readPullSecret } from '../../support/read-pull-secret.ts'
import { deleteResource, readyOf, writeResource } from '../custom-resource.ts'
import { startControllerTest } from '../start-test-controller.ts'
import { advanceUntil, until } from '../virtual-time.ts'

const second = (description: string) => ({ stepMs: 1_000, description })
const step = (description: string) => ({ stepMs: 10_000, description })
const adopting = { conflictPolicy: 'Adopt', secretName: 'regcred' }

suite('a ClusterPullSecret with conflictPolicy: Adopt', () => {
  test('takes over no Secret of another document that is in use, and takes it over afterwards', async (t) => {
    const { sandbox, start, time } = await startControllerTest(t, { document: 'none' })
    sandbox.cluster.installDefinitions()
    writeResource(sandbox)
    const { whenFresh } = await start()
    await whenFresh(2)
    const before = readPullSecret(sandbox, 'team-a')
    writeResource(sandbox, { name: 'other', spec: { conflictPolicy: 'Adopt', secretName: 'regcred' } })
    await advanceUntil(time, second('the refusal'), () => readyOf(sandbox, 'other')?.reason === 'WriteFailed')
    assert.match(
      readyOf(sandbox, 'other')?.message ?? '',
      /^0 of 2 namespaces are fresh: SECRET_NOT_OURS: Secret team-a\/regcred was written by pullpass for ClusterPullSecret\/pull /,
    )
    assert.deepEqual([readPullSecret(sandbox, 'team-a'), readyOf(sandbox)?.reason], [before, 'Fresh'])
    await deleteResource(sandbox)
    await advanceUntil(time, step('the other one'), () => readyOf(sandbox, 'other')?.reason === 'Fresh')
  })

  test('and another one that start at the same moment: one has the Secret of each namespace, and the other reports it', async (t) => {
    const namespaces = Array.from({ length: 20 }, (_, index) => `team-${index}`)
    const { sandbox, start, time } = await startControllerTest(t, { document: 'none', namespaces })
    const { cluster } = sandbox
    cluster.installDefinitions()
    const data = dockerConfigData('europe-docker.pkg.dev', 'by:hand')
    const type = 'kubernetes.io/dockerconfigjson'
    for (const namespace of namespaces)
      cluster.seed({ apiVersion: 'v1', kind: 'Secret', type, data, metadata: { namespace, name: 'regcred' } })
    for (const name of ['one', 'two']) writeResource(sandbox, { name, spec: adopting })
    const ownerIn = (namespace: string) => readPullSecret(sandbox, namespace)?.annotations['pullpass.dev/document']
    const owners = () => namespaces.map(ownerIn)
    const { metric } = await start()
    await until('the owners', () => owners().every((owner) => owner !== undefined))
    await until('the queue', () => metric('queue_depth') === 0)
    const first = owners()
    const readies = () => ['one', 'two'].map((name) => readyOf(sandbox, name))
    await advanceUntil(time, second('the status'), () =>
      readies().every((one) => one?.reason === 'WriteFailed' || one?.reason === 'Fresh'),
    )
    const refused = readies().find((one) => one?.reason === 'WriteFailed')
    assert.match(
      refused?.message ?? '',
      /SECRET_NOT_OURS: .* was written by pullpass for ClusterPullSecret\/(?:one|two) /,
    )
    for (let seconds = 0; seconds < 900; seconds += 10) await advanceUntil(time, step('time'), () => true)
    await until('the queue', () => metric('queue_depth') === 0)
    assert.deepEqual(owners(), first)
    assert.equal(metric('writes_total{result="updated"}'), namespaces.length) // each was taken over once
  })
})
