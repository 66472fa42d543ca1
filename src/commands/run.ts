/** One run of pullpass: from the words of a command line to an exit code. */
import { errorCodes } from '../outside/error-codes.ts'
import { httpsTransport } from '../outside/https-transport.ts'
import type { Outside } from '../outside/outside.ts'
import { PullpassError } from '../outside/pullpass-error.ts'
import { SecretRegister, withholdSecrets } from '../outside/secret-register.ts'
import { createLog } from '../terminal/log.ts'
import { renderFault } from '../terminal/render-fault.ts'
import type { Command, Terminal } from './command.ts'
import { commands } from './commands.ts'
import { endAfter } from './end-after.ts'
import { type Found, findCommand } from './find-command.ts'
import type { HardDeadline } from './hard-deadline.ts'
import { orEnd } from './or-end.ts'
import { type CommandLine, readCommandLine } from './read-command-line.ts'
import { renderCommandHelp, renderGroupHelp, renderHelp } from './render-help.ts'
import { defaultTimeout } from './shared-flags.ts'

/** What a process gives a run; a test gives its own. */
export interface Host extends Pick<Outside, 'environment' | 'now' | 'random' | 'sleep' | 'signal'> {
  readonly terminal: Terminal
  /** Ends the process where its event loop cannot; absent: it is not this run's to end. */
  readonly endHard?: (timeoutMs: number, message: string) => HardDeadline
}

/** The exit code: 0 all done; 1 something failed; 2 invalid usage. A signal that ended a run is the caller's to report. */
export async function run(argv: readonly string[], host: Host): Promise<number> {
  try {
    return await dispatch(argv, host)
  } catch (error) {
    return complain(error, host, 'text')
  }
}

async function dispatch([name = '--help', ...words]: readonly string[], host: Host): Promise<number> {
  if (['--help', '-h', 'help'].includes(name)) {
    host.terminal.print(words.length === 0 ? renderHelp(commands) : await help(words))
    return 0
  }
  if (name === '__complete') {
    host.terminal.print((await (await import('./complete.ts')).complete(words)).join('\n'))
    return 0
  }
  const first = name === '--version' ? 'version' : name
  return await runCommand(findCommand([first, ...words]), host)
}

async function runCommand(found: Found, host: Host): Promise<number> {
  if (found.kind === 'group') {
    host.terminal.print(renderGroupHelp(found))
    return 0
  }
  const { name, entry, words } = found
  const command = await entry.load()
  const line = readCommandLine(name, command, words)
  if (line.common.help) {
    host.terminal.print(renderCommandHelp(command))
    return 0
  }
  const secrets = new SecretRegister()
  const guarded = { ...host, terminal: withholding(host.terminal, secrets) }
  try {
    return await runBounded(command, line, { host: guarded, secrets })
  } catch (error) {
    // It was to run until it is stopped, and was.
    if (command.life === 'until-stopped' && isInterruption(error)) return 0
    return complain(error, guarded, line.common['log-format'])
  }
}

const isInterruption = (error: unknown) => error instanceof PullpassError && error.code === 'INTERRUPTED'

/** Whatever is printed, the log included, is searched for the secrets of the run: the last defence, not the first. */
function withholding(terminal: Terminal, secrets: SecretRegister): Terminal {
  const { ask, tell, progress } = terminal
  return {
    ...terminal,
    print: (text) => terminal.print(withholdSecrets(text, secrets)),
    complain: (text) => terminal.complain(withholdSecrets(text, secrets)),
    ...(ask && { ask: (question, signal) => ask(withholdSecrets(question, secrets), signal) }),
    ...(tell && { tell: (text) => tell(withholdSecrets(text, secrets)) }),
    progress: (text) => progress(text && withholdSecrets(text, secrets)),
  }
}

interface Guarded {
  readonly host: Host
  readonly secrets: SecretRegister
}

async function runBounded(command: Command, line: CommandLine, { host, secrets }: Guarded): Promise<number> {
  const { endHard } = host
  const inWords = (fault: PullpassError) => renderFault(fault, { format: line.common['log-format'], now: host.now() })
  const bound = endAfter(line.common.timeout ?? defaultTimeout[command.life], {
    ...host,
    endHard: endHard && ((timeoutMs, fault) => endHard(timeoutMs, inWords(fault))),
  })
  try {
    return await orEnd(bound.signal, async () => {
      const outside = await makeOutside(line, command.life, { host: { ...host, signal: bound.signal }, secrets })
      return await command.run({ ...line, outside, terminal: host.terminal })
    })
  } finally {
    bound.cancel()
  }
}

async function makeOutside(
  { common }: CommandLine,
  life: Command['life'],
  { host, secrets }: Guarded,
): Promise<Outside> {
  const { environment, now, random, sleep, signal, terminal } = host
  const caFile = common['ca-file'] ?? environment['PULLPASS_CA_FILE']
  const authorities = caFile
    ? await (await import('../outside/read-authorities.ts')).readAuthorities(caFile)
    : undefined
  const { 'log-level': level, 'log-format': format } = common
  const log = createLog({ level, format, now, write: terminal.complain })
  const plain = httpsTransport(environment, authorities)
  const transport = level === 'debug' ? (await import('../outside/log-requests.ts')).logRequests(plain, log) : plain
  // A daemon asks again and again, and reports in its log and alarms what does not answer.
  const waits =
    terminal.tell === undefined || format === 'json' || life === 'until-stopped'
      ? {}
      : { waiting: (await import('../terminal/report-waits.ts')).reportWaits(terminal.progress, { sleep, signal }) }
  return { environment, now, random, sleep, signal, log, transport, secrets, ...waits }
}

/** The reason to abort a run with that a signal ends. */
export const interruption = (signal: string): PullpassError =>
  new PullpassError({
    code: 'INTERRUPTED',
    hop: 'run',
    seen: `the run was ended by ${signal}`,
    expected: 'time to end by itself',
    hint: 'run it again: what was written stays',
    retryable: true,
  })

/** What a process ends with where its results cannot be written: a full disk, a device that fails. */
export const renderUnwritable = (code: string, { now }: Pick<Outside, 'now'>): string =>
  renderFault(
    new PullpassError({
      code: 'OUTPUT_UNWRITABLE',
      hop: 'run',
      seen: `standard output cannot be written: ${code}`,
      expected: 'a place for the results',
      hint: 'see where the output goes (a full disk?), and run it again: what was done stays',
    }),
    { format: 'text', now: now() },
  )

async function help(words: readonly string[]): Promise<string> {
  const found = findCommand(words)
  return found.kind === 'group' ? renderGroupHelp(found) : renderCommandHelp(await found.entry.load())
}

function complain(error: unknown, { terminal, now }: Host, format: 'text' | 'json' | undefined): number {
  const fault = error instanceof PullpassError ? error : internalFault(error)
  terminal.complain(renderFault(fault, { format, now: now() }))
  return errorCodes[fault.code]
}

/** What nobody classified is a bug here: its words may hold anything, so only its kind and place are shown. */
function internalFault(error: unknown): PullpassError {
  const kind = error instanceof Error ? error.name : typeof error
  const place = error instanceof Error ? error.stack?.split('\n').find((line) => /^\s+at /.test(line)) : undefined
  return new PullpassError({
    code: 'INTERNAL',
    hop: 'run',
    seen: `pullpass met a fault that it does not know: ${kind}${place?.replace(/^\s+/, ' ') ?? ''}`,
    expected: 'no such fault: this is a bug of pullpass',
    hint: 'please report these lines; pull secrets keep what they have',
  })
}
