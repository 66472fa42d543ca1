/**
 * Runs this command line with the Node that npm installs beside the package (optionalDependencies), where the Node that
 * started it is too old. It uses only what Node 18 has.
 */
import { spawn } from 'node:child_process'
import { createRequire } from 'node:module'

export interface CurrentProcess {
  readonly argv: readonly string[]
  /** A terminal sends Ctrl-C to the new process too; without one it is passed on. */
  readonly hasTerminal: boolean
  readonly on: (signal: NodeJS.Signals, listener: () => void) => unknown
}

export interface Ending {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** The executable for this platform; undefined where npm installed none, as with --omit=optional. */
export function findBundledNode(platform: string, arch: string, from: string | URL): string | undefined {
  const name = `node-${platform === 'win32' ? 'win' : platform}-${arch}`
  try {
    return createRequire(from).resolve(`${name}/bin/node${platform === 'win32' ? '.exe' : ''}`)
  } catch {
    return undefined
  }
}

/** Resolves when the new process has ended; `current.argv` is Node, this file and the arguments. */
export function runWith(node: string, { argv, hasTerminal, on }: CurrentProcess): Promise<Ending> {
  const child = spawn(node, argv.slice(1), { stdio: 'inherit' })
  on('SIGTERM', () => child.kill('SIGTERM'))
  on('SIGINT', () => void (hasTerminal || child.kill('SIGINT')))
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('exit', (code, signal) => resolve({ code, signal }))
  })
}
