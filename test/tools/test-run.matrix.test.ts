import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, type TestContext, test } from 'node:test'
import { longFiles, orderTests } from '../../tools/test/select-tests.ts'

/** Runs test files with this content as npm test does, from the root of the repository. */
async function runTests(
  t: TestContext,
  files: Readonly<Record<string, string>>,
  variables: Readonly<Record<string, string>> = {},
) {
  const folder = mkdtempSync(join(tmpdir(), 'pullpass-test-run-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  for (const [name, text] of Object.entries(files))
    writeFileSync(
      join(folder, name),
      `import assert from 'node:assert/strict'\nimport { suite, test } from 'node:test'\n${text}`,
    )
  const child = spawn(process.execPath, ['tools/test.ts', folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...variables },
  })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  const exitCode = await new Promise<number | null>((resolve) => child.on('close', resolve))
  return { exitCode, output }
}

suite('a test run', () => {
  test('prints a summary of all its processes, and no passed tests', async (t) => {
    const { exitCode, output } = await runTests(t, {
      'one.test.ts': "test('passes', () => {})",
      'two.test.ts': "suite('two', () => test('passes', () => {}))\ntest('is skipped', { skip: 'absent' }, () => {})",
    })
    assert.match(
      output,
      /^ℹ tests 3\nℹ suites 1\nℹ pass 2\nℹ fail 0\nℹ cancelled 0\nℹ skipped 1\nℹ todo 0\nℹ duration_ms/,
    )
    assert.equal(exitCode, 0)
  })

  test('prints each failure with its place, its suites and its error, and exits 1', async (t) => {
    const { exitCode, output } = await runTests(t, {
      'one.test.ts': "suite('sums', () => suite('small', () => test('add up', () => assert.equal(1 + 1, 3))))",
      'two.test.ts': "throw new Error('while it is loaded')",
    })
    assert.match(output, /✖ .*one\.test\.ts:3 › sums › small › add up\n {2}AssertionError .*\n.*\n {2}2 !== 3\n/)
    assert.match(output, /✖ .*two\.test\.ts:1 › .*\n {2}Error: while it is loaded\n/)
    assert.match(output, /ℹ pass 0\nℹ fail 2\n/)
    assert.equal(exitCode, 1)
  })

  test('prints the seed of a property test that fails, and PULLPASS_TEST_SEED selects it', async (t) => {
    const fastCheck = JSON.stringify(new URL('../support/fast-check.ts', import.meta.url).href)
    const one = `import fc from ${fastCheck}\ntest('is false', () => fc.assert(fc.property(fc.nat(), () => false)))`
    const { output } = await runTests(t, { 'one.test.ts': one }, { PULLPASS_TEST_SEED: '7' })
    assert.match(
      output,
      /✖ .*one\.test\.ts:4 › is false\n {2}Error: Property failed after 1 tests\n {2}\{ seed: 7, path: "0:/,
    )
  })

  test('fails if a file does not restore process state, or an error comes after its test', async (t) => {
    const { exitCode, output } = await runTests(t, {
      'one.test.ts': "test('forgets', () => { process.env['LEFT_BY_A_TEST'] = 'yes'; process.on('SIGHUP', () => {}) })",
      'two.test.ts': `test('does not wait', () => void setTimeout(() => { throw new Error('late') }, 5))
test('drops a promise', () => void Promise.reject(new Error('unhandled')))
test('waits', () => new Promise((resolve) => setTimeout(resolve, 50)))`,
    })
    assert.match(output, /✖ .*one\.test\.ts left process\.env\.LEFT_BY_A_TEST changed: yes\n/)
    assert.match(output, /✖ .*one\.test\.ts left the listeners of SIGHUP changed: 1\n/)
    assert.match(output, /✖ .*"does not wait".*generated asynchronous activity after the test ended.*late/)
    assert.match(output, /✖ a promise was rejected, and no test handles it: Error: unhandled\n {4}at .*two\.test\.ts:4/)
    assert.match(output, /ℹ fail 4\n/)
    assert.equal(exitCode, 1)
  })

  test('fails if a process exits before its tests end', async (t) => {
    const { exitCode, output } = await runTests(t, { 'one.test.ts': "test('exits', () => process.exit(0))" })
    assert.match(
      output,
      /✖ a test process ended by exit code 0, before its tests were over; its files, in their order: .*one\.test\.ts\n/,
    )
    assert.match(output, /ℹ fail 1\n/)
    assert.equal(exitCode, 1)
  })
})

suite('test files', () => {
  const files = ['a.test.ts', 'b.test.ts', 'c.test.ts', 'd.test.ts']

  test('that take long exist', () => {
    for (const file of longFiles) assert.ok(existsSync(file), file)
  })

  test('run in the order of their last duration, the longest first', () => {
    const durations = { 'a.test.ts': 300, 'b.test.ts': 100, 'c.test.ts': 900, 'd.test.ts': 500 }
    const ordered = orderTests(files, 'longest', { seed: 0, durations })
    assert.deepEqual(ordered, ['c.test.ts', 'd.test.ts', 'a.test.ts', 'b.test.ts'])
  })

  test('run in the requested order; a seed reproduces a shuffled one', () => {
    const order = (name: string) => orderTests(files, name, { seed: 7, durations: {} })
    assert.deepEqual(order('reversed'), ['d.test.ts', 'c.test.ts', 'b.test.ts', 'a.test.ts'])
    assert.deepEqual(order('shuffled'), order('shuffled'))
    assert.deepEqual(order('shuffled').toSorted(), files)
    assert.throws(() => order('random'), /--order is longest, sorted, reversed or shuffled, not "random"/)
  })
})
