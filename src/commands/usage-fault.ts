/** A command line that asks for what a command does not do; its help says what it does. */
import { PullpassError } from '../outside/pullpass-error.ts'

/** `command`: `issuer check`. */
export const usageFault = (command: string, seen: string, expected?: string): PullpassError =>
  new PullpassError({ code: 'USAGE_INVALID', hop: 'run', seen, expected, hint: `pullpass ${command} --help` })
