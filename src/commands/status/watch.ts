/**
 * pullpass status --watch: the whole table again on a terminal, otherwise the table and then each row that changed; with -o json
 * or yaml one document and then one for each change. Changes come from watches and from files of documents, which are read again; only a
 * state that changes with the time is evaluated by the clock.
 */
import type { Document } from '../../document/document.ts'
import { loadDocuments, reloadRegularly } from '../../document/load-documents.ts'
import type { PullpassError } from '../../errors/pullpass-error.ts'
import { planRefresh } from '../../refresh/plan.ts'
import { createEvaluation } from '../../status/evaluate.ts'
import type { PullSecretFacts } from '../../status/facts.ts'
import { inContext, type StatusScope } from '../../status/list.ts'
import { type StatusObserver, type StatusPart, watchStatus } from '../../status/watch.ts'
import type { Call, ExitCode } from '../command-line/command.ts'
import { printErrors } from '../command-line/output.ts'
import { DesiredView } from './desired-view.ts'
import type { StatusFlags } from './flags.ts'
import { openChangePrinter, openFramePrinter, type StatusPrinter } from './print-watch.ts'
import { createEvaluator, type ReadCluster, withDesired } from './report.ts'

/** Changes that follow each other within this time are shown together. */
const gatherMs = 200
/** How often times such as `in 12 min` are shown again on a terminal. */
const frameMs = 15_000

/** Ends with the run, or with its reader; 1 if every list failed permanently. */
export async function watchStatusTable(
  scope: StatusScope,
  files: readonly string[],
  call: Call<StatusFlags>,
): Promise<ExitCode> {
  const { context, terminal } = call
  const load = async () => await loadDocuments(files, { ...context, ...terminal })
  const documents = files.length === 0 ? undefined : await load()
  if (documents !== undefined) planRefresh(documents, undefined)
  const isFrame = terminal.rows !== undefined && !isStructured(call.flags.output)
  const printer = isFrame ? openFramePrinter(call, scope) : openChangePrinter(call, scope)
  const report = (fault: PullpassError) => printErrors([{ fault }], call)
  const view = new StatusView(scope, documents, report)
  const { desired } = view
  const ended = new AbortController()
  const { closed } = terminal
  const signal = AbortSignal.any([context.signal, ended.signal, ...(closed ? [closed] : [])])
  const watching = watchStatus(scope, (parts) => view.observe(parts), desired && (() => desired.needNamespaces), {
    ...context,
    signal,
  }).finally(() => ended.abort(new WatchEnded()))
  const untilEnd = async (work: Promise<never>) =>
    await work.catch((error: unknown) => {
      if (!(error instanceof WatchEnded)) {
        ended.abort(error)
        throw error
      }
    })
  const printing = printChanges(view, printer, { ...context, signal, isFrame })
  const reloading = documents && reloadRegularly(documents, { load, ...view.reloads() }, { ...context, signal })
  try {
    await Promise.all([watching, untilEnd(printing), reloading && untilEnd(reloading)])
  } catch (error) {
    if (closed?.aborted) return 0
    throw error
  }
  await printer.print(view.clusters(context.now()), context.now())
  return 1
}

class WatchEnded extends Error {}

const isStructured = (output: string | undefined) => output === 'json' || output === 'yaml'

interface PrintContext extends Pick<Call<StatusFlags>['context'], 'now' | 'sleep'> {
  readonly signal: AbortSignal
  readonly isFrame: boolean
}

async function printChanges(
  view: StatusView,
  printer: StatusPrinter,
  { now, sleep, signal, isFrame }: PrintContext,
): Promise<never> {
  for (;;) {
    const changed = view.nextChange()
    if (view.isComplete) await printer.print(view.clusters(now()), now())
    const end = new AbortController()
    void changed.then(() => end.abort())
    const ms = Math.min(isFrame ? frameMs : longestMs, view.untilChangeMs(now()))
    await sleep(ms, AbortSignal.any([signal, end.signal])).catch(() => undefined) // ended by a change, or with the run
    await sleep(gatherMs, signal)
  }
}

/** A timer of more than 24 days fires immediately. */
const longestMs = 2 ** 31 - 1

/** What is known of every cluster, kept up to date by watches. */
class StatusView {
  /** Absent: there are no documents. */
  readonly desired: DesiredView | undefined
  readonly #scope: StatusScope
  readonly #report: (fault: PullpassError) => void
  #parts: readonly PartView[] = []
  #change = Promise.withResolvers<void>()

  constructor(scope: StatusScope, documents: readonly Document[] | undefined, report: (fault: PullpassError) => void) {
    this.#scope = scope
    this.#report = report
    this.desired = documents && new DesiredView(documents, scope, (fault, context) => report(inContext(fault, context)))
  }

  /** Of the documents: a fault is reported once, until it has ended. */
  reloads(): Pick<Parameters<typeof reloadRegularly<readonly Document[]>>[1], 'revisionOf' | 'onChange' | 'onFault'> {
    let before: string | undefined
    return {
      revisionOf: (documents) => JSON.stringify(documents),
      onChange: (documents) => {
        this.desired?.useDocuments(documents)
        this.#change.resolve()
      },
      onFault: (fault) => {
        if (fault !== undefined && fault.message !== before) this.#report(fault)
        before = fault?.message
      },
    }
  }

  observe(parts: readonly StatusPart[]): StatusObserver {
    this.#parts = parts.map((part) => ({ part, secrets: new Map(), fault: undefined, listed: false }))
    const changing = (apply: (view: PartView) => void) => (part: StatusPart) => {
      const view = this.#parts[part.index]
      if (view !== undefined) apply(view)
      this.#change.resolve()
    }
    return {
      onListed: (part, secrets) =>
        changing((view) => {
          view.secrets = new Map(secrets.map((facts) => [keyOf(facts), facts]))
          view.listed = true
          view.fault = undefined
        })(part),
      onChanged: (part, change, facts) =>
        changing((view) => {
          view.fault = undefined
          if (change === 'deleted') view.secrets.delete(keyOf(facts))
          else view.secrets.set(keyOf(facts), facts)
        })(part),
      onFault: (part, fault) =>
        changing((view) => {
          if (view.fault?.message !== fault.message) this.#report(inContext(fault, part.context))
          view.fault = fault
        })(part),
      onNamespaces: (context, namespaces) => {
        this.desired?.useNamespaces(context, namespaces)
        this.#change.resolve()
      },
    }
  }

  /** Resolves with the next change after this call. */
  nextChange(): Promise<void> {
    this.#change = Promise.withResolvers<void>()
    return this.#change.promise
  }

  /** Whether every part was listed, or has failed. */
  get isComplete(): boolean {
    const { desired } = this
    const isKnown = ({ part: { context } }: PartView) =>
      desired === undefined || (desired.in(context) ?? desired.faultIn(context)) !== undefined
    return this.#parts.length > 0 && this.#parts.every((one) => one.fault !== undefined || (one.listed && isKnown(one)))
  }

  clusters(now: Date): ReadCluster[] {
    const evaluate = createEvaluator(now)
    const contexts = this.#scope.contexts.length === 0 ? [undefined] : this.#scope.contexts
    return contexts.map((context) => {
      const parts = this.#parts.filter(({ part }) => part.context === context)
      const secrets = parts
        .flatMap((one) => [...one.secrets.values()])
        .toSorted(byName)
        .map((facts) => evaluate(context, facts))
      const desired = this.desired?.in(context)
      return {
        context,
        server: parts[0]?.part.server,
        secrets: desired === undefined ? secrets : withDesired(secrets, desired, { context }),
        faults: [
          ...parts.flatMap(({ fault }) => fault ?? []),
          ...[this.desired?.faultIn(context)].flatMap((fault) => fault ?? []),
        ],
        resources: [],
        notes: [],
      }
    })
  }

  /** Until a state changes with the time. Milliseconds. */
  untilChangeMs(now: Date): number {
    const evaluate = createEvaluation(now)
    let nextMs = Number.POSITIVE_INFINITY
    for (const { secrets } of this.#parts) {
      for (const facts of secrets.values()) {
        const { changesAt } = evaluate(facts)
        if (changesAt !== undefined) nextMs = Math.min(nextMs, changesAt.getTime())
      }
    }
    return Math.max(1_000, nextMs - now.getTime())
  }
}

interface PartView {
  readonly part: StatusPart
  secrets: Map<string, PullSecretFacts>
  fault: PullpassError | undefined
  listed: boolean
}

const keyOf = ({ namespace, name }: PullSecretFacts) => `${namespace}/${name}`

function byName(one: PullSecretFacts, other: PullSecretFacts): number {
  const [left, right] = [keyOf(one), keyOf(other)]
  return left < right ? -1 : left > right ? 1 : 0
}
