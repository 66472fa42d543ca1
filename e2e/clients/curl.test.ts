/** The scripts of `trust plan -o curl` with the real curl: what its imitation in test/support/run-curl-script.ts claims. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runCurlScript } from '../../test/support/run-curl-script.ts'
import { start } from '../../test/vendors/quay/start-trust.ts'
import { findInstalledProgram } from '../parts/process/find-program.ts'
import { absentPart } from '../parts/real-part.ts'

test('curl runs the printed script, and a refusal is shown with the step that failed', async (t) => {
  try {
    findInstalledProgram('curl', 'curl')
  } catch (fault) {
    t.skip(absentPart(fault).message)
    return
  }
  const { sandbox, quay, run, entries, role } = await start(t)
  const { stdout: script } = await run(['trust', 'plan', '-o', 'curl'])
  assert.deepEqual(await runCurlScript(sandbox, script, 'real'), { exitCode: 0, stdout: '', stderr: '' })
  assert.deepEqual([entries().length, role()], [1, 'read'])
  const { exitCode, stderr } = await runCurlScript(sandbox, script, 'real')
  assert.equal(exitCode, 1)
  assert.match(
    stderr,
    /^Quay responded with 400:\n\{.*Existing robot with name.*\}\nfailed: create robot account .*\n.*\n$/,
  )
  quay.operator.state = 'expired'
  assert.match((await runCurlScript(sandbox, script, 'real')).stderr, /^Quay responded with 401:\n.*\nfailed: create /)
  await quay.parts.tokens.close()
  assert.match((await runCurlScript(sandbox, script, 'real')).stderr, /^curl: \(7\) .*\nfailed: create /)
})
