/** What a tenant reads about its PullSecret in the Events of its namespace. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { TestSandbox } from '../../support/start-test-sandbox.ts'
import { writePullSecret } from '../custom-resource.ts'
import { advanceUntil, until } from '../virtual-time.ts'
import { audience, limits, readyOf, second, startTenants, tokenRequests } from './start-tenants.ts'

suite('a PullSecret', () => {
  test('that fails has an Event, which its tenant reads', async (t) => {
    const tenants = (sandbox: TestSandbox) => ({ ...limits(sandbox), serviceAccounts: ['absent'] })
    const { sandbox, start, time } = await startTenants(t, { tenants })
    await start()
    const { metadata } = writePullSecret(sandbox, { namespace: 'team-a', spec: { serviceAccountName: 'absent' } })
    const events = () => sandbox.cluster.store.list('Event').filter((one) => one.metadata.namespace === 'team-a')
    await advanceUntil(time, second('the Event'), () => events().length > 0)
    const { involvedObject, reason } = JSON.parse(JSON.stringify(events()[0]))
    assert.deepEqual(
      [involvedObject.kind, involvedObject.name, involvedObject.uid, reason],
      ['PullSecret', 'pull', metadata.uid, 'TokenRequestRefused'],
    )
  })

  test('that fails in many ways has twenty Events in its namespace, and leaves those of another one to it', async (t) => {
    const tenants = (sandbox: TestSandbox) => ({ ...limits(sandbox), serviceAccounts: ['absent'] })
    const { sandbox, start } = await startTenants(t, { tenants })
    const gcp = { workloadIdentityProvider: audience.replace('//iam.googleapis.com/', '') }
    const of = (namespace: string, index: number) => {
      const registries = [
        { name: `r${index}`, hosts: ['europe-docker.pkg.dev'], gcp: { ...gcp, stsRegion: `europe-west${index}` } },
      ]
      writePullSecret(sandbox, { namespace, name: `pull-${index}`, spec: { serviceAccountName: 'absent', registries } })
    }
    for (let index = 0; index < 30; index++) of('team-a', index)
    await start()
    const count = (namespace: string) => sandbox.cluster.store.list('Event', namespace).length
    await until('the limit', () => count('team-a') === 20 && tokenRequests(sandbox).length >= 30)
    of('team-b', 1)
    await until('the Event of the other namespace', () => count('team-b') === 1)
    assert.equal(count('team-a'), 20)
  })

  test('that is not permitted has one Event in its namespace, with the flag', async (t) => {
    const { sandbox, start, time, whenReady } = await startTenants(t)
    await start()
    const { metadata } = writePullSecret(sandbox, { namespace: 'team-a', spec: { serviceAccountName: 'default' } })
    await whenReady('team-a', 'NotPermitted')
    const events = () => sandbox.cluster.store.list('Event').map((one) => JSON.parse(JSON.stringify(one)))
    await advanceUntil(time, second('the Event'), () => events().length > 0)
    writePullSecret(sandbox, { namespace: 'team-a', spec: { serviceAccountName: 'other' } })
    await advanceUntil(time, second('the change'), () => /is other,/.test(readyOf(sandbox, 'team-a')?.message ?? ''))
    const [{ involvedObject, reason, message }, ...others] = events()
    assert.deepEqual(
      [involvedObject.kind, involvedObject.namespace, involvedObject.uid, reason, others.length],
      ['PullSecret', 'team-a', metadata.uid, 'DocumentInvalid', 0],
    )
    assert.match(message, /fix: .* --tenant-service-account default$/)
  })
})
