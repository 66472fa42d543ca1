/** One run of pullpass: from the words of a command line to an exit code. */
import { errorCodes } from '../outside/error-codes.ts'
import { httpsTransport } from '../outside/https-transport.ts'
import type { Outside } from '../outside/outside.ts'
import { PullpassError } from '../outside/pullpass-error.ts'
import { createLog } from '../terminal/log.ts'
import type { Terminal } from './command.ts'
import { type CommandEntry, commands } from './commands.ts'
import { endAfter } from './end-after.ts'
import { type CommandLine, readCommandLine } from './read-command-line.ts'
import { renderCommandHelp, renderHelp } from './render-help.ts'

/** What a process gives a run; a test gives its own. */
export interface Host extends Pick<Outside, 'environment' | 'now' | 'random' | 'sleep' | 'signal'> {
  readonly terminal: Terminal
}

/** The exit code: 0 all done; 1 something failed; 2 wrong usage. Who interrupts knows 130 and 143 himself. */
export async function run(argv: readonly string[], host: Host): Promise<number> {
  try {
    return await dispatch(argv, host)
  } catch (fault) {
    host.terminal.complain(fault instanceof PullpassError ? fault.message : internalMessage(fault))
    return errorCodes[fault instanceof PullpassError ? fault.code : 'INTERNAL']
  }
}

async function dispatch([name = '--help', ...words]: readonly string[], host: Host): Promise<number> {
  if (name === '--version') {
    host.terminal.print((await import('./version.ts')).version)
    return 0
  }
  if (['--help', '-h', 'help'].includes(name)) {
    const [asked] = words
    host.terminal.print(asked === undefined ? renderHelp(commands) : await commandHelp(asked))
    return 0
  }
  return await runCommand(name, words, host)
}

async function runCommand(name: string, words: readonly string[], host: Host): Promise<number> {
  const command = await find(name).load()
  const line = readCommandLine(name, command, words)
  if (line.common.help) {
    host.terminal.print(renderCommandHelp(command))
    return 0
  }
  const bound = endAfter(line.common.timeout ?? (command.life === 'one-shot' ? '5m' : undefined), host)
  try {
    const outside = await makeOutside(line, { ...host, signal: bound.signal })
    return await command.run({ ...line, outside, terminal: host.terminal })
  } finally {
    bound.cancel()
  }
}

async function makeOutside({ common }: CommandLine, host: Host): Promise<Outside> {
  const { environment, now, random, sleep, signal, terminal } = host
  const caFile = common['ca-file'] ?? environment['PULLPASS_CA_FILE']
  const authorities = caFile
    ? await (await import('../outside/read-authorities.ts')).readAuthorities(caFile)
    : undefined
  const log = createLog({ level: common['log-level'], format: common['log-format'], now, write: terminal.complain })
  return { environment, now, random, sleep, signal, log, transport: httpsTransport(environment, authorities) }
}

function find(name: string): CommandEntry {
  const entry = Object.hasOwn(commands, name) ? commands[name] : undefined
  if (entry !== undefined) return entry
  throw new PullpassError({
    code: 'USAGE_INVALID',
    hop: 'document',
    seen: `there is no command ${JSON.stringify(name.slice(0, 40))}`,
    expected: `one of ${Object.keys(commands).join(', ')}`,
    hint: 'pullpass --help',
  })
}

async function commandHelp(name: string): Promise<string> {
  return renderCommandHelp(await find(name).load())
}

/** A fault that nobody classified is a bug here: its words may hold anything, so only its kind and place are shown. */
function internalMessage(fault: unknown): string {
  const kind = fault instanceof Error ? fault.name : typeof fault
  const place = fault instanceof Error ? (fault.stack?.split('\n').find((line) => /^\s+at /.test(line)) ?? '') : ''
  return `INTERNAL: pullpass met a fault that it does not know: ${kind}${place.replace(/^\s+/, ' ')}\n  fix: please report this line; pull secrets keep what they have`
}
