/**
 * Test files share a process. What one file changes of the process itself and does not restore, the files after it meet:
 * variables, the working directory, signal handlers. Loaded as the first file of a run.
 */
import { beforeEach } from 'node:test'

const found: string[] = []
let before = readState()
let file: string | undefined

// Before the first test of each file: then the file before it has undone what it did.
beforeEach((context) => {
  const next = 'filePath' in context ? context.filePath : undefined
  if (next === file) return
  compare()
  file = next
})

/** One sentence for each change that a file left behind. */
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
