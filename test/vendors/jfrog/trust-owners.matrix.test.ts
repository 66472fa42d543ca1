import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { apply } from '../trust-runs.ts'
import { add, applyFirst, changeMapping, integrate, other, start } from './start-trust.ts'

suite('trust at JFrog:', () => {
  test('destroy leaves what is not its own, and what others use', async (t) => {
    const started = await start(t)
    const { jfrog, sandbox, run, reset, integrations, mappings } = started
    const destroyed = async () => {
      const { exitCode, stdout, stderr } = await run(['trust', 'destroy', '--yes'])
      assert.equal(exitCode, 0, stderr)
      return stdout
    }
    integrate(started)
    assert.match(await destroyed(), /^note: oidc\/cluster: pullpass did not create it$/m)
    reset()
    await applyFirst(started)
    changeMapping(started, () => ({ description: 'ours' }))
    assert.match(await destroyed(), /^note: oidc\/cluster\/\S+: pullpass did not create it$/m)
    assert.match(await destroyed(), /^note: oidc\/cluster: identity mappings use it: pullpass-\S+$/m)
    reset()
    await applyFirst(started)
    add(started, other({ claims: { sub: 'repo:acme/app' } }))
    assert.match(await destroyed(), /^note: oidc\/cluster: identity mappings use it: other$/m)
    assert.deepEqual([integrations().length, mappings().map(({ name }) => name)], [1, ['other']])
    reset()
    await jfrog.trust(sandbox.cluster.issuer)
    changeMapping(started, ({ token_spec }) => ({
      description: 'pullpass:000000000000 of another cluster',
      token_spec,
    }))
    assert.doesNotMatch(await destroyed(), /^removed/m)
  })

  test('a mapping that another owner changes during the run is read again', async (t) => {
    const started = await start(t)
    const { jfrog, sandbox, run, mappings } = started
    await jfrog.trust(sandbox.cluster.issuer)
    jfrog.settings.lifeSeconds = 60
    let reads = 0
    jfrog.parts.tokens.faults.inject(
      { kind: 'reset', at: 'request' },
      {
        when({ method, path }) {
          if (method === 'GET' && path.endsWith('/identity_mappings') && ++reads === 2)
            changeMapping(started, () => ({ description: 'changed' }))
          return false
        },
      },
    )
    const sleep = async (ms: number) => (ms >= 60_000 ? await new Promise<void>(() => undefined) : undefined)
    const applied = await run([...apply, '--no-verify', '--replace', 'lifetime'], { sleep })
    assert.equal(applied.exitCode, 0, applied.stderr + applied.stdout)
    assert.deepEqual([mappings()[0]?.description, jfrog.settings.lifeSeconds], ['changed', 3600])
  })

  test('an integration that another owner changes after the plan is read again', async (t) => {
    const started = await start(t)
    const { jfrog, run, integrations } = started
    await applyFirst(started)
    const [own] = integrations()
    assert.ok(own !== undefined)
    const set = (changes: object) =>
      void jfrog.state.integrations.set(own.name, { ...own, issuer_url: 'https://a.example.com', ...changes })
    set({})
    const prompt = async (question: string) => {
      if (question.includes('update integration')) set({ audience: 'changed' })
      return 'yes'
    }
    const applied = await run(['trust', 'apply', '--no-verify', '--replace', 'issuer'], { prompt })
    assert.equal(applied.exitCode, 0, applied.stderr + applied.stdout)
    assert.deepEqual([integrations()[0]?.issuer_url, integrations()[0]?.audience], [own.issuer_url, 'changed'])
  })

  test('another integration of the cluster that acts as the user is reported', async (t) => {
    const started = await start(t)
    const { jfrog, sandbox, run } = started
    const type = 'Generic OpenID Connect'
    jfrog.state.integrations.set('second', { name: 'second', issuer_url: sandbox.cluster.issuer, provider_type: type })
    const claims = { sub: 'system:serviceaccount:*' }
    add(started, other({ provider_name: 'second', claims, token_spec: { username: 'puller' } }))
    const { exitCode, stdout } = await run(['trust', 'plan'])
    assert.equal(exitCode, 0)
    assert.match(stdout, /system:serviceaccount:\* of https:\S+ also acts as it/)
  })

  test('the operator’s token is not sent where it is not of', async (t) => {
    const { jfrog, run } = await start(t)
    const { seen } = jfrog.parts.tokens
    const before = seen.length
    const missing = await run(['trust', 'plan'], { environment: { JFROG_ACCESS_TOKEN: undefined } })
    assert.match(
      missing.stderr,
      /^TRUST_CREDENTIALS_MISSING \(trust\): no credentials for JFrog were found: variable JFROG_ACCESS_TOKEN is not set$/m,
    )
    const malformed = await run(['trust', 'plan'], { environment: { JFROG_ACCESS_TOKEN: 'user:pass word'.repeat(4) } })
    assert.match(
      malformed.stderr,
      /^TRUST_CREDENTIALS_MISSING \(trust\): variable JFROG_ACCESS_TOKEN is not an access token$/m,
    )
    assert.doesNotMatch(malformed.stderr + malformed.stdout, /pass word/)
    const unnamed = await run(['trust', 'plan'], { environment: { JFROG_URL: undefined } })
    assert.match(
      unnamed.stderr,
      /^TRUST_CREDENTIALS_MISSING \(trust\): variable JFROG_URL is not set, and the document names https:\/\/127\.0\.0\.1:\d+: variable JFROG_ACCESS_TOKEN was not sent there\n.*\n {2}fix: .*: export JFROG_URL=https:\/\/127\.0\.0\.1:\d+$/m,
    )
    assert.equal(unnamed.stderr.match(/^TRUST_/gm)?.length, 1)
    const elsewhere = await run(['trust', 'plan'], { environment: { JFROG_URL: 'https://acme.jfrog.io/' } })
    assert.match(
      elsewhere.stderr,
      /^TRUST_CREDENTIALS_MISSING \(trust\): variable JFROG_URL is "https:\/\/acme\.jfrog\.io\/", and the document names https:\/\/127\.0\.0\.1:\d+: variable JFROG_ACCESS_TOKEN was not sent there$/m,
    )
    assert.equal(seen.length, before)
    const doctor = await run(['doctor'], { environment: { JFROG_URL: undefined } })
    assert.match(
      doctor.stdout,
      /^ {2}fix: user users\/puller could not be read with your own credentials: variable JFROG_URL is not set, .*: export JFROG_URL=https:\/\/127\.0\.0\.1:\d+; or check its name in the documents$/m,
    )
    const same = await run(['trust', 'plan'], { environment: { JFROG_URL: `${jfrog.url}/` } })
    assert.equal(same.exitCode, 0, same.stderr)
  })
})
