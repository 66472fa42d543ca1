/**
 * Test files share a process. Reports process state that a file changes and does not restore: variables, the working
 * directory, signal handlers. Loaded as the first file of a run.
 */
import { beforeEach } from 'node:test'

const found: string[] = []
let before = readState()
let file: string | undefined

// Before the first test of each file, when the previous file has cleaned up.
beforeEach((context) => {
  const next = 'filePath' in context ? context.filePath : undefined
  if (next === file) return
  compare()
  file = next
})

/** One message for each change that was not restored. */
export function differences(): readonly string[] {
  compare()
  return found
}

function compare(): void {
  const now = readState()
  for (const [name, value] of Object.entries({ ...before, ...now }))
    if (before[name] !== now[name]) found.push(`${file ?? 'loading a file'} left ${name} changed: ${value}`)
  before = now
}

function readState(): Readonly<Record<string, string | undefined>> {
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGPIPE']
  const variables = Object.entries(process.env).map(([name, value]) => [`process.env.${name}`, value])
  const listeners = signals.map((name) => [`the listeners of ${name}`, String(process.listenerCount(name))])
  return { ...Object.fromEntries([...variables, ...listeners]), 'the working directory': process.cwd() }
}
