import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { suite, test } from 'node:test'
import { parse } from 'yaml'
import { commands } from '../../src/commands/commands.ts'
import { outputSchemas } from '../../tools/output-types.ts'
import { renderOutputPage } from '../../tools/render-output-page.ts'
import { checkOutput } from '../support/check-output.ts'
import { documentText } from '../support/document-text.ts'
import { type PullpassRun, runPullpass } from '../support/run-pullpass.ts'
import { startTestSandbox } from '../support/start-test-sandbox.ts'
import { type StructuredRun, structuredRuns } from './structured-runs.ts'
import { trustDocument } from './trust/run-trust.ts'

const update = 'node tools/schema.ts'
const docs = new URL('../../docs/', import.meta.url)
const emptyHost = { environment: {}, clock: { now: () => new Date('2026-11-24T12:00:00Z'), advance: () => undefined } }

suite('files generated from the result types are up to date', () => {
  for (const [kind, schema] of outputSchemas()) {
    const path = `schema/output/${kind.toLowerCase()}.json`
    test(`docs/${path}`, () => {
      const written: unknown = JSON.parse(readFileSync(new URL(path, docs), 'utf8'))
      assert.deepEqual(written, JSON.parse(JSON.stringify(schema)), update)
    })
  }

  test('docs/json-output.md', () => {
    assert.equal(readFileSync(new URL('json-output.md', docs), 'utf8'), renderOutputPage(), update)
  })
})

suite('the schemas', () => {
  test('are closed: a member that they do not list is refused', async () => {
    const version = {
      apiVersion: 'pullpass.dev/v1alpha1',
      kind: 'Version',
      version: '1',
      commit: 'a',
      nodeVersion: '24',
    }
    assert.equal(await checkOutput(version), 'Version')
    await assert.rejects(checkOutput({ ...version, node: '24' }), /Unrecognized key: \\?"node\\?"/)
    await assert.rejects(checkOutput({ ...version, commit: undefined }), /commit/)
    const error = { code: 'NO_SUCH', hop: 'run', seen: 'it', retryable: false }
    await assert.rejects(checkOutput({ ...version, kind: 'Error', error }), /Unrecognized keys/)
    await assert.rejects(
      checkOutput({
        apiVersion: version.apiVersion,
        kind: 'Error',
        error: { ...error, retryAt: '2026-11-24T12:00:00.000Z' },
      }),
      /retryAt/,
    )
  })
})

async function startWith(t: Parameters<typeof startTestSandbox>[0], run: StructuredRun) {
  const { trust, issuerDocuments, before, words } = run
  const sandbox = await startTestSandbox(t, { ...(trust && { trust }), ...(issuerDocuments && { issuerDocuments }) })
  const registries = { google: { host: `localhost:${sandbox.parts.registry.port}` } }
  const text = trust === undefined ? documentText(sandbox, { include: ['team-a'], registries }) : trustDocument(sandbox)
  const file = await sandbox.write('pull.yaml', text)
  await before?.(sandbox, file)
  return { sandbox, argv: await words(sandbox, file) }
}

/** `-o FORMAT` before `--`, which ends the flags. */
function withFormat(argv: readonly string[], format: 'json' | 'yaml'): string[] {
  const end = argv.includes('--') ? argv.indexOf('--') : argv.length
  return [...argv.slice(0, end), '-o', format, ...argv.slice(end)]
}

const resultOf = ({ stdout }: PullpassRun): { kind: string; result?: string } => parse(stdout)

suite('with -o json a run prints one document, which its schema allows, when', { concurrency: 4 }, () => {
  for (const [title, run] of Object.entries(structuredRuns)) {
    test(title, async (t) => {
      const { sandbox, argv } = await startWith(t, run)
      const printed = await runPullpass(sandbox, withFormat(argv, 'json'))
      assert.equal(printed.exitCode, run.exitCode, printed.stdout + printed.stderr)
      const { kind, result } = JSON.parse(printed.stdout)
      assert.deepEqual([kind, result], [run.kind, run.result])
      assert.equal(await checkOutput(JSON.parse(printed.stdout)), run.kind)
    })
  }

  test('every command with -o has runs here', async () => {
    const taking: string[] = []
    for (const [name, { load }] of Object.entries(commands)) {
      if (name === 'manifests crds') continue // prints objects of another API, and no run of it fails
      if ((await load()).flags['output']?.choices?.includes('json')) taking.push(name)
    }
    const titles = Object.keys(structuredRuns)
    assert.deepEqual(
      taking.filter((name) => !titles.some((title) => title.startsWith(`${name} `))),
      [],
    )
    const kinds = new Set(Object.values(structuredRuns).map(({ kind }) => kind))
    assert.deepEqual(
      [...outputSchemas().keys()].filter((kind) => !kinds.has(kind)),
      ['IssuerWatchStatus', 'StatusChange'], // streams: test/commands/issuer/watch.test.ts, test/commands/status/watch.test.ts
    )
  })
})

suite('an error that ends a run', () => {
  test('is YAML with -o yaml', async () => {
    const printed = await runPullpass(emptyHost, ['refresh', '-f', 'missing.yaml', '-o', 'yaml'])
    assert.equal(printed.exitCode, 2)
    assert.match(
      printed.stdout,
      /^apiVersion: pullpass\.dev\/v1alpha1\nkind: Error\nerror:\n {2}code: DOCUMENT_UNREADABLE\n/,
    )
    assert.equal(resultOf(printed).kind, 'Error')
  })

  test('is also printed to standard error, as text', async () => {
    const { stderr } = await runPullpass(emptyHost, ['refresh', '-f', 'missing.yaml', '-o', 'json'])
    assert.match(stderr, /^DOCUMENT_UNREADABLE \(document\): /)
  })

  const unusable: Readonly<Record<string, readonly string[]>> = {
    'an unknown command': ['refrsh', '-o', 'json'],
    'an unknown flag': ['refresh', '--timout', '5m', '-o', 'json'],
    'a flag without its value': ['refresh', '-o', 'json', '-f'],
    'an unknown flag, with --output=json': ['refresh', '--output=json', '--no-such'],
    'an unknown flag, with -ojson': ['refresh', '-ojson', '--no-such'],
  }
  for (const [title, argv] of Object.entries(unusable)) {
    test(`is JSON for ${title}`, async () => {
      const { exitCode, stdout } = await runPullpass(emptyHost, argv)
      const result = JSON.parse(stdout)
      assert.equal(exitCode, 2)
      assert.deepEqual([await checkOutput(result), result.error.code], ['Error', 'USAGE_INVALID'])
    })
  }

  test('is text only without -o, and with an unknown format of -o', async () => {
    for (const argv of [
      ['refresh', '-f', 'missing.yaml'],
      ['trust', 'plan', '-f', 'missing.yaml', '-o', 'terraform'],
      ['refresh', '--no-such', '--', '-o', 'json'],
    ]) {
      assert.equal((await runPullpass(emptyHost, argv)).stdout, '')
    }
  })
})
