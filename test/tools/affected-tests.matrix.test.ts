import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { suite, type TestContext, test } from 'node:test'

/** Runs `npm run test:affected` in a repository of these files, after `change` has been written to it. */
function runAffected(
  t: TestContext,
  files: Readonly<Record<string, string>>,
  change: Readonly<Record<string, string>>,
) {
  const folder = mkdtempSync(join(tmpdir(), 'pullpass-affected-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const write = (written: Readonly<Record<string, string>>) => {
    for (const [name, text] of Object.entries(written)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true })
      writeFileSync(join(folder, name), text)
    }
  }
  const git = (...words: string[]) =>
    execFileSync('git', ['-c', 'user.name=test', '-c', 'user.email=test@example.com', ...words], { cwd: folder })
  write(files)
  git('init', '--quiet', '--initial-branch=main')
  git('add', '.')
  git('commit', '--quiet', '--message', 'first')
  write(change)
  const runner = join(import.meta.dirname, '../../tools/test.ts')
  return execFileSync(process.execPath, [runner, '--affected'], { cwd: folder, encoding: 'utf8' })
}

const files = {
  'package.json': '{"type": "module"}',
  'src/double.ts': 'export const double = (value: number): number => 2 * value\n',
  'src/quadruple.ts':
    "import { double } from './double.ts'\nexport const quadruple = (value: number): number => double(double(value))\n",
  'src/other.ts': 'export const other = 1\n',
  'docs/page.md': '# Page\n',
  'test/quadruple.test.ts':
    "import { test } from 'node:test'\nimport { quadruple } from '../src/quadruple.ts'\ntest('quadruple', () => void quadruple(1))\n",
  'test/other.test.ts':
    "import { test } from 'node:test'\nimport { other } from '../src/other.ts'\ntest('other', () => void other)\n",
  'test/page.test.ts':
    "import { readFileSync } from 'node:fs'\nimport { test } from 'node:test'\ntest('page', () => void readFileSync('docs/page.md'))\n",
}

suite('test:affected', () => {
  test('runs the tests that load a changed file, also through other files, and no others', (t) => {
    const output = runAffected(t, files, { 'src/double.ts': `${files['src/double.ts']}// changed\n` })
    assert.match(output, /^Affected by 1 changed files: 1 test files\nℹ tests 1\n/)
  })

  test('runs the tests that read a changed page', (t) => {
    const output = runAffected(t, files, { 'docs/page.md': '# Another page\n' })
    assert.match(output, /^Affected by 1 changed files: 1 test files\nℹ tests 1\n/)
  })

  test('counts a new file that is not committed', (t) => {
    const added = "import { test } from 'node:test'\ntest('new', () => {})\n"
    assert.match(runAffected(t, files, { 'test/new.test.ts': added }), /^Affected by 1 changed files: 1 test files\n/)
  })

  test('reports that nothing has changed', (t) => {
    assert.equal(runAffected(t, files, {}), 'No file has changed\n')
  })
})
