/** Test files share a process. Finds state of the process that a file changes and does not restore: variables, the working directory, signal handlers. */

export class ProcessState {
  #before = readState()

  /** A sentence for each change since the last call. `file`: what ran since. */
  differences(file: string): string[] {
    const before = this.#before
    const now = readState()
    this.#before = now
    return Object.entries({ ...before, ...now })
      .filter(([name]) => before[name] !== now[name])
      .map(([name, value]) => `${file} left ${name} changed: ${value}`)
  }
}

function readState(): Readonly<Record<string, string | undefined>> {
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGPIPE']
  const variables = Object.entries(process.env).map(([name, value]) => [`process.env.${name}`, value])
  const listeners = signals.map((name) => [`the listeners of ${name}`, String(process.listenerCount(name))])
  return { ...Object.fromEntries([...variables, ...listeners]), 'the working directory': process.cwd() }
}
