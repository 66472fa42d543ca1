/** Runs a script of gcloud's commands with a gcloud that does nothing but write down what it was called with. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'

/** Writes each call's words, separated by NUL, and its stdin where it reads one; each resource is active. */
const stub = `#!/bin/sh
n=$(ls "$CALLS" | wc -l | tr -d ' ')
printf '%s\\0' "$@" > "$CALLS/$n"
case "$*" in
*"/dev/stdin"*) printf 'STDIN %s\\0' "$(cat)" >> "$CALLS/$n";;
*"--format=value(state)"*) echo ACTIVE;;
esac
`

/** What gcloud was called with, by a shell that has nothing but the script. */
export function runGcloudScript(t: { after(end: () => void): void }, script: string, shell: 'sh' | 'bash'): string[][] {
  const folder = mkdtempSync(join(tmpdir(), 'pullpass-gcloud-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const calls = mkdtempSync(join(folder, 'calls-'))
  writeFileSync(join(folder, 'gcloud'), stub)
  chmodSync(join(folder, 'gcloud'), 0o755)
  const environment = { PATH: `${folder}${delimiter}/usr/bin${delimiter}/bin`, CALLS: calls }
  const { status, stderr } = spawnSync(shell, ['-s'], { input: `${script}\n`, env: environment, encoding: 'utf8' })
  assert.deepEqual([status, stderr], [0, ''])
  const names = readdirSync(calls).toSorted((one, other) => Number(one) - Number(other))
  return names.map((name) => readFileSync(join(calls, name), 'utf8').split('\0').slice(0, -1))
}
