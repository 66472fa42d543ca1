/**
 * Runs this command line with the Node.js that npm installs with the package (optionalDependencies), if the Node.js that
 * started it is too old. It uses only features of Node.js 18.
 */
import { spawn } from 'node:child_process'
import { createRequire } from 'node:module'

export interface CurrentProcess {
  readonly argv: readonly string[]
  readonly on: (signal: NodeJS.Signals, listener: () => void) => unknown
}

export interface Ending {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** The executable for this platform; undefined if npm installed none, as with --omit=optional. */
export function findBundledNode(platform: string, arch: string, from: string | URL): string | undefined {
  const name = `node-${platform === 'win32' ? 'win' : platform}-${arch}`
  try {
    return createRequire(from).resolve(`${name}/bin/node${platform === 'win32' ? '.exe' : ''}`)
  } catch {
    return undefined
  }
}

/**
 * Resolves when the new process has ended. `argv`: Node.js, this file and the arguments. The new process stays in the same
 * process group, so that it can read the terminal: a signal to the group (Ctrl-C, `timeout`) reaches it directly as well.
 * SIGINT and SIGTERM are forwarded as messages, because a second signal would kill a process that is just ending and has
 * already removed its handlers; cli.ts counts a signal and its message once.
 */
export function runWith(node: string, { argv, on }: CurrentProcess): Promise<Ending> {
  const child = spawn(node, argv.slice(1), { stdio: ['inherit', 'inherit', 'inherit', 'ipc'] })
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    on(signal, () => child.send(signal, () => undefined)) // the only possible error: the process has ended
  }
  on('SIGHUP', () => child.kill('SIGHUP'))
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('exit', (code, signal) => resolve({ code, signal }))
  })
}
