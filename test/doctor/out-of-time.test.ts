import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { runPullpass } from '../support/run-pullpass.ts'
import type { TestSandbox } from '../support/start-test-sandbox.ts'
import { startGround } from './ground.ts'

/** One server accepts requests and never responds; the run's deadline expires once it has accepted one. */
async function lookInVain(sandbox: TestSandbox, file: string, part: 'kubernetes' | 'sts' | 'registry', path = /^/) {
  const taken = Promise.withResolvers<boolean>()
  const when = (request: { readonly path: string }) => {
    const isMeant = path.test(request.path)
    if (isMeant) taken.resolve(true)
    return isMeant
  }
  const parts = { ...sandbox.parts, ...sandbox.gcp.parts }
  parts[part].faults.inject({ kind: 'stall', at: 'request' }, { when })
  const sleep = async (ms: number, signal: AbortSignal) => {
    if (ms === 30_000) await taken.promise
    signal.throwIfAborted()
  }
  const argv = ['doctor', '-f', file, '-n', 'team-a', '--timeout', '30s']
  const { stdout, stderr, exitCode } = await runPullpass(sandbox, argv, { sleep })
  assert.deepEqual([stderr, exitCode], ['', 1])
  const rows = stdout.slice(0, stdout.indexOf('\n\n')).split('\n').slice(1)
  return { stdout, results: rows.map((row) => row.split(/ +/).slice(0, 2).join(' ')) }
}

const seenOf = (results: readonly string[], result: string) =>
  results.filter((row) => row.endsWith(` ${result}`)).map((row) => row.split(' ')[0])

suite('doctor, when the time of its run is over,', () => {
  test('names an API server that accepts requests and does not respond, and skips the other checks', async (t) => {
    const { sandbox, file } = await startGround(t)
    const { stdout, results } = await lookInVain(sandbox, file, 'kubernetes')
    assert.deepEqual(seenOf(results, 'ok'), ['document'])
    assert.deepEqual(seenOf(results, 'failed'), ['cluster'])
    assert.equal(seenOf(results, 'skipped').length, results.length - 2)
    assert.match(stdout, /^TIMED_OUT \(cluster\): https:\S+: no response in time: the run did not end within 30s$/m)
  })

  test('names one that responds to all requests except those for Secrets', async (t) => {
    const { sandbox, file } = await startGround(t)
    const { results } = await lookInVain(sandbox, file, 'kubernetes', /\/secrets$/)
    assert.deepEqual(seenOf(results, 'ok'), ['document', 'cluster', 'subject-token', 'rights'])
    assert.deepEqual(seenOf(results, 'failed'), ['namespace'])
  })

  test('names a token service, and shows the results of earlier and independent checks', async (t) => {
    const { sandbox, file } = await startGround(t)
    const { stdout, results } = await lookInVain(sandbox, file, 'sts')
    assert.deepEqual(seenOf(results, 'failed'), ['exchange'])
    assert.deepEqual(seenOf(results, 'skipped'), ['registry', 'stored-credential', 'write'])
    assert.match(stdout, /^secret +ok +Secret team-a\/regcred: valid until /m)
    assert.match(
      stdout,
      /^ {2}fix: check the network and proxies between here and there, or give it longer: --timeout$/m,
    )
  })

  test('names the dry run of a Secret, and the webhooks that it may wait for', async (t) => {
    const { sandbox, file } = await startGround(t)
    const rules = [{ apiGroups: [''], apiVersions: ['v1'], resources: ['secrets'], operations: ['CREATE', 'UPDATE'] }]
    const items = [{ metadata: { name: 'labels' }, webhooks: [{ name: 'labels.example.com', rules }] }]
    sandbox.parts.kubernetes.faults.inject(
      { kind: 'response', response: { status: 200, body: { items } } },
      { when: ({ path }) => path.endsWith('/mutatingwebhookconfigurations') },
    )
    const { stdout, results } = await lookInVain(sandbox, file, 'kubernetes', /\/secrets\/regcred$/)
    assert.deepEqual(seenOf(results, 'failed'), ['write'])
    assert.match(
      stdout,
      /^TIMED_OUT \(write\): https:\S+: no response in time to the dry run of Secrets: the run did not end within 30s$/m,
    )
    assert.match(
      stdout,
      /^ {2}fix: the API server may be waiting for a webhook for Secrets: check whether these respond: labels\.example\.com \(MutatingWebhookConfiguration labels\), or give it longer: --timeout$/m,
    )
  })

  test('names a registry', async (t) => {
    const { sandbox, file } = await startGround(t)
    const { results } = await lookInVain(sandbox, file, 'registry')
    assert.deepEqual(seenOf(results, 'failed'), ['registry'])
    assert.deepEqual(seenOf(results, 'skipped'), ['stored-credential', 'write'])
  })
})
