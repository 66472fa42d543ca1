/** The process: arguments, signals, streams and exit codes. Only this file exits the process. */
import { constants } from 'node:os'
import type { Terminal } from './commands/command-line/command.ts'
import { checkDebugging, checkNode } from './host/check-node.ts'
import { sleep } from './host/sleep.ts'

const debugging = checkDebugging(process.env)
if (debugging !== undefined) {
  process.stderr.write(`${debugging}\n`)
  process.exit(2)
}
const tooOld = checkNode(process.versions.node)
if (tooOld !== undefined) {
  const { findBundledNode, runWith } = await import('./commands/run/bundled-node.ts')
  const node = findBundledNode(process.platform, process.arch, import.meta.url)
  if (node === undefined) {
    process.stderr.write(`${tooOld}\n`)
    process.exit(2)
  }
  const { code, signal } = await runWith(node, { argv: process.argv, on: process.on.bind(process) })
  process.exit(code ?? 128 + constants.signals[signal ?? 'SIGTERM'])
}
// Loaded after the check: these modules use features that an older Node.js lacks.
const { interruption, renderUnwritable, run, startHardDeadline, vendors } = await import('./commands/run/program.ts')

/** SIGHUP: the terminal was closed. */
type EndingSignal = 'SIGINT' | 'SIGTERM' | 'SIGHUP'

const interrupt = new AbortController()
let endedBy: EndingSignal | undefined
/** A signal to the process group arrives directly and as a message of bundled-node.ts. */
const received = { directly: 0, forwarded: 0 }
let receivedAtMs = Number.NEGATIVE_INFINITY
/** `timeout` of GNU sends a signal to the process and then to its group: within this time it is the same one. */
const sameSignalMs = 50
function receive(signal: EndingSignal, how: keyof typeof received): void {
  const atMs = performance.now()
  if (how === 'directly' && signal === endedBy && atMs - receivedAtMs < sameSignalMs) return
  if (how === 'directly') receivedAtMs = atMs
  received[how] += 1
  if (Math.max(received.directly, received.forwarded) > 1) process.exit(128 + constants.signals[signal]) // immediately
  if (endedBy !== undefined) return
  endedBy = signal
  interrupt.abort(interruption(signal))
}
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => receive(signal, 'directly'))
process.on('message', (message) => {
  if (message === 'SIGINT' || message === 'SIGTERM') receive(message, 'forwarded')
})
process.channel?.unref() // waiting for messages does not keep the process

/** A terminal without colors and cursor movement. */
const isDumb = process.env['TERM'] === 'dumb'

let isProgressShown = false
function showProgress(text: string | undefined): void {
  if (text === undefined && !isProgressShown) return
  process.stderr.write(text === undefined ? '\r\x1b[K' : `\r\x1b[K${text}`)
  isProgressShown = text !== undefined
}

const drained = async (stream: NodeJS.WriteStream) =>
  await new Promise<void>((resolve) => {
    if (stream.writableLength === 0) resolve()
    else stream.write('', () => resolve()) // also called if the reader has closed the pipe
  })

const outputClosed = new AbortController()

const terminal: Terminal = {
  closed: outputClosed.signal,
  print: (text) => {
    showProgress(undefined)
    process.stdout.write(`${text}\n`)
  },
  printCredential: (credential) => {
    process.stdout.write(`${credential.reveal()}\n`)
  },
  printError: (text) => {
    showProgress(undefined)
    process.stderr.write(`${text}\n`)
  },
  drain: async () => {
    await Promise.all([drained(process.stdout), drained(process.stderr)])
  },
  readInput: async () => (await import('./terminal/read-input.ts')).readInput(process.stdin),
  ...(process.stdin.isTTY &&
    process.stderr.isTTY && {
      prompt: async (question, signal) => {
        const { promptUser } = await import('./terminal/prompt.ts')
        return await promptUser(question, { input: process.stdin, output: process.stderr }, signal)
      },
    }),
  ...(process.stderr.isTTY && { notify: (text) => terminal.printError(text) }),
  color: process.stdout.isTTY && !isDumb && !process.env['NO_COLOR'] ? 'always' : 'never',
  ...(process.stdout.isTTY && { columns: process.stdout.columns }),
  ...(process.stdout.isTTY && !isDumb && { rows: () => process.stdout.rows }),
  showProgress: (text) => {
    if (process.stderr.isTTY && !isDumb) showProgress(text)
  },
}

// A reader that closes the pipe early (`| head`) ends the output, not the run, unless the output is its only purpose.
process.stdout.on('error', ({ code = 'unknown error' }: NodeJS.ErrnoException) => {
  if (code === 'EPIPE') {
    outputClosed.abort()
    return
  }
  terminal.printError(renderUnwritable(code, { now: () => new Date() }))
  process.exit(1)
})

// A log that cannot be written (a full disk, a reader that is gone) ends nothing: the work goes on, and its exit code states the outcome.
process.stderr.on('error', () => {})

/** Docker's clients start a helper by this name, with the operation as its argument. */
const isHelper = process.argv[1]?.endsWith('/docker-credential-pullpass') === true
const exitCode = await run([...(isHelper ? ['docker-credential'] : []), ...process.argv.slice(2)], {
  environment: process.env,
  now: () => new Date(),
  random: Math.random,
  sleep,
  signal: interrupt.signal,
  vendors,
  terminal,
  endHard: startHardDeadline,
  // V8 grows the heap less before it collects: a controller of 5,000 namespaces has 105 MiB instead of 270 MiB, for a fifth more CPU
  // time. Not a flag of node, since NODE_OPTIONS does not allow it.
  favorMemory: () => process.getBuiltinModule('node:v8').setFlagsFromString('--optimize-for-size'),
})
// A long-running command that is stopped, and a run that completed nevertheless, succeeded.
process.exitCode = endedBy === undefined || exitCode === 0 ? exitCode : 128 + constants.signals[endedBy]
// Abandoned work, such as reading an endless input, must not keep the process alive. The output was drained by the run.
setTimeout(() => process.exit(), 500).unref()
