import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, type TestContext, test } from 'node:test'

/** The result of `npm run check` for a file with this content. */
function checkRegexes(t: TestContext, source: string) {
  const folder = mkdtempSync(join(tmpdir(), 'pullpass-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'planted.ts')
  writeFileSync(file, source)
  const { status, stderr } = spawnSync(process.execPath, ['tools/check-regexes.ts', file], { encoding: 'utf8' })
  return { status, stderr: stderr.replaceAll(file, 'planted.ts') }
}

suite('regular expressions in src/', { concurrency: 2 }, () => {
  test('that take quadratic time fail the check', (t) => {
    const planted = 'export const full = (m: string) =>\n  /polic(y|ies).*(limit|size|large)/i.test(m)\n'
    assert.deepEqual(checkRegexes(t, planted), {
      status: 1,
      stderr: 'planted.ts:2: /polic(y|ies).*(limit|size|large)/i: 2nd degree polynomial\n',
    })
  })

  test('that take exponential time fail the check, also where they are composed of constants', (t) => {
    const planted = `const word = '(?:a+)+'\nexport const words = new RegExp(\`^\${word}$\`)\n`
    assert.deepEqual(checkRegexes(t, planted), { status: 1, stderr: 'planted.ts:2: /^(?:a+)+$/: exponential\n' })
  })

  test('that are composed at run time fail the check', (t) => {
    const planted = 'export const made = (text: string) => new RegExp(text)\n'
    assert.deepEqual(checkRegexes(t, planted), {
      status: 1,
      stderr: 'planted.ts:1: RegExp without a constant of this file\n',
    })
  })

  test('that take linear time pass', (t) => {
    assert.deepEqual(checkRegexes(t, 'export const form = /^[a-z]{1,63}(?:\\.[a-z]+)*$/\n'), { status: 0, stderr: '' })
  })
})
