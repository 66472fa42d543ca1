/**
 * Ends a process whose event loop is blocked by one piece of work, so that it cannot react to its own deadline.
 *
 *   start ─ 1 s ─▶ a thread starts ─ deadline ─▶ was it handled? ─ no, 1 s later ─▶ message, exit code 1
 *                                                                └─ and 2 s later ─▶ SIGKILL
 *
 * Only a thread can run then. It costs 15 ms of CPU and 7 MB, so it starts after one second: shorter runs pay nothing, and
 * input is bounded so that no piece of work takes a second. It ends the main thread through the inspector, which interrupts
 * JavaScript and regular expressions: a thread cannot exit the process, and a signal handler would wait for the event loop.
 * https://nodejs.org/api/inspector.html#sessionconnecttomainthread
 */
import type { Worker } from 'node:worker_threads'

export interface HardDeadline {
  /** The event loop handled the deadline: nothing else is done. */
  readonly serve: () => void
}

const startMs = 1_000

/** What is written before the process ends. */
export interface LastTexts {
  readonly stderr: string
  /** The result for a program; absent: none. */
  readonly stdout?: string
}

/** Does not keep the process alive. */
export function startHardDeadline(timeoutMs: number, texts: LastTexts): HardDeadline {
  const served = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT))
  let thread: Worker | undefined
  const delayMs = Math.min(startMs, timeoutMs / 2)
  const timer = setTimeout(() => {
    thread = startThread({ served, restMs: timeoutMs - delayMs, texts })
  }, delayMs)
  timer.unref()
  return {
    serve() {
      clearTimeout(timer)
      Atomics.store(served, 0, 1)
      void thread?.terminate()
    },
  }
}

interface Watched {
  readonly served: Int32Array
  readonly restMs: number
  readonly texts: LastTexts
}

function startThread(watched: Watched): Worker {
  const { Worker } = process.getBuiltinModule('node:worker_threads')
  const thread = new Worker(threadCode, { eval: true, workerData: watched, env: {}, execArgv: [] })
  thread.unref()
  return thread
}

/** Standard error is closed before the exit: Node.js would write that it waits for a debugger. */
const threadCode = `
const { workerData: { served, restMs, texts } } = process.getBuiltinModule('node:worker_threads')
const { writeSync } = process.getBuiltinModule('node:fs')
const { Session } = process.getBuiltinModule('node:inspector')
setTimeout(() => {
  if (Atomics.load(served, 0) !== 0) return
  setTimeout(() => process.kill(process.pid, 'SIGKILL'), 2000)
  try {
    writeSync(2, texts.stderr + '\\n')
  } catch {} // as below, and a full disk
  try {
    if (texts.stdout !== undefined) writeSync(1, texts.stdout + '\\n')
  } catch {} // EAGAIN: nothing reads the pipe
  const session = new Session()
  session.connectToMainThread()
  const expression = 'process.getBuiltinModule("node:fs").closeSync(2); process.exit(1)'
  session.post('Runtime.evaluate', { expression })
}, restMs + 1000)
`
