/** Results and errors for programs: the envelope of `-o json` and `-o yaml`, as the types in output/ describe it. */
import type { ErrorFacts, PullpassError } from '../../errors/pullpass-error.ts'
import { renderError } from '../../terminal/render-error.ts'
import { renderJson, renderStructured } from '../../terminal/render-structured.ts'
import { asObject, jsonOrNone } from '../../text/json-fields.ts'
import { repeatsSecret, type SecretRegister, withholdSecrets } from '../../text/secret-register.ts'
import { rfc3339 } from '../../text/time.ts'
import type { ErrorDetail, FatalError, Instant } from '../output/envelope.ts'
import type { Call, ExitCode } from './command.ts'
import { clusterWords } from './flags.ts'

export type OutputFormat = 'json' | 'yaml'

const apiVersion = 'pullpass.dev/v1alpha1'

/** Text without a line end, whose values contain no secret of the run. */
export const renderResult = async (
  result: { readonly kind: string },
  format: OutputFormat,
  secrets: SecretRegister,
): Promise<string> => await renderStructured(withholdInValues({ apiVersion, ...result }, secrets), format)

/** One of many: a line of JSON, or a YAML document that begins with `---`. */
export async function renderStreamed(
  result: { readonly kind: string },
  format: OutputFormat,
  secrets: SecretRegister,
): Promise<string> {
  return format === 'json'
    ? renderJson(withholdInValues({ apiVersion, ...result }, secrets), 'line')
    : `---\n${await renderResult(result, 'yaml', secrets)}`
}

/** So many items are rendered together. */
const itemsOfPart = 50

/**
 * A result whose last member is a long list, in parts to print one after the other: the text of `renderResult`, which would take
 * several times its size in memory.
 */
export async function* renderInParts<Name extends string>(
  result: { readonly kind: string } & { readonly [List in Name]: readonly object[] },
  list: Name,
  format: OutputFormat,
  secrets: SecretRegister,
): AsyncGenerator<string, void> {
  const items: readonly object[] = result[list]
  const head = await renderResult({ ...result, [list]: [] }, format, secrets)
  if (items.length === 0) {
    yield head
    return
  }
  const end = format === 'json' ? '[]\n}' : ' []'
  yield head.slice(0, -end.length) + (format === 'json' ? '[' : '')
  for (let start = 0; start < items.length; start += itemsOfPart) {
    const part = withholdInValues(items.slice(start, start + itemsOfPart), secrets)
    if (format === 'yaml') {
      yield (await renderStructured({ [list]: part }, 'yaml')).slice(`${list}:\n`.length)
    } else {
      const texts = part.map((item) => `    ${renderJson(item).replaceAll('\n', '\n    ')}`).join(',\n')
      yield start + itemsOfPart < items.length ? `${texts},` : texts
    }
  }
  if (format === 'json') yield '  ]\n}'
}

/** Members that hold only constants of pullpass. */
const constants: ReadonlySet<string> = new Set(['apiVersion', 'kind', 'result', 'code', 'hop'])

/**
 * Each string by itself, before it is rendered: secrets are chosen by others, and one can equal a part of the syntax. The names
 * of members are constants.
 */
export function withholdInValues<Value>(value: Value, secrets: SecretRegister): Value {
  const withhold = (name: string, member: unknown): unknown =>
    typeof member === 'string' && !constants.has(name) ? withholdSecrets(member, secrets) : member
  return JSON.parse(JSON.stringify(value, withhold))
}

/** The lines of a log in JSON; other text as a whole. */
export function withholdInJsonLines(text: string, secrets: SecretRegister): string {
  if (!repeatsSecret(text, secrets)) return text
  const entries = text.split('\n').map(jsonOrNone)
  if (entries.some((entry) => asObject(entry) === undefined)) return withholdSecrets(text, secrets)
  return entries.map((entry) => renderJson(withholdInValues(entry, secrets), 'line')).join('\n')
}

/** For the deadline of a process whose event loop is blocked: nothing can be loaded any more. */
export const renderJsonResult = (result: { readonly kind: string }, layout?: 'line'): string =>
  renderJson({ apiVersion, ...result }, layout)

export const fatalError = (fault: PullpassError): FatalError => ({ kind: 'Error', error: errorDetail(fault) })

export function errorDetail(facts: ErrorFacts): ErrorDetail {
  const { code, hop, seen, expected, also = [], retryable = false, retryAt } = facts
  return {
    code,
    hop,
    seen,
    ...(expected !== undefined && { expected }),
    ...(also.length > 0 && { also }),
    ...remedyItem(facts),
    retryable,
    ...(retryAt !== undefined && { retryAt: instant(retryAt) }),
  }
}

/** To be spread into an item: `fix` is a sentence, `command` is ready to paste. */
export const remedyItem = ({
  hint,
  command,
}: {
  readonly [Part in 'hint' | 'command']?: string | undefined
}): Pick<ErrorDetail, 'fix' | 'command'> => ({
  ...(hint !== undefined && { fix: hint }),
  ...(command !== undefined && { command }),
})

/** To be spread into a result. */
export const errorOf = (fault: PullpassError | undefined): { error?: ErrorDetail } =>
  fault === undefined ? {} : { error: errorDetail(fault) }

export const instant = (at: Date): Instant => rfc3339(at)

export const overall = (exitCode: ExitCode): 'ok' | 'failed' => (exitCode === 0 ? 'ok' : 'failed')

interface ErrorCall extends Pick<Call<Record<string, never>>, 'common' | 'context' | 'terminal'> {
  readonly flags: object
}

/** Prints each distinct error on standard error. */
export function printErrors(
  found: readonly { readonly fault?: PullpassError | undefined }[],
  { flags, common, context, terminal }: ErrorCall,
): void {
  const form = { format: common['log-format'], now: context.now(), cluster: clusterWords(flags) }
  const faults = found.flatMap(({ fault }) => fault ?? [])
  const distinct = new Map(faults.map((fault) => [fault.message, fault]))
  for (const fault of distinct.values()) terminal.printError(renderError(fault, form))
}

/** `-o json` or `-o yaml` in words that may not be valid otherwise, so that the error about them has the same form. */
export function requestedFormat(words: readonly string[]): OutputFormat | undefined {
  const end = words.includes('--') ? words.indexOf('--') : words.length
  const given = words.slice(0, end).flatMap((word, at) => {
    if (word === '-o' || word === '--output') return words[at + 1] ?? []
    return /^(?:-o=?|--output=)(.+)$/.exec(word)?.[1] ?? []
  })
  const last = given.at(-1)
  return last === 'json' || last === 'yaml' ? last : undefined
}
