/** The log on standard error: constant messages with fields, as text or JSON. */
import type { Log, LogLevel } from '../http/context.ts'
import { plainJson } from '../text/plain-text.ts'

const severity: readonly LogLevel[] = ['error', 'warn', 'info', 'debug']

export interface LogSettings {
  /** Minimum level. */
  readonly level: LogLevel
  /** Absent: text. */
  readonly format: 'text' | 'json' | undefined
  readonly now: () => Date
  readonly write: (line: string) => void
}

export function createLog({ level, format, now, write }: LogSettings): Log {
  const least = severity.indexOf(level)
  const render = format === 'json' ? renderJson : renderText
  return (of, message, fields = {}) => {
    if (severity.indexOf(of) <= least) write(render(now(), of, message, fields))
  }
}

type Fields = Readonly<Record<string, string | number>>

/** Characters of a field: others can choose what is quoted in one. */
const longestField = 4096
const bounded = (value: string | number) =>
  typeof value === 'string' && value.length > longestField ? `${value.slice(0, longestField)}…` : value

const renderJson = (at: Date, level: LogLevel, message: string, fields: Fields) =>
  plainJson(
    JSON.stringify({
      time: at.toISOString(),
      level,
      message,
      ...Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, bounded(value)])),
    }),
  )

function renderText(at: Date, level: LogLevel, message: string, fields: Fields): string {
  const tail = Object.entries(fields).map(([name, value]) => ` ${name}=${plainJson(JSON.stringify(bounded(value)))}`)
  return `${at.toISOString()} ${level} ${message}${tail.join('')}`
}
