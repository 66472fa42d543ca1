/** Validates the output of -o json and -o yaml with the JSON Schemas in docs/schema/output/. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import type { DoctorResult } from '../../src/commands/output/doctor.ts'
import { checkCommandFields } from './check-commands.ts'
import { checkFindingHops } from './check-error-hops.ts'

const schemas = new URL('../../docs/schema/output/', import.meta.url)

type Parse = (value: unknown) => {
  readonly success: boolean
  readonly error?: { readonly message: string } | undefined
}

const parsers = new Map<string, Promise<Parse>>()

/** Loaded only for -o json and -o yaml. */
async function loadParser(kind: string): Promise<Parse> {
  const { fromJSONSchema } = await import('zod')
  const schema = fromJSONSchema(JSON.parse(readFileSync(new URL(`${kind.toLowerCase()}.json`, schemas), 'utf8')))
  return (value) => schema.safeParse(value)
}

/** The kind of a result; fails if it has none, or does not match its schema. */
export async function checkOutput(value: unknown): Promise<string> {
  assert.ok(typeof value === 'object' && value !== null && 'kind' in value && typeof value.kind === 'string')
  const { kind } = value
  const parser = parsers.get(kind) ?? loadParser(kind)
  parsers.set(kind, parser)
  const parsed = (await parser)(value)
  assert.ok(parsed.success, `${kind}: ${parsed.error?.message}\n${JSON.stringify(value, undefined, 1).slice(0, 4000)}`)
  return kind
}

/** Commands that print objects of another API instead of a result. */
const otherObjects = new Set(['manifests', 'init'])

const isDoctorResult = (value: unknown): value is DoctorResult =>
  typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'DoctorResult'

/** Checks the output of a run: none, text, or exactly one result; one per line for commands that run until they are stopped. */
export async function checkPrinted(argv: readonly string[], stdout: string): Promise<void> {
  const at = argv.findIndex((word) => word === '-o' || word === '--output')
  const format = at === -1 ? undefined : argv[at + 1]
  if ((format !== 'json' && format !== 'yaml') || stdout === '' || argv.includes('--help')) return
  const { parseAllDocuments } = await import('yaml')
  const isWatch = argv[0] === 'status' && (argv.includes('--watch') || argv.includes('-w'))
  const isStream = isWatch || (argv[0] === 'issuer' && (argv[1] === 'watch' || argv[1] === 'serve'))
  const results: unknown[] =
    format === 'yaml'
      ? parseAllDocuments(stdout).map((document) => document.toJS())
      : isStream
        ? stdout
            .trimEnd()
            .split('\n')
            .map((line) => JSON.parse(line))
        : [JSON.parse(stdout)]
  if (!isStream) assert.equal(results.length, 1)
  for (const result of results) {
    checkCommandFields(result)
    if (isDoctorResult(result)) checkFindingHops(result.findings)
    const isError = JSON.stringify(result).includes('"kind":"Error"')
    if (isError || !otherObjects.has(argv[0] ?? '')) await checkOutput(result)
  }
}
