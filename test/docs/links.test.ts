import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path/posix'
import { suite, test } from 'node:test'

interface Link {
  readonly path: string
  readonly anchor: string | undefined
  /** Tests that the page cites: `["title", "title"](PATH)`. */
  readonly titles: readonly string[]
}

const pages = [...globSync('docs/**/*.md').toSorted(), 'README.md', 'CONTRIBUTING.md', 'CHANGELOG.md']

/** Links to files of the repository, outside of code blocks; paths from the root. */
function linksOf(page: string): Link[] {
  const text = readFileSync(page, 'utf8')
    .replaceAll(/^```.*?^```$/gms, '')
    .replaceAll(/\s+/g, ' ')
  const links = text.matchAll(/(?:\[("[^\]]+")|)\]\((?!https?:)([^)#\s]*)(?:#([^)]*))?\)/g)
  return [...links].map(([, titles = '', path = '', anchor]) => ({
    path: path === '' ? page : join(dirname(page), path),
    anchor,
    titles: [...titles.matchAll(/"([^"]+)"/g)].map(([, title = '']) => title),
  }))
}

/** As GitHub generates them from headings. */
function anchorsOf(page: string): string[] {
  const headings = readFileSync(page, 'utf8').matchAll(/^#+ (.*)$/gm)
  return [...headings].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  )
}

/** A title can contain escapes, or be in a table of cases. */
const holds = (file: string, title: string) => readFileSync(file, 'utf8').replaceAll('\\', '').includes(title)

suite('links', () => {
  for (const page of pages) {
    test(`${page} links to existing files, headings and tests`, () => {
      const links = linksOf(page)
      assert.deepEqual(
        links.filter(({ path }) => !existsSync(path)).map(({ path }) => path),
        [],
      )
      const dead = links.filter(({ path, anchor }) => anchor !== undefined && !anchorsOf(path).includes(anchor))
      assert.deepEqual(dead, [])
      const untitled = links.flatMap(({ path, titles }) =>
        titles.filter((title) => !holds(path, title)).map((title) => `${path}: ${title}`),
      )
      assert.deepEqual(untitled, [])
    })
  }

  for (const page of ['docs/architecture.md', 'docs/SECURITY.md']) {
    test(`each test that ${page} cites is cited by its title`, () => {
      const tests = linksOf(page).filter(({ path }) => path.endsWith('.test.ts'))
      assert.notDeepEqual(tests, [])
      assert.deepEqual(
        tests.filter(({ titles }) => titles.length === 0),
        [],
      )
    })
  }
})
