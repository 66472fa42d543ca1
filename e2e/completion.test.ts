/** Completion with real shells: the printed script is loaded, and the completions of a command line are read. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, suite, test } from 'node:test'
import { promisify } from 'node:util'
import { writePullpassProgram } from './parts/process/pullpass-program.ts'

const execute = promisify(execFile)
const folder = await mkdtemp(join(tmpdir(), 'pullpass-completion-'))
after(() => rm(folder, { recursive: true }))

async function writeProgram(name: string, text: string): Promise<void> {
  await writeFile(join(folder, name), text)
  await chmod(join(folder, name), 0o755)
}

const environment = { PATH: `${folder}:${process.env['PATH']}`, HOME: folder, TERM: 'dumb', ZDOTDIR: folder }
const run = async (program: string, argv: readonly string[]) =>
  (await execute(program, argv, { env: environment, cwd: folder })).stdout

for (const name of ['pullpass', 'kubectl-pullpass']) await writePullpassProgram(folder, { name })
await writeProgram('kubectl_complete-pullpass', await run('pullpass', ['completion', 'kubectl']))
await writeFile(join(folder, 'document.yaml'), '')
await writeFile(join(folder, 'rc.bash'), await run('pullpass', ['completion', 'bash']))
await writeFile(join(folder, 'rc.zsh'), await run('pullpass', ['completion', 'zsh']))
await writeFile(join(folder, 'rc.fish'), await run('pullpass', ['completion', 'fish']))

const lines = (text: string) => text.split('\n').filter(Boolean)

/** As bash calls it on Tab: with the line, the cursor, and its own word splitting, which the script ignores. */
async function inBash(line: string): Promise<string[]> {
  const script = `source rc.bash; complete -p pullpass >/dev/null || exit 1
    COMP_LINE=$1 COMP_POINT=\${#1}; compopt() { :; }; _pullpass; printf '%s\\n' "\${COMPREPLY[@]}"`
  return lines(await run('bash', ['--norc', '-c', script, 'bash', line]))
}

/** The completions in zsh, captured by replacing the function that displays them. */
async function inZsh(line: string): Promise<string[]> {
  const script = `autoload -Uz compinit; compinit -u -D; source rc.zsh
    [[ $_comps[pullpass] == _pullpass ]] || exit 1
    _describe() { print -l -- "\${(@)described}"; }; _files() { print FILES; }
    words=("\${(@s: :)1}"); CURRENT=$#words; _pullpass`
  return lines(await run('zsh', ['-f', '-c', script, 'zsh', line])).map((one) => one.split(':')[0] ?? '')
}

async function inFish(line: string): Promise<string[]> {
  const script = 'source rc.fish; complete -C $argv[1]'
  return lines(await run('fish', ['--no-config', '-c', script, line])).map((one) => one.split('\t')[0] ?? '')
}

const rows = [
  { line: 'pullpass ref', offered: ['refresh'] },
  { line: 'pullpass trust ', offered: ['apply', 'destroy', 'plan'] },
  { line: 'pullpass refresh --output ', offered: ['json', 'yaml'] },
  { line: 'pullpass refresh --min', offered: ['--min-remaining'] },
] as const

for (const [shell, complete] of [
  ['bash', inBash],
  ['zsh', inZsh],
  ['fish', inFish],
] as const) {
  suite(`completion in ${shell}`, () => {
    for (const { line, offered } of rows) {
      test(`of "${line}" offers ${offered.join(', ')}`, async () => {
        assert.deepEqual((await complete(line)).toSorted(), offered)
      })
    }
  })
}

test('bash completes files after -f, and the part after "="', async () => {
  assert.deepEqual(await inBash('pullpass refresh -f docu'), ['document.yaml'])
  assert.deepEqual(await inBash('pullpass refresh --output=js'), ['json'])
  assert.deepEqual(await inZsh('pullpass refresh -f docu'), ['FILES'])
  assert.deepEqual(await inFish('pullpass refresh -f docu'), ['document.yaml'])
})

suite('kubectl pullpass', () => {
  test('runs pullpass under the name of a plugin', async () => {
    assert.match(await run('kubectl', ['pullpass', '--version']), /^pullpass \d+\.\d+\.\d+ \(commit /)
    assert.match(await run('kubectl', ['plugin', 'list']), /kubectl-pullpass/)
  })

  test('is completed by kubectl itself, through kubectl_complete-pullpass', async () => {
    const offered = lines(await run('kubectl', ['__complete', 'pullpass', 'trust', '']))
    assert.deepEqual(
      offered.map((one) => one.split('\t')[0]),
      ['plan', 'apply', 'destroy', ':4'],
    )
  })
})
