/** A cluster that moves from the variables of the script to a document, while pods continue to pull. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { documentText } from '../../support/document-text.ts'
import { readPullSecret } from '../../support/read-pull-secret.ts'
import { runPullpass } from '../../support/run-pullpass.ts'
import { startTestSandbox, type TestSandbox } from '../../support/start-test-sandbox.ts'

const host = 'europe-docker.pkg.dev'
const variables = { environment: { REGISTRY_HOSTS: host } }
const minRemaining = ['--min-remaining', '35m']

const exchangesOf = ({ gcp }: TestSandbox) => gcp.parts.sts.seen.length

async function startOnVariables(...[t]: Parameters<typeof startTestSandbox>) {
  const sandbox = await startTestSandbox(t)
  const run = await runPullpass(sandbox, ['refresh'], variables)
  assert.equal(run.exitCode, 0, run.stderr)
  assert.equal(exchangesOf(sandbox), 1)
  return sandbox
}

suite('moving from the variables to a document', () => {
  for (const [title, name, registry] of [
    ['of the same name', 'regcred', 'google'],
    ['of another name', 'artifact-registry', 'google'],
    ['of other names for itself and its registry', 'artifact-registry', 'gar'],
  ] as const) {
    test(`${title} costs no exchange while the Secrets are fresh, and then updates them in place`, async (t) => {
      const sandbox = await startOnVariables(t)
      const before = readPullSecret(sandbox, 'team-a')
      const text = documentText(sandbox, { name, registries: { [registry]: { host } } })
      const file = await sandbox.write('pull.yaml', text)
      const refresh = async () => await runPullpass(sandbox, ['refresh', '-f', file, ...minRemaining])

      const fresh = await refresh()
      assert.deepEqual([fresh.exitCode, fresh.stderr], [0, ''])
      assert.match(fresh.stdout, new RegExp(`team-a/regcred +${registry} +unchanged +2026-11-24T13:00:00Z`))
      assert.equal(exchangesOf(sandbox), 1)
      assert.deepEqual(readPullSecret(sandbox, 'team-a'), before)

      sandbox.clock.advance('30 min')
      const due = await refresh()
      assert.deepEqual([due.exitCode, due.stderr], [0, ''])
      assert.match(due.stdout, new RegExp(`team-a/regcred +${registry} +updated`))
      assert.equal(exchangesOf(sandbox), 2)
      const after = readPullSecret(sandbox, 'team-a')
      assert.equal(after?.uid, before?.uid)
      assert.deepEqual(after?.managers.toSorted()[0], `pullpass:ClusterPullSecret:${name}`)
      assert.equal(after?.annotations['pullpass.dev/document'], `ClusterPullSecret/${name}`)
    })
  }

  test('is reported in the summary, and a later run with the variables is refused', async (t) => {
    const sandbox = await startOnVariables(t)
    const text = documentText(sandbox, { name: 'artifact-registry', registries: { google: { host } } })
    const file = await sandbox.write('pull.yaml', text)
    const fresh = await runPullpass(sandbox, ['refresh', '-f', file, ...minRemaining])
    assert.match(fresh.stdout, /written from the environment variables; taken over when it is due/)
    const moved = await runPullpass(sandbox, ['refresh', '-f', file])
    assert.match(moved.stdout, /team-b\/regcred +google +updated .*taken over from the environment variables/)
    const before = readPullSecret(sandbox, 'team-a')

    const forgotten = await runPullpass(sandbox, ['refresh'], variables)
    assert.equal(forgotten.exitCode, 1)
    assert.match(
      forgotten.stderr,
      /^SECRET_NOT_OURS .* was written by pullpass for ClusterPullSecret\/artifact-registry \(/,
    )
    assert.match(
      forgotten.stderr,
      /\n {2}fix: stop this run if ClusterPullSecret\/artifact-registry replaces the variables; /,
    )
    assert.deepEqual(readPullSecret(sandbox, 'team-a'), before)
  })

  test('keeps the last good credential while Google fails', async (t) => {
    const sandbox = await startOnVariables(t)
    const before = readPullSecret(sandbox, 'team-a')
    sandbox.gcp.parts.sts.faults.inject({ kind: 'reset', at: 'request' })
    const text = documentText(sandbox, { name: 'artifact-registry', registries: { google: { host } } })
    const run = await runPullpass(sandbox, ['refresh', '-f', await sandbox.write('pull.yaml', text)])
    assert.equal(run.exitCode, 1)
    assert.match(run.stdout, /team-a\/regcred +google +failed, kept +2026-11-24T13:00:00Z/)
    assert.deepEqual(readPullSecret(sandbox, 'team-a'), before)
  })

  test('leaves doctor with nothing to report before and after the Secrets are taken over', async (t) => {
    const sandbox = await startOnVariables(t)
    const registryHost = `localhost:${sandbox.parts.registry.port}`
    const environment = { REGISTRY_HOSTS: registryHost }
    await runPullpass(sandbox, ['refresh'], { environment })
    const text = documentText(sandbox, { name: 'artifact-registry', registries: { gar: { host: registryHost } } })
    const file = await sandbox.write('pull.yaml', text)
    for (const when of ['before', 'after']) {
      const { stdout } = await runPullpass(sandbox, ['doctor', '-f', file])
      assert.doesNotMatch(stdout, /SECRET_/, when)
      assert.match(stdout, /^secret +ok/m)
      await runPullpass(sandbox, ['refresh', '-f', file])
    }
  })
})

test('Secrets of another document in many namespaces are reported once, with the command that moves them', async (t) => {
  const namespaces = Array.from({ length: 40 }, (_, index) => `team-${index}`)
  const sandbox = await startTestSandbox(t, { namespaces })
  const [first = '', second = ''] = await Promise.all(
    ['first', 'second'].map((name) =>
      sandbox.write(`${name}.yaml`, documentText(sandbox, { name, include: ['team-*'] })),
    ),
  )
  await runPullpass(sandbox, ['refresh', '-f', first])
  const { exitCode, stderr } = await runPullpass(sandbox, ['refresh', '-f', second])
  assert.equal(exitCode, 1)
  assert.equal(stderr.match(/SECRET_NOT_OURS/g)?.length, 1)
  assert.match(stderr, /\n {2}affects 40 namespaces: team-0, .*, and 30 more\n$/)
  const [, command = ''] = /then once: pullpass (.*?);/.exec(stderr) ?? []
  assert.equal((await runPullpass(sandbox, command.split(' '))).exitCode, 0)
  assert.equal(readPullSecret(sandbox, 'team-39')?.annotations['pullpass.dev/document'], 'ClusterPullSecret/second')

  const json = await runPullpass(sandbox, ['refresh', '-f', first, '--log-format', 'json'])
  assert.equal(json.stderr.trimEnd().split('\n').length, 40)
})
