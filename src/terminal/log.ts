/** The log on standard error: a constant sentence, and what varies as fields, for people or as JSON. */
import type { Log, LogLevel } from '../http/context.ts'
import { plainJson } from '../text/plain-text.ts'

const severity: readonly LogLevel[] = ['error', 'warn', 'info', 'debug']

export interface LogSettings {
  /** Least level that is written (default warn). */
  readonly level: LogLevel | undefined
  /** Absent: text. */
  readonly format: 'text' | 'json' | undefined
  readonly now: () => Date
  readonly write: (line: string) => void
}

export function createLog({ level = 'warn', format, now, write }: LogSettings): Log {
  const least = severity.indexOf(level)
  const render = format === 'json' ? renderJson : renderText
  return (wanted, sentence, fields = {}) => {
    if (severity.indexOf(wanted) <= least) write(render(now(), wanted, sentence, fields))
  }
}

type Fields = Readonly<Record<string, string | number>>

const renderJson = (at: Date, level: LogLevel, sentence: string, fields: Fields) =>
  plainJson(JSON.stringify({ time: at.toISOString(), level, message: sentence, ...fields }))

function renderText(at: Date, level: LogLevel, sentence: string, fields: Fields): string {
  const tail = Object.entries(fields).map(([name, value]) => ` ${name}=${plainJson(JSON.stringify(value))}`)
  return `${at.toISOString()} ${level} ${sentence}${tail.join('')}`
}
