#!/usr/bin/env node
/**
 * Runs all checks that are no tests, and prints the output of those that fail. That of regular expressions takes as long as all others,
 * on one core: it runs at the same time.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'

const others = ['typecheck', 'lint', 'check:lockfile', 'check:package']

const succeeded = await Promise.all([runInOrder(['check:regexes']), runInOrder(others)])
if (succeeded.includes(false)) process.exitCode = 1

/** Until one fails. */
async function runInOrder(scripts: readonly string[]): Promise<boolean> {
  for (const script of scripts) if (!(await run(script))) return false
  return true
}

async function run(script: string): Promise<boolean> {
  const startedAt = performance.now()
  const child = spawn('npm', ['run', script], {
    stdio: ['ignore', 'pipe', 'pipe'],
    shell: process.platform === 'win32',
  })
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  const seconds = Math.round((performance.now() - startedAt) / 1000)
  if (code !== 0) console.log(`${stdout}${stderr}`)
  console.log(`${script}: ${code === 0 ? 'ok' : `exit code ${code}`}, ${seconds} s`)
  return code === 0
}
