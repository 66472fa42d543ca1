import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { commands, loadCommand } from '../../../src/commands/commands.ts'
import { complete } from '../../../src/commands/run/complete.ts'
import { vendors } from '../../../src/vendors/vendors.ts'
import { runPullpass } from '../../support/run-pullpass.ts'

const emptyHost = { environment: {}, clock: { now: () => new Date(0), advance: () => undefined } }

/** Candidates without their descriptions, and the directive. */
const candidates = async (line: string) => (await complete(line.split(' '), vendors)).map((one) => one.split('\t')[0])

suite('shell completion', () => {
  test('offers every command, each group once, with its summary', async () => {
    const offered = await complete([''], vendors)
    const firstWords = [...new Set(Object.keys(commands).map((name) => name.split(' ')[0]))]
    assert.deepEqual(
      offered.map((line) => line.split('\t')[0]),
      [...firstWords, 'help', '--version', ':4'],
    )
    assert.ok(offered.includes(`doctor\t${commands['doctor']?.summary}`))
    assert.ok(offered.includes('trust\tplan, apply, destroy'))
  })

  const rows: Record<string, readonly string[]> = {
    re: ['refresh', ':4'],
    'trust ': ['plan', 'apply', 'destroy', ':4'],
    'issuer pu': ['publish', ':4'],
    'help iss': ['issuer', ':4'],
    'help issuer se': ['serve', ':4'],
    'refresh --min': ['--min-remaining', ':4'],
    'refresh --dry-run --d': [':4'],
    'refresh -o ': ['json', 'yaml', ':4'],
    'refresh --output y': ['yaml', ':4'],
    'trust plan --output=te': ['--output=terraform', ':4'],
    'refresh -f ': [':0'],
    'refresh -f pull.yaml --file ': [':0'],
    'refresh --timeout ': [':4'],
    'issuer check --for ': ['gcp', 'aws', 'azure', 'oidc', 'alibaba', 'quay', 'yandex', ':4'],
    'inspect se': ['serviceaccount', 'secret', ':0'],
    'completion ': ['bash', 'zsh', 'fish', 'kubectl', ':4'],
    'no-such-command ': [':4'],
    'refresh --no-such=': [':4'],
    __proto__: [':4'],
    'constructor ': [':4'],
  }
  for (const [line, expected] of Object.entries(rows)) {
    test(`of "pullpass ${line}" offers ${expected.slice(0, -1).join(', ') || 'nothing'}`, async () => {
      assert.deepEqual(await candidates(line), expected)
    })
  }

  test('offers each flag of each command, with its summary', async () => {
    for (const [name, entry] of Object.entries(commands)) {
      const offered = await complete([...name.split(' '), '--'], vendors)
      for (const [flag, { summary }] of Object.entries((await loadCommand(entry, vendors)).flags)) {
        assert.ok(offered.includes(`--${flag}\t${summary}`), `${name} --${flag}`)
      }
    }
  })

  test('of an unknown shell is refused', async () => {
    const { exitCode, stdout, stderr } = await runPullpass(emptyHost, ['completion', 'tcsh'])
    assert.deepEqual([exitCode, stdout], [2, ''])
    assert.match(stderr, /^USAGE_INVALID \(run\): unknown shell "tcsh"\n {2}expected one of bash, zsh, fish, kubectl\n/)
    assert.match((await runPullpass(emptyHost, ['completion'])).stderr, /: SHELL is missing\n/)
  })
})
