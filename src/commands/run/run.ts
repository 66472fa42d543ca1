/** One run of pullpass: from the arguments to the exit code. */
import { codes } from '../../errors/codes.ts'
import { internalFault, onOneLine, PullpassError } from '../../errors/pullpass-error.ts'
import type { Context } from '../../http/context.ts'
import { httpsTransport } from '../../http/https-transport.ts'
import { createLog } from '../../terminal/log.ts'
import { inCluster, renderError } from '../../terminal/render-error.ts'
import { SecretRegister, withholdSecrets } from '../../text/secret-register.ts'
import type { VendorContext } from '../../vendors/vendor.ts'
import type { Command, Terminal } from '../command-line/command.ts'
import { clusterWords, defaultLogLevel, defaultTimeout, readDuration } from '../command-line/flags.ts'
import { renderCommandHelp, renderGroupHelp, renderHelp } from '../command-line/help.ts'
import {
  fatalError,
  type OutputFormat,
  renderJsonResult,
  renderResult,
  renderStreamed,
  requestedFormat,
  withholdInJsonLines,
} from '../command-line/output.ts'
import { type CommandLine, readCommandLine } from '../command-line/read.ts'
import { commands, loadCommand } from '../commands.ts'
import { type Found, findCommand, incompleteGroup } from './find-command.ts'
import type { HardDeadline, LastTexts } from './hard-deadline.ts'

/** What the process passes to a run. */
export interface Host extends Pick<VendorContext, 'environment' | 'now' | 'random' | 'sleep' | 'signal' | 'vendors'> {
  readonly terminal: Terminal
  /** Ends the process if its event loop is blocked; absent in tests. */
  readonly endHard?: (timeoutMs: number, texts: LastTexts) => HardDeadline
  /** Makes the process use less memory and more CPU time; absent in tests. */
  readonly favorMemory?: () => void
}

/** Returns the exit code: 0 success; 1 something failed; 2 invalid usage. The caller reports a signal that ended the run. */
export async function run(argv: readonly string[], host: Host): Promise<number> {
  try {
    return await dispatch(argv, host)
  } catch (error) {
    return await reportFatal(
      error,
      { ...host, secrets: new SecretRegister() },
      { log: 'text', output: requestedFormat(argv) },
    )
  }
}

async function dispatch([name = '--help', ...words]: readonly string[], host: Host): Promise<number> {
  if (['--help', '-h', 'help'].includes(name)) {
    host.terminal.print(words.length === 0 ? renderHelp(commands) : await help(words, host))
    return 0
  }
  if (name === '__complete') {
    host.terminal.print((await (await import('./complete.ts')).complete(words, host.vendors)).join('\n'))
    return 0
  }
  const first = name === '--version' ? 'version' : name
  return await runCommand(findCommand([first, ...words]), host)
}

async function runCommand(found: Found, host: Host): Promise<number> {
  if (found.kind === 'group') {
    if (!found.isHelp) throw incompleteGroup(found, host)
    host.terminal.print(renderGroupHelp(found))
    return 0
  }
  const { name, entry, words } = found
  const loaded = await loadCommand(entry, host.vendors)
  const line = readCommandLine(name, loaded, words)
  const { untilStoppedWith } = loaded
  const isStopped = untilStoppedWith !== undefined && Boolean(line.flags[untilStoppedWith])
  const command: Command = isStopped ? { ...loaded, life: 'until-stopped' } : loaded
  if (line.common.help) {
    host.terminal.print(renderCommandHelp(entry, command))
    return 0
  }
  if (command.favors === 'memory') host.favorMemory?.()
  const secrets = new SecretRegister()
  const { terminal, hasPrinted } = withholding(host.terminal, secrets, line)
  const guarded = { ...host, terminal }
  try {
    return await runBounded(command, line, { host: guarded, secrets })
  } catch (error) {
    // A command that runs until it is stopped was stopped.
    if (command.life === 'until-stopped' && isInterruption(error)) return 0
    const isStream = command.life === 'until-stopped'
    // Standard output holds one document, unless it is a stream: an interrupted run may have printed its result.
    const output = hasPrinted() && !isStream ? undefined : formatOf(line)
    return await reportFatal(
      error,
      { ...guarded, secrets },
      { log: line.common['log-format'], output, isStream, errors: command.errors, cluster: clusterWords(line.flags) },
    )
  }
}

/** Of a valid command line; undefined for text, and for commands without a structured result. */
function formatOf({ flags: { output } }: CommandLine): OutputFormat | undefined {
  return output === 'json' || output === 'yaml' ? output : undefined
}

const isInterruption = (error: unknown) => error instanceof PullpassError && error.code === 'INTERRUPTED'

interface GuardedTerminal {
  readonly terminal: Terminal
  /** Whether anything was printed on standard output. */
  readonly hasPrinted: () => boolean
}

/**
 * Everything that is printed, the log included, is searched for the secrets of the run: the last defense, not the first. The
 * values of structured output were searched before they were rendered: its syntax is never altered.
 */
function withholding(terminal: Terminal, secrets: SecretRegister, line: CommandLine): GuardedTerminal {
  const isStructured = formatOf(line) !== undefined
  const isJsonLog = line.common['log-format'] === 'json'
  const { prompt, notify, showProgress } = terminal
  let hasPrinted = false
  const guarded: Terminal = {
    ...terminal,
    print: (text) => {
      hasPrinted = true
      terminal.print(isStructured ? text : withholdSecrets(text, secrets))
    },
    printError: (text) => {
      const withhold = isJsonLog ? withholdInJsonLines : withholdSecrets
      terminal.printError(withhold(text, secrets))
    },
    ...(prompt && { prompt: (question, signal) => prompt(withholdSecrets(question, secrets), signal) }),
    ...(notify && { notify: (text) => notify(withholdSecrets(text, secrets)) }),
    showProgress: (text) => showProgress(text && withholdSecrets(text, secrets)),
  }
  return { terminal: guarded, hasPrinted: () => hasPrinted }
}

interface Guarded {
  readonly host: Host
  readonly secrets: SecretRegister
}

async function runBounded(command: Command, line: CommandLine, { host, secrets }: Guarded): Promise<number> {
  const { endHard } = host
  const { 'log-format': format } = line.common
  const bound = limitTime(line.common.timeout ?? defaultTimeout[command.life], {
    ...host,
    life: command.life,
    endHard:
      endHard &&
      ((timeoutMs, fault) =>
        endHard(timeoutMs, {
          stderr: renderError(fault, { format, now: host.now() }),
          ...lastResult(fault, formatOf(line), command.life),
        })),
  })
  try {
    return await endWithSignal(bound.signal, async () => {
      const context = await createContext(line, command, { host: { ...host, signal: bound.signal }, secrets })
      const exitCode = await command.run({ ...line, context, terminal: host.terminal })
      await host.terminal.drain?.() // within the time limit: a reader may be slow, or never read
      return exitCode
    })
  } finally {
    bound.cancel()
  }
}

/** YAML 1.2 is a superset of JSON. */
function lastResult(fault: PullpassError, output: OutputFormat | undefined, life: Command['life']) {
  if (output === undefined) return {}
  if (life === 'one-shot') return { stdout: renderJsonResult(fatalError(fault)) }
  const line = renderJsonResult(fatalError(fault), 'line')
  return { stdout: output === 'json' ? line : `---\n${line}` }
}

async function createContext(
  { common }: CommandLine,
  { life, untilStoppedWith, connects }: Pick<Command, 'life' | 'untilStoppedWith' | 'connects'>,
  { host, secrets }: Guarded,
): Promise<VendorContext> {
  const { environment, now, random, sleep, signal, terminal, vendors } = host
  const named = common['ca-file']
  const caFile = named ?? (connects === 'never' ? undefined : environment['PULLPASS_CA_FILE'])
  const variable = named === undefined ? 'PULLPASS_CA_FILE' : undefined
  const authorities = caFile
    ? await (await import('../../http/authorities.ts')).readAuthorities(caFile, variable)
    : undefined
  const { 'log-level': level = defaultLogLevel[untilStoppedWith ? 'one-shot' : life], 'log-format': format } = common
  const log = createLog({ level, format, now, write: terminal.printError })
  const plain = httpsTransport(environment, authorities)
  const logged = level === 'debug' ? (await import('../../http/log-requests.ts')).logRequests(plain, log) : plain
  // A long-running command retries, and reports in its log and alarms what does not respond.
  const context = { environment, now, random, sleep, signal, log, transport: logged, secrets, vendors }
  if (terminal.notify === undefined || format === 'json' || life === 'until-stopped') return context
  const waiting = (await import('../../terminal/report-waits.ts')).reportWaits(terminal.showProgress, { sleep, signal })
  const { reportRequests } = await import('../../http/log-requests.ts')
  return { ...context, transport: reportRequests(logged, waiting), waiting }
}

/** The error of a run that a signal ended. */
export const interruption = (signal: string): PullpassError =>
  new PullpassError({
    code: 'INTERRUPTED',
    hop: 'run',
    seen: `the run was ended by ${signal}`,
    expected: 'the run to complete',
    hint: 'run the command again; what was written is kept',
    retryable: true,
  })

/** The error of a process that cannot write its results: a full disk, a failing device. */
export const renderUnwritable = (code: string, { now }: Pick<Context, 'now'>): string =>
  renderError(
    new PullpassError({
      code: 'OUTPUT_UNWRITABLE',
      hop: 'run',
      seen: `standard output cannot be written: ${code}`,
      expected: 'a terminal, a pipe or a file with space for the results',
      hint: 'check the target of the output (a full disk?) and run the command again; what was done is kept',
    }),
    { format: 'text', now: now() },
  )

async function help(words: readonly string[], { vendors }: Host): Promise<string> {
  const found = findCommand(words)
  if (found.kind === 'group') return renderGroupHelp(found)
  return renderCommandHelp(found.entry, await loadCommand(found.entry, vendors))
}

interface FatalForm {
  readonly log: 'text' | 'json' | undefined
  /** Of the result; absent: the error is only part of the log. */
  readonly output: OutputFormat | undefined
  /** Whether the output is a stream of results. */
  readonly isStream?: boolean
  readonly errors?: Command['errors']
  readonly cluster?: readonly string[]
}

/** On standard error, and with -o json or yaml as the result too, so that a program reads why there is none. */
async function reportFatal(
  error: unknown,
  { terminal, now, secrets }: Pick<Host, 'terminal' | 'now'> & { readonly secrets: SecretRegister },
  { log, output, isStream = false, errors, cluster = [] }: FatalForm,
): Promise<number> {
  const fault = inCluster(error instanceof PullpassError ? error : internalFault(error), cluster)
  if (output !== undefined) {
    const render = isStream ? renderStreamed : renderResult
    terminal.print(await render(fatalError(fault), output, secrets))
  }
  const isOneLine = errors === 'one line' && log !== 'json'
  terminal.printError(isOneLine ? onOneLine(fault) : renderError(fault, { format: log, now: now() }))
  return codes[fault.code]
}

// Time limit of a run, by its own clock

/** A timer of more than 24 days fires immediately. */
const longestMs = 2 ** 31 - 1

export interface TimeLimit {
  /** Aborted when the run is interrupted or its time limit is reached; the reason is the error to report. */
  readonly signal: AbortSignal
  readonly cancel: () => void
}

export interface TimeLimited extends Pick<Context, 'sleep' | 'signal'> {
  /** Absent: one-shot. */
  readonly life?: Command['life']
  /** Ends the process if its event loop is blocked. */
  readonly endHard?: ((timeoutMs: number, fault: PullpassError) => HardDeadline) | undefined
}

/** `timeout` undefined: only an interruption ends the run. @throws USAGE_INVALID for an invalid duration @internal */
export function limitTime(timeout: string | undefined, { sleep, signal, endHard, life }: TimeLimited): TimeLimit {
  if (timeout === undefined) return { signal, cancel: () => undefined }
  const timeoutMs = readDuration('--timeout', timeout)
  const fault = timedOut(timeout, life)
  const hard = endHard?.(Math.min(timeoutMs, longestMs), fault)
  const over = new AbortController()
  const cancelled = new AbortController()
  const end = () => {
    hard?.serve()
    over.abort(fault)
  }
  sleep(Math.min(timeoutMs, longestMs), cancelled.signal).then(
    () => end(),
    () => undefined, // cancelled: the run ended in time
  )
  const cancel = () => {
    hard?.serve()
    cancelled.abort()
  }
  return { signal: AbortSignal.any([signal, over.signal]), cancel }
}

function timedOut(timeout: string, life: Command['life'] = 'one-shot'): PullpassError {
  const common = { code: 'TIMED_OUT', hop: 'run', retryable: true } as const
  if (life === 'until-stopped') {
    return new PullpassError({
      ...common,
      seen: `the run was not stopped within ${timeout}`,
      expected: 'it to be stopped before the limit of --timeout',
      hint: 'omit --timeout: the command then runs until it is stopped',
    })
  }
  return new PullpassError({
    ...common,
    seen: `the run did not end within ${timeout}`,
    expected: 'each hop to respond before the limit of --timeout',
    hint: 'find the slow hop with --log-level debug, or set a longer --timeout',
  })
}

// The end of a run: work that blocks, such as reading an endless input, is abandoned.

/** Applies in flight end within 5 s; one more second is for reporting their outcomes. */
const graceMs = 6_000

/** The result of the work; or the reason of the signal, if the work does not end soon after it. @internal */
export async function endWithSignal<Result>(
  signal: AbortSignal,
  work: () => Promise<Result>,
  waitMs: number = graceMs,
): Promise<Result> {
  const left = Promise.withResolvers<never>()
  let timer: NodeJS.Timeout | undefined
  const begin = () => {
    timer = setTimeout(() => left.reject(signal.reason), waitMs)
  }
  signal.addEventListener('abort', begin, { once: true })
  if (signal.aborted) begin()
  try {
    return await Promise.race([work(), left.promise])
  } finally {
    signal.removeEventListener('abort', begin)
    clearTimeout(timer)
  }
}
