import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { suite, test } from 'node:test'
import { codes } from '../../src/errors/codes.ts'
import { startTestSandbox } from '../support/start-test-sandbox.ts'
import { asOnPage } from './as-on-page.ts'
import { errorCases } from './error-cases/error-cases.ts'

interface Paragraph {
  readonly code: string
  /** The heading that it stands under. */
  readonly section: string
  readonly example: string | undefined
}

const page = readFileSync('docs/errors.md', 'utf8')
const paragraphs: readonly Paragraph[] = page.split(/^## /m).flatMap((part) => {
  const [section = '', ...rest] = part.split(/^### /m)
  const title = section.split('\n', 1)[0] ?? ''
  return rest.map((text) => ({
    code: text.split('\n', 1)[0] ?? '',
    section: title,
    example: /^```\n(.*?)\n```$/ms.exec(text)?.[1],
  }))
})
const errorCodes = Object.entries(codes).flatMap(([code, exit]) => (exit === null ? [] : [[code, exit] as const]))
const cases = new Map(Object.entries(errorCases))
const exitCodes = new Map<string, number>([...errorCodes, ['INTERRUPTED', 143]]) // a shell's own: 128 + SIGTERM

suite('docs/errors.md', { concurrency: 4 }, () => {
  test('every code has one paragraph, and every paragraph is of a code', () => {
    assert.deepEqual(paragraphs.map(({ code }) => code).toSorted(), errorCodes.map(([code]) => code).toSorted())
  })

  test('only where what was expected is what to write, no fix follows', () => {
    const without = paragraphs.filter(({ example = '' }) => !example.includes('\n  fix: ')).map(({ code }) => code)
    assert.deepEqual(without, ['VARIABLE_INVALID', 'DOCUMENT_INVALID'])
    assert.deepEqual(
      paragraphs.filter(({ example = '' }) => !example.includes('\n  expected ')),
      [],
    )
  })

  for (const [code] of errorCodes) {
    test(`${code} is shown under its hop, as a run that ends on it prints it`, async (t) => {
      const sandbox = await startTestSandbox(t, { namespaces: ['team-a'] })
      const runInto = cases.get(code)
      assert.ok(runInto, 'no run ends on it')
      const { exitCode, stderr } = await runInto(sandbox)
      const { section, example } = paragraphs.find((paragraph) => paragraph.code === code) ?? {}
      assert.equal(asOnPage(stderr, sandbox), example)
      assert.equal(exitCode, exitCodes.get(code))
      const hop = /^[A-Z_]+ \(([a-z-]+)\)/.exec(stderr)?.[1]
      assert.ok(section === hop || section === 'any answer', `${section} for ${hop}`)
    })
  }
})
