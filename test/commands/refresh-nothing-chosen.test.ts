import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { documentText } from '../support/document-text.ts'
import { readPullSecret } from '../support/read-pull-secret.ts'
import { runPullpass } from '../support/run-pullpass.ts'
import { startTestSandbox } from '../support/start-test-sandbox.ts'

const warnings = (stderr: string) => stderr.replaceAll(/^\S+ /gm, '')

suite('a document that chooses no namespace', () => {
  test('is warned of, costs no exchange and is no failure', async (t) => {
    const sandbox = await startTestSandbox(t)
    const environment = { REGISTRY_SECRET_NAMESPACES: 'taem-*' }
    const { exitCode, stdout, stderr } = await runPullpass(sandbox, ['refresh'], { environment })
    assert.deepEqual([exitCode, stdout], [0, 'no namespace is chosen\n'])
    assert.equal(
      warnings(stderr),
      [
        'warn a glob matches no namespace document="regcred" source="the environment" glob="taem-*"',
        'warn a document chooses no namespace document="regcred" source="the environment"',
        '',
      ].join('\n'),
    )
    assert.equal(sandbox.parts.sts.seen.length, 0)
  })

  test('by its labels alone is the same, and programs get an empty list', async (t) => {
    const sandbox = await startTestSandbox(t)
    const text = documentText(sandbox).replace(
      /namespaces: .*/,
      'namespaces: {selector: {matchLabels: {images: private}}}',
    )
    const file = await sandbox.write('pull.yaml', text)
    const { exitCode, stdout, stderr } = await runPullpass(sandbox, ['refresh', '-f', file, '-o', 'json'])
    assert.deepEqual([exitCode, JSON.parse(stdout)], [0, { dryRun: false, outcomes: [] }])
    assert.match(warnings(stderr), /^warn a document chooses no namespace document="pull" source=".*pull\.yaml:1"\n$/)
  })

  test('beside a name that is not there fails, and the fix names the variable that holds it', async (t) => {
    const sandbox = await startTestSandbox(t)
    const environment = { REGISTRY_SECRET_NAMESPACES: 'taem-*,gone' }
    const { exitCode, stderr } = await runPullpass(sandbox, ['refresh'], { environment })
    assert.equal(exitCode, 1)
    assert.match(
      stderr,
      /^NAMESPACE_MISSING \(kubernetes\): namespace gone is not there, and the environment names it\n.*\n {2}fix: create it, or take its name out of REGISTRY_SECRET_NAMESPACES\n/m,
    )
  })

  for (const flags of [[], ['--min-remaining', '30m']]) {
    test(`keeps no other document from being written: refresh ${flags.join(' ')}`, async (t) => {
      const sandbox = await startTestSandbox(t)
      const empty = documentText(sandbox, {
        name: 'empty',
        include: ['taem-*'],
        registries: { direct: { host: 'us-docker.pkg.dev', account: 'none' } },
      })
      const file = await sandbox.write('two.yaml', `${empty}---\n${documentText(sandbox)}`)
      const { exitCode, stdout } = await runPullpass(sandbox, ['refresh', '-f', file, ...flags])
      assert.equal(exitCode, 0)
      assert.match(stdout, /^ClusterPullSecret\/pull +team-b\/regcred +google +written /m)
      assert.doesNotMatch(stdout, /empty/)
      assert.ok(readPullSecret(sandbox, 'team-a'))
    })
  }
})
