import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { suite, test } from 'node:test'
import { loadText } from '../document/load-text.ts'
import { findUnprinted } from './guides/find-unprinted.ts'
import { readGuide, stepsOnWay, waysOf } from './guides/parse-guide.ts'

const pages = globSync('docs/{quickstart,guides/*}.md')
  .map((path) => path.replaceAll('\\', '/'))
  .toSorted()

suite('docs/guides', () => {
  test('the index of the docs links to each of them', () => {
    const index = readFileSync('docs/README.md', 'utf8')
    assert.deepEqual(
      pages.filter((page) => !index.includes(`](${page.replace(/^docs\//, '')})`)),
      [],
    )
  })

  for (const page of pages) {
    test(`${page}: a command in a table has the flag without which it fails`, () => {
      const inline = readFileSync(page, 'utf8').matchAll(/(?<=^\|.*)`(pullpass [^`]+)`/gm)
      const incomplete = [...inline].flatMap(([, command = '']) =>
        (/^pullpass trust (?:plan|apply|destroy) /.test(`${command} `) && !command.includes(' -f ')) ||
        (command.startsWith('pullpass issuer publish ') && !command.includes(' --to '))
          ? [command]
          : [],
      )
      assert.deepEqual(incomplete, [])
    })

    const steps = readGuide(page)

    test(`${page}: pullpass and kubectl are run by the tests of guides, or the page has a reason`, () => {
      const silent = steps.filter(
        (step) => step.kind === 'parse' && step.reason === undefined && /^(?:pullpass|kubectl) /m.test(step.script),
      )
      assert.deepEqual(silent, [])
    })

    test(`${page}: output follows commands that are run`, () => {
      for (const way of waysOf(steps)) {
        const commands = stepsOnWay(steps, way).filter(({ kind }) => kind !== 'stage' && kind !== 'file')
        const loose = commands.filter((step, index) => step.kind === 'shown' && commands[index - 1]?.kind !== 'run')
        assert.deepEqual(loose, [])
      }
    })

    test(`${page}: its documents are valid`, async () => {
      const documents = steps.filter((step) => step.kind === 'file' && step.text.includes('kind: ClusterPullSecret'))
      for (const step of documents) if (step.kind === 'file') await loadText(step.text)
    })
  }
})

suite('the output in a guide', () => {
  const printed = 'RESULT  NAME\nmade    pool until 2026-11-24T17:32:40Z (in 60 min)\nworks  registry google\n'

  test('was printed in this order, except for values that differ between runs', () => {
    const shown = ['made pool until 2027-01-01T00:00:00Z (in 59 min)', '', 'works  …']
    assert.deepEqual(findUnprinted(shown, printed), [])
  })

  test('is reported if it was not printed, or in another order', () => {
    assert.deepEqual(findUnprinted(['made    provider …'], printed), ['made    provider …'])
    assert.deepEqual(findUnprinted(['works  registry google', 'RESULT  NAME'], printed), ['RESULT  NAME'])
  })
})
