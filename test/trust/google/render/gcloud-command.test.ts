import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { suite, test } from 'node:test'
import { PullpassError } from '../../../../src/outside/pullpass-error.ts'
import type { GoogleFinding } from '../../../../src/trust/google/look/google-finding.ts'
import { tellFinding } from '../../../../src/trust/google/tell-finding.ts'
import { renderCommands } from '../../../../src/trust/render-commands.ts'
import { argv, findings, provider } from './nasty-findings.ts'

const renderGcloud = (all: readonly GoogleFinding[]) =>
  renderCommands(all.map((one) => tellFinding(one, async () => undefined)))

/** Writes each call's words, parted by NUL, and what it was given to read. */
const stub = `#!/bin/sh
n=$(ls "$CALLS" | wc -l | tr -d ' ')
printf '%s\\0' "$@" > "$CALLS/$n"
case "$*" in *"/dev/stdin"*) printf 'STDIN %s\\0' "$(cat)" >> "$CALLS/$n";; esac
`

/** What gcloud was called with, by a shell that has nothing but the script. */
function callsOf(t: { after(end: () => void): void }, script: string, shell: 'sh' | 'bash'): string[][] {
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

suite('a plan as commands of gcloud', () => {
  for (const shell of ['sh', 'bash'] as const) {
    test(`is run by ${shell} as printed, whatever names and conditions hold`, (t) => {
      assert.deepEqual(callsOf(t, renderGcloud(findings), shell), argv)
    })
  }

  test('says what cannot be made in comments, which nothing ends', (t) => {
    const fault = new PullpassError({
      code: 'TRUST_REFUSED',
      hop: 'trust',
      seen: 'its condition is\ngcloud projects delete',
    })
    const [first] = findings
    const refused = first === undefined ? [] : [{ ...first, verdict: 'refused' as const, changes: [], fault }]
    assert.deepEqual(callsOf(t, renderGcloud(refused), 'sh'), [])
  })

  test('undeletes, and updates what differs', (t) => {
    const [, second] = findings
    const updated = second && {
      ...second,
      changes: [
        { kind: 'undelete', resource: 'provider', name: provider },
        { kind: 'update', name: provider, fields: { issuer: 'https://a.example.com', jwks: '' }, says: '' },
      ] as const,
    }
    const at = ['--project=123456789012', '--location=global', '--workload-identity-pool=pool']
    assert.deepEqual(callsOf(t, renderGcloud(updated === undefined ? [] : [updated]), 'sh'), [
      ['iam', 'workload-identity-pools', 'providers', 'undelete', 'cluster', ...at],
      [
        'iam',
        'workload-identity-pools',
        'providers',
        'update-oidc',
        'cluster',
        ...at,
        '--issuer-uri=https://a.example.com',
      ],
    ])
  })
})
