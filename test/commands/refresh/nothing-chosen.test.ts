import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { documentText } from '../../support/document-text.ts'
import { readPullSecret } from '../../support/read-pull-secret.ts'
import { runPullpass } from '../../support/run-pullpass.ts'
import { startTestSandbox, type TestSandbox } from '../../support/start-test-sandbox.ts'

const warnings = (stderr: string) => stderr.replaceAll(/^\S+ /gm, '')

/** A document that selects namespaces by a label that no namespace has, with more lines of `namespaces`. */
const bySelector = (sandbox: TestSandbox, more = '') =>
  documentText(sandbox).replace(/namespaces: .*/, `namespaces: {selector: {matchLabels: {images: private}}${more}}`)

suite('a document that selects no namespace', () => {
  test('fails the run, without an exchange, and names its globs', async (t) => {
    const sandbox = await startTestSandbox(t)
    const environment = { REGISTRY_SECRET_NAMESPACES: 'taem-*' }
    const { exitCode, stdout, stderr } = await runPullpass(sandbox, ['refresh'], { environment })
    assert.equal(exitCode, 1)
    assert.match(stdout, /^ClusterPullSecret\/regcred +\(no namespace\)\/regcred +failed *$/m)
    assert.equal(
      stderr,
      [
        'NAMESPACES_EMPTY (kubernetes): ClusterPullSecret regcred (the environment) selects no namespace: no namespace matches "taem-*"',
        '  expected at least one namespace to write to',
        '  fix: correct REGISTRY_SECRET_NAMESPACES; if an empty selection is intended: --allow-empty',
        '',
      ].join('\n'),
    )
    assert.equal(sandbox.gcp.parts.sts.seen.length, 0)
  })

  test('by its labels alone fails too, and -o json has a Secret without a namespace', async (t) => {
    const sandbox = await startTestSandbox(t)
    const file = await sandbox.write('pull.yaml', bySelector(sandbox))
    const { exitCode, stdout, stderr } = await runPullpass(sandbox, ['refresh', '-f', file, '-o', 'json'])
    assert.equal(exitCode, 1)
    const { secrets } = JSON.parse(stdout)
    assert.equal(secrets.length, 1)
    assert.equal('namespace' in secrets[0], false)
    assert.deepEqual([secrets[0].document, secrets[0].result], ['ClusterPullSecret/pull', 'failed'])
    assert.match(stderr, /^NAMESPACES_EMPTY .*: ClusterPullSecret pull \(.*pull\.yaml:1\) selects no namespace\n/)
    assert.match(
      stderr,
      /\n {2}fix: correct spec\.namespaces; .*spec\.namespaces\.emptyPolicy: Allow, or --allow-empty\n/,
    )
  })

  for (const { title, more, flags } of [
    { title: 'with emptyPolicy: Allow', more: ', emptyPolicy: Allow', flags: [] },
    { title: 'with --allow-empty', more: '', flags: ['--allow-empty'] },
  ]) {
    test(`${title} is skipped, and the run succeeds`, async (t) => {
      const sandbox = await startTestSandbox(t)
      const file = await sandbox.write('pull.yaml', bySelector(sandbox, more))
      const { exitCode, stdout, stderr } = await runPullpass(sandbox, ['refresh', '-f', file, ...flags])
      assert.deepEqual([exitCode, stderr], [0, ''])
      assert.match(stdout, /\(no namespace\)\/regcred +skipped +no namespace is selected, which is allowed$/m)
      assert.equal(sandbox.gcp.parts.sts.seen.length, 0)
    })
  }

  test('is not allowed by a field or flag that has no effect on plain names', async (t) => {
    const sandbox = await startTestSandbox(t)
    const text = documentText(sandbox).replace('namespaces: {', 'namespaces: {emptyPolicy: Allow, ')
    const byField = await runPullpass(sandbox, ['refresh', '-f', await sandbox.write('field.yaml', text)])
    assert.equal(byField.exitCode, 2)
    assert.match(byField.stderr, /spec\.namespaces\.emptyPolicy is Allow, but include contains only names/)

    const byFlag = await runPullpass(sandbox, ['refresh', '--allow-empty'])
    assert.equal(byFlag.exitCode, 2)
    assert.match(
      byFlag.stderr,
      /^USAGE_INVALID \(run\): --allow-empty has no effect: all documents select namespaces only by name\n/,
    )
  })

  test('and a name that does not exist fails, and the fix names the variable that contains it', async (t) => {
    const sandbox = await startTestSandbox(t)
    const environment = { REGISTRY_SECRET_NAMESPACES: 'taem-*,gone' }
    const { exitCode, stderr } = await runPullpass(sandbox, ['refresh'], { environment })
    assert.equal(exitCode, 1)
    assert.equal(
      warnings(stderr).split('\n')[0],
      'warn a glob matches no namespace document="regcred" source="the environment" glob="taem-*"',
    )
    assert.match(
      stderr,
      /^NAMESPACE_NOT_FOUND \(kubernetes\): namespace gone does not exist, and the environment names it\n.*\n {2}fix: create it, or take its name out of REGISTRY_SECRET_NAMESPACES\n/m,
    )
  })

  for (const flags of [[], ['--min-remaining', '30m']]) {
    test(`does not prevent other documents from being applied: refresh ${flags.join(' ')}`, async (t) => {
      const sandbox = await startTestSandbox(t)
      const empty = documentText(sandbox, {
        name: 'empty',
        include: ['taem-*'],
        registries: { direct: { host: 'us-docker.pkg.dev', account: 'none' } },
      })
      const file = await sandbox.write('two.yaml', `${empty}---\n${documentText(sandbox)}`)
      const { exitCode, stdout } = await runPullpass(sandbox, ['refresh', '-f', file, ...flags])
      assert.equal(exitCode, 1)
      assert.match(stdout, /^ClusterPullSecret\/pull +team-b\/regcred +google +created /m)
      assert.match(stdout, /^ClusterPullSecret\/empty +\(no namespace\)\/regcred +failed/m)
      assert.ok(readPullSecret(sandbox, 'team-a'))
    })
  }
})
