/** Lines about single namespaces in the log: the first ones as they are, then their number, so that no refresh logs thousands. */

import { isOfTenants } from '../../document/document.ts'
import type { Context, LogLevel } from '../../http/context.ts'

export interface RepeatedLine {
  readonly level: LogLevel
  /** Of one namespace. Absent: only their number is logged. */
  readonly one?: string
  /** Of several. */
  readonly many: string
}

export interface LineFields extends Readonly<Record<string, string | number>> {
  readonly document: string
}

/** So many lines of a document are logged as they are within the interval. */
const shown = 10
/** Milliseconds. */
const intervalMs = 10_000

interface Counted {
  readonly line: RepeatedLine
  readonly document: string
  seen: number
}

export class RepeatedLines {
  readonly #context: Pick<Context, 'log' | 'sleep' | 'signal'>
  /** Of the current interval; empty between intervals. */
  readonly #counted = new Map<string, Counted>()

  constructor(context: Pick<Context, 'log' | 'sleep' | 'signal'>) {
    this.#context = context
  }

  log(line: RepeatedLine, fields: LineFields): void {
    const { log, sleep, signal } = this.#context
    if (this.#counted.size === 0) {
      const end = () => this.#logCounts()
      sleep(intervalMs, signal).then(end, end)
    }
    // Tenants write any number of them.
    const document = isOfTenants(fields.document) ? 'PullSecrets' : fields.document
    const key = JSON.stringify([line.many, document])
    const counted = this.#counted.get(key) ?? { line, document, seen: 0 }
    this.#counted.set(key, counted)
    counted.seen += 1
    const isShown = line.one !== undefined && counted.seen <= shown
    log(isShown ? line.level : 'debug', line.one ?? line.many, fields)
  }

  #logCounts(): void {
    for (const { line, document, seen } of this.#counted.values()) {
      if (line.one === undefined || seen > shown) {
        this.#context.log(line.level, line.many, { document, namespaces: seen })
      }
    }
    this.#counted.clear()
  }
}
