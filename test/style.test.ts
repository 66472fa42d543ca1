import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { basename } from 'node:path/posix'
import { suite, test } from 'node:test'
import { unexplainedWords } from './support/check-commands.ts'

const files = globSync('{src,sandbox,test,e2e,bench,tools}/**/*.ts')
  .map((file) => file.replaceAll('\\', '/'))
  .map((file) => ({ file, text: readFileSync(file, 'utf8') }))
const isTest = ({ file }: { file: string }) => file.endsWith('.test.ts')
const sources = files.filter((one) => !isTest(one))
const names = (found: readonly { file: string }[]) => found.map(({ file }) => file)

suite('style', () => {
  test('each file begins with a sentence that states its purpose', () => {
    const opening = /^(#!.*\n)?\/\*\*\s(?<words>.+?)\*\//s
    const silent = sources.filter(({ text }) => !/\w.{4,}[.:]\s/s.test(opening.exec(text)?.groups?.['words'] ?? ''))
    assert.deepEqual(names(silent), [])
  })

  test('a file has at most 400 lines, and nine of ten have at most 250', () => {
    const lines = sources.map(({ file, text }) => ({ file, count: text.split('\n').length - 1 }))
    assert.deepEqual(names(lines.filter(({ count }) => count > 400)), [])
    const sorted = lines.map(({ count }) => count).toSorted((one, other) => one - other)
    assert.ok((sorted[Math.floor(sorted.length * 0.9)] ?? 0) <= 250)
  })

  test('a file is named in kebab-case, after its content', () => {
    const vague = /^(utils?|helpers?|common|types?|index|manager|misc|shared)$/
    const wrong = files.filter(({ file }) => {
      const name = basename(file).replace(/((\.matrix)?\.test)?\.ts$/, '')
      return !/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name) || vague.test(name)
    })
    assert.deepEqual(names(wrong), [])
  })

  test('no comment contains a TODO', () => {
    const unfinished = files.filter(
      ({ file, text }) => file !== 'test/style.test.ts' && /\b(TODO|FIXME|XXX)\b/.test(text),
    )
    assert.deepEqual(names(unfinished), [])
  })

  test('clock, random, variables and streams are arguments: only the two processes use it', () => {
    // plugin-process.ts is the program that a kubelet starts; hard-deadline.ts ends the process where cli.ts cannot: its event loop is blocked.
    const taken =
      /\bprocess\.(env|exit|argv|std|on)|\bDate\.now\(|\bnew Date\(\)|\bMath\.random|\bfetch\(|\bconsole\.\w+\(/
    const taking = files.filter(
      ({ file, text }) =>
        /^src\/(?!cli\.ts|faces\/plugin-process\.ts|commands\/run\/hard-deadline\.ts)/.test(file) && taken.test(text),
    )
    assert.deepEqual(names(taking), [])
  })

  test('messages state instants without milliseconds: toISOString is for timestamps of logs and stored records', () => {
    const precise = new Set([
      'src/text/time.ts', // rfc3339
      'src/terminal/log.ts',
      'src/terminal/render-error.ts', // as a line of the log
      'src/publish/watch/safe-keys.ts', // distinguishes Events, is not shown
      'src/credential/pull-secret-record.ts', // annotations
      'src/vendors/aws/sign.ts', // a signature's timestamp
      'src/kubernetes/objects/lease.ts', // MicroTime
    ])
    const found = files.filter(({ file, text }) => file.startsWith('src/') && text.includes('.toISOString('))
    assert.deepEqual(names(found).toSorted(), [...precise].toSorted(), 'use rfc3339 of src/text/time.ts')
  })

  test('property tests take any text from test/support/any-text.ts, which takes no second to create', () => {
    const slow = files.filter(
      ({ file, text }) => file !== 'test/support/any-text.ts' && /unit: 'binary' *\}/.test(text),
    )
    assert.deepEqual(names(slow), [])
  })

  test('property tests take fast-check from test/support/fast-check.ts, which fixes the seed of all', () => {
    const other = files.filter(
      ({ file, text }) =>
        !/^test\/(support\/fast-check|style\.test|tools\/test-run\.matrix\.test)\.ts$/.test(file) &&
        /'fast-check'|\bseed: [\d_]+/.test(text),
    )
    assert.deepEqual(names(other), [])
  })

  test('a printed command contains no placeholder: shellVariable is for what pullpass does not know', () => {
    const found = files
      .filter(({ file }) => file.startsWith('src/'))
      .flatMap(({ file, text }) =>
        [...text.matchAll(/\bcommand(?::|\(\) =>| =)\s+(['"`])(.*?)\1,?$/gm)].map(([, , command = '']) => ({
          file,
          words: unexplainedWords(command.replaceAll(/\$\{[^}]*\}/g, '')),
        })),
      )
    assert.ok(found.length > 60)
    assert.deepEqual(
      found.filter(({ words }) => words.length > 0),
      [],
    )
  })

  test('titles of tests are statements', () => {
    const titles = files
      .filter(isTest)
      .flatMap(({ file, text }) =>
        [...text.matchAll(/\btest\(\s*(['"`])(.*?)\1/g)].map(([, , title = '']) => `${file}: ${title}`),
      )
    assert.deepEqual(
      titles.filter((title) => /\b(should|works|correctly|properly)\b/.test(title)),
      [],
    )
  })
})
