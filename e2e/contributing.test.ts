/** Follows CONTRIBUTING.md, "A vendor whose exchange is one request", in a copy of the sources, and runs the contract tests on it. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'

const run = promisify(execFile)
const copied = [
  'src',
  'sandbox',
  'test',
  'e2e',
  'bench',
  'tools',
  'docs',
  'package.json',
  'tsconfig.json',
  'README.md',
  'deploy',
]

/** The files that the page shows, by path. */
function filesOf(page: string): Map<string, string> {
  const shown = page.matchAll(/`([a-z/.-]+)`:\n\n(`{3,})(?:ts|markdown)\n([\s\S]*?)\n\2\n/g)
  return new Map([...shown].map(([, path = '', , text = '']) => [path, `${text}\n`]))
}

async function edit(path: string, change: (text: string) => string): Promise<void> {
  const text = await readFile(path, 'utf8')
  const changed = change(text)
  assert.notEqual(changed, text, path)
  await writeFile(path, changed)
}

test('a vendor that is added by the steps of CONTRIBUTING.md passes the contract tests, and not before', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'pullpass-vendor-'))
  t.after(() => rm(folder, { recursive: true }))
  for (const name of copied) await cp(name, join(folder, name), { recursive: true })
  await symlink(join(process.cwd(), 'node_modules'), join(folder, 'node_modules'))
  const node = (...args: string[]) =>
    run(process.execPath, args, { cwd: folder, env: { ...process.env, NODE_TEST_CONTEXT: undefined } })
  const contract = () => node('--test', 'test/vendors/vendors.test.ts', 'test/vendors/pages.test.ts')

  const files = filesOf(await readFile('CONTRIBUTING.md', 'utf8'))
  assert.deepEqual(
    [...files.keys()],
    [
      'src/vendors/acme/vendor.ts',
      'src/vendors/acme/settings.ts',
      'src/vendors/acme/hosts.ts',
      'src/vendors/acme/exchange.ts',
      'docs/vendors/acme.md',
    ],
  )
  for (const [path, text] of files) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), text)
  }
  await assert.rejects(contract(), (fault) => /✖ equals the folders/.test(String(Object(fault).stdout)))

  await edit(join(folder, 'src/vendors/vendors.ts'), (text) =>
    text
      .replace('import { aws }', "import { acme } from './acme/vendor.ts'\nimport { aws }")
      .replace(/(export const vendors[^{]*\{)/, '$1\n  acme,'),
  )
  await edit(join(folder, 'docs/README.md'), (text) =>
    text.replace('| vendors: ', '| vendors: [acme](vendors/acme.md), '),
  )
  await node('tools/schema.ts')
  const { stdout } = await contract()
  assert.match(stdout, /vendor acme/)
  assert.match(stdout, /fail 0/)
  await node('node_modules/typescript/bin/tsc', '-p', 'tsconfig.json')
})
