/** How much of the controller the PullSecrets of one namespace can use. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { readTenant, writePullSecret } from '../custom-resource.ts'
import { seededRandom } from '../faults/random-run.ts'
import { advanceUntil, until } from '../virtual-time.ts'
import { audience, limits, readyOf, startTenants, statusOf } from './start-tenants.ts'

suite('a PullSecret of many', () => {
  test('is one of at most 100 in a namespace: of another one the status states it, and a place that is free is used', async (t) => {
    const { sandbox, start, whenReady } = await startTenants(t)
    for (let index = 0; index < 102; index++)
      writePullSecret(sandbox, { namespace: 'team-a', name: `pull-${index + 100}`, spec: { secretName: 'othercred' } })
    await start()
    writePullSecret(sandbox, { namespace: 'team-b' })
    await whenReady('team-b', 'Fresh')
    assert.match(await whenReady('team-a', 'NotPermitted', 'pull-199'), /--secret-name/)
    assert.match(await whenReady('team-a', 'Invalid', 'pull-200'), /has more than 100 PullSecrets/)
    sandbox.cluster.store.remove(readTenant(sandbox, 'team-a', 'pull-100') ?? assert.fail())
    writePullSecret(sandbox, { namespace: 'team-a', name: 'pull-200', spec: { secretName: 'anothercred' } })
    assert.match(await whenReady('team-a', 'NotPermitted', 'pull-200'), /--secret-name anothercred/)
  })

  test('has its status within few writes, while hundreds of another namespace wait for theirs', async (t) => {
    const { sandbox, start, hasSecret, whenReady } = await startTenants(t)
    for (const index of Array(300).keys())
      writePullSecret(sandbox, {
        namespace: 'team-a',
        name: `pull-${index + 100}`,
        spec: { serviceAccountName: 'default' },
      })
    const { metric } = await start()
    const written = () =>
      sandbox.parts.kubernetes.seen.filter(({ path }) => /team-a\/pullsecrets\/.*\/status/.test(path)).length
    await until('the list', () => (metric('resources_invalid') ?? 0) >= 100)
    await whenReady('team-a', 'NotPermitted', 'pull-100')
    writePullSecret(sandbox, { namespace: 'team-b' })
    await until('its Secret', () => hasSecret('team-b'))
    const before = written()
    await whenReady('team-b', 'Fresh')
    assert.ok(before <= 40 && written() <= 60, `${before}, then ${written()}`)
    for (const index of [101, 199]) await whenReady('team-a', 'NotPermitted', `pull-${index}`)
    await whenReady('team-a', 'Invalid', 'pull-200')
  })
})

/** Settings of a credential of their own. */
const registriesOf = (index: number) => {
  const workloadIdentityProvider = audience.replace('//iam.googleapis.com/', '')
  const gcp = { workloadIdentityProvider, stsRegion: `europe-west${index}` }
  return [{ name: 'google', hosts: ['europe-docker.pkg.dev'], gcp }]
}

suite('changes of the PullSecrets of a namespace', () => {
  test('can be of all of them together, without a wait; and none waits for more than an hour', async (t) => {
    const { sandbox, start, time, exchanges, whenReady } = await startTenants(t)
    const { stop } = await start()
    const most = 90
    const change = async (round: number) => {
      const before = exchanges()
      for (let index = 0; index < most; index++) {
        const spec = { registries: registriesOf(round * 1_000 + index) }
        writePullSecret(sandbox, { namespace: 'team-a', name: `pull-${index}`, spec })
      }
      return before + most
    }
    const created = await change(0)
    await until('the exchanges', () => exchanges() === created)
    const changed = await change(1)
    await until('the exchanges of the changed ones', () => exchanges() === changed)
    await change(2)
    await whenReady('team-a', 'ExchangesLimited', `pull-${most - 1}`)
    for (let round = 3; round < 6; round++) await change(round)
    const sinceMs = time.elapsedMs()
    const all = exchanges() + most - 1
    await advanceUntil(time, { stepMs: 60_000, description: 'the exchanges that waited' }, () => exchanges() >= all)
    const minutes = (time.elapsedMs() - sinceMs) / 60_000
    assert.ok(minutes > 25 && minutes <= 62, `${minutes} min`)
    await stop()
  })

  test('cost 60 exchanges, then one in a minute; others and refreshes do not wait', async (t) => {
    const { sandbox, start, time, exchanges, whenReady, hasSecret } = await startTenants(t)
    const { stop } = await start()
    const change = (index: number) =>
      void writePullSecret(sandbox, { namespace: 'team-a', name: 'changed', spec: { registries: registriesOf(index) } })
    for (let index = 0; exchanges() <= 60; index++) {
      const before = exchanges()
      change(index)
      await until(`exchange ${index}`, () => exchanges() > before)
    }
    change(100)
    const message = await whenReady('team-a', 'ExchangesLimited', 'changed')
    assert.match(
      message,
      /^0 of 1 namespace is fresh: QUOTA_EXCEEDED: PullSecrets of namespace team-a were changed .* new settings is at 2026-11-24T12:0\d:\d\dZ; expected at most 60 changes .*; fix: no action if this is temporary/,
    )
    const used = exchanges()
    writePullSecret(sandbox, { namespace: 'team-b' })
    await until('the Secret of another namespace', () => hasSecret('team-b'))
    for (let index = 101; index < 1_000; index++) change(index)
    await whenReady('team-b', 'Fresh')
    const afterMs = time.elapsedMs()
    await whenReady('team-a', 'Fresh', 'changed')
    const minutes = Math.ceil((time.elapsedMs() - afterMs) / 60_000)
    t.diagnostic(`1,000 changes cost ${exchanges() - 1} exchanges, the last one ${minutes} min later`)
    assert.ok(minutes <= 2, `${minutes} min`)
    assert.equal(exchanges(), used + 2)
    const before = exchanges()
    await advanceUntil(time, { stepMs: 60_000, description: 'the refreshes' }, () => exchanges() >= before + 2)
    await stop()
  })
})

/** Milliseconds. */
const minute = 60_000

suite('1,600 settings of a namespace that the cloud refuses', { timeout: 300_000 }, () => {
  test('cost it six requests a minute; what is valid, in that namespace or another one, is refreshed when it is due', async (t) => {
    const refusedAudience = audience.replace(/cluster$/, 'refused')
    const { sandbox, start, time, exchanges, whenReady } = await startTenants(t, {
      random: seededRandom(1),
      tenants: (one) => ({
        ...limits(one),
        secretNames: ['regcred', 'workcred'],
        audiences: [audience, refusedAudience],
      }),
    })
    const { stop, metric } = await start()
    writePullSecret(sandbox, { namespace: 'team-a', name: 'works', spec: { secretName: 'workcred' } })
    writePullSecret(sandbox, { namespace: 'team-b' })
    await whenReady('team-a', 'Fresh', 'works')
    await whenReady('team-b', 'Fresh')
    const due = ['team-a', 'team-b'].map(
      (namespace) => statusOf(sandbox, namespace, namespace === 'team-a' ? 'works' : 'pull')?.nextRefreshAt ?? '',
    )
    const workloadIdentityProvider = refusedAudience.replace('//iam.googleapis.com/', '')
    const refusedRegistries = (first: number) =>
      Array.from({ length: 16 }, (_, index) => ({
        name: `r${index}`,
        hosts: [`r${index}-docker.pkg.dev`],
        gcp: { workloadIdentityProvider, stsRegion: `europe-west${first + index}` },
      }))
    for (let index = 0; index < 98; index++)
      writePullSecret(sandbox, {
        namespace: 'team-a',
        name: `pull-${index}`,
        spec: { registries: refusedRegistries(index * 16) },
      })
    await until('the first exchanges', () => exchanges() === 2 + 98 * 16)
    const pass = async (minutes: number) => {
      const endsMs = time.elapsedMs() + minutes * minute
      for (let atMs = time.elapsedMs(); atMs < endsMs; atMs += minute) {
        const nextMs = Math.min(endsMs, atMs + minute)
        await advanceUntil(time, { stepMs: 5_000, description: 'a minute' }, () => time.elapsedMs() >= nextMs)
      }
    }
    await pass(15)
    const before = exchanges()
    await pass(15)
    const perMinute = (exchanges() - before) / 15
    t.diagnostic(`${perMinute} requests a minute, ${metric('tenants_exchanges_waiting')} retries wait`)
    assert.ok(perMinute <= 6.5, `${perMinute} a minute`)
    assert.ok((metric('tenants_exchanges_waiting') ?? 0) > 1_000)
    assert.match(readyOf(sandbox, 'team-a', 'pull-0')?.message ?? '', /further attempts wait: /)
    const refreshedAt = (namespace: string, name: string) =>
      sandbox.cluster.store.read('Secret', namespace, name)?.metadata.annotations?.['pullpass.dev/refreshed-at'] ?? ''
    await pass(20)
    const late = [refreshedAt('team-a', 'workcred'), refreshedAt('team-b', 'regcred')].map(
      (at, index) => Date.parse(at) - Date.parse(due[index] ?? ''),
    )
    t.diagnostic(`refreshed ${late.join(' and ')} ms after they were due`)
    assert.ok(
      late.every((ms) => ms >= 0 && ms <= 5_000),
      late.join(),
    )
    await stop()
  })
})
