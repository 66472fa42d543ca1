/** Parses and validates the arguments of a command. */
import { brokenRule } from '../../document/field-rules.ts'
import { labelName } from '../../document/kubernetes-names.ts'
import { showValue } from '../../document/show-value.ts'
import { PullpassError } from '../../errors/pullpass-error.ts'
import { nearest } from '../../text/nearest.ts'
import { looksLikeSecret } from '../../text/show.ts'
import type { Command, DashedPositional } from './command.ts'
import type { Flag, Flags, FlagValues } from './flag.ts'
import { commonFlags } from './flags.ts'

/** An import of the module evaluates all of its getters: 1.5 ms at each start. */
const { parseArgs } = process.getBuiltinModule('node:util')

export interface CommandLine {
  readonly common: FlagValues<typeof commonFlags>
  readonly flags: FlagValues<Flags>
  readonly positionals: readonly string[]
}

/** The known flag to which a value belongs: `--flag value` or `--flag=value`. */
function flagAt(words: readonly string[], index: number, known: Flags): string | undefined {
  const named = [words[index] ?? '', words[index - 1] ?? ''].flatMap(
    (word) => /^--([a-z-]+)(?==|$)/.exec(word)?.[1] ?? [],
  )
  const flag = named.find((name) => Object.hasOwn(known, name))
  return flag === undefined ? undefined : `--${flag}`
}

/** @throws USAGE_INVALID for a credential, and for a flag that is unknown, lacks its value, has an invalid one, or is given twice */
export function readCommandLine(
  name: string,
  {
    flags,
    usage,
    namespaceHint,
    relatedFlags = {},
    dashedPositional,
  }: Pick<Command, 'flags' | 'usage' | 'namespaceHint' | 'relatedFlags' | 'dashedPositional'>,
  words: readonly string[],
): CommandLine {
  const known: Flags = { ...flags, ...commonFlags }
  const fail = (seen: string, expected?: string) => {
    throw new PullpassError({ code: 'USAGE_INVALID', hop: 'run', seen, expected, command: `pullpass ${name} --help` })
  }
  const secret = words.findIndex(looksLikeSecret)
  if (secret >= 0) {
    const flag = flagAt(words, secret, known)
    return fail(
      `${flag === undefined ? 'an argument' : `the value of ${flag}`} looks like a credential; it is not shown`,
      'no credential in arguments: other users of the machine can read them in the process list',
    )
  }
  const { dashed, others } = splitDashed(words, dashedPositional)
  const { values, positionals: plain, tokens } = parse(known, others, fail)
  const positionals = [...dashed, ...plain]
  const given = tokens.filter((token) => token.kind === 'option')
  for (const { name: flag, rawName, value, inlineValue } of given) {
    const rule = Object.hasOwn(known, flag) ? known[flag] : undefined
    if (rule === undefined) {
      const related = Object.hasOwn(relatedFlags, flag) ? relatedFlags[flag] : undefined
      const instead = flag === 'n' || flag === 'namespace' ? namespaceHint : related
      return fail(
        `unknown flag ${/^--?[\w-]{1,30}$/.test(rawName) ? rawName : showValue(rawName)}`,
        instead ?? similarFlag(flag, known) ?? dashedPositional?.hint,
      )
    }
    if (rule.type === 'boolean' && value !== undefined) return fail(`${rawName} takes no value`)
    // Text that looks like a flag is not a value: `-f --dry-run` lacks its file, `-f -` and `--timeout=-5m` do not.
    const valued = value && (inlineValue || !/^-./.test(value))
    if (rule.type === 'string' && !valued) return fail(`${rawName} requires a value: ${rule.value ?? 'TEXT'}`)
    if (rule.choices?.includes(value ?? '') === false) {
      return fail(`${rawName} is ${showValue(value)}`, `one of ${rule.choices.join(', ')}`)
    }
    const expected = rule.rule && brokenRule(rule.rule, value ?? '')
    if (expected !== undefined) return fail(`${rawName} is ${showValue(value)}`, expected)
    if (!rule.multiple && given.filter((other) => other.name === flag).length > 1)
      return fail(`${rawName} is given twice`)
  }
  const [word] = positionals
  if (word !== undefined && !usage.some((form) => takesWords(form.slice(name.length)))) {
    const flag = Object.hasOwn(known, word) ? `--${word}` : undefined
    return fail(`unexpected argument ${showValue(word)}`, flag ?? argumentHint(word, known))
  }
  const complete = Object.fromEntries(Object.entries(known).map(([flag, rule]) => [flag, values[flag] ?? absent(rule)]))
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- checked against these flags above
  return { common: complete as never, flags: complete as never, positionals }
}

/** The flags to which the argument can belong; undefined: none. */
function argumentHint(word: string, known: Flags): string | undefined {
  const isFilter = known['namespace']?.multiple === true // of an installation, it is one
  const isNamespace = isFilter && brokenRule(labelName, word) === undefined
  const hints = [
    ...(isNamespace ? [`a namespace as -n ${word}`] : []),
    ...(known['file'] ? ['documents as -f FILE'] : []),
  ]
  return hints.length === 0 ? undefined : hints.join(', or ')
}

/** Arguments after `--` are positional. */
function splitDashed(words: readonly string[], dashedWord: DashedPositional | undefined) {
  const end = words.includes('--') ? words.indexOf('--') : words.length
  const isDashed = (word: string, index: number) => index < end && dashedWord?.pattern.test(word) === true
  return { dashed: words.filter(isDashed), others: words.filter((word, index) => !isDashed(word, index)) }
}

function parse(known: Flags, words: readonly string[], fail: (seen: string) => never) {
  try {
    return parseArgs({
      args: [...words],
      options: toOptions(known),
      strict: false,
      allowPositionals: true,
      tokens: true,
    })
  } catch (error) {
    return fail(error instanceof Error ? error.message : 'the command line cannot be parsed')
  }
}

const toOptions = (known: Flags) =>
  Object.fromEntries(
    Object.entries(known).map(([flag, { type, multiple = false, short }]) => [
      flag,
      short === undefined ? { type, multiple } : { type, multiple, short },
    ]),
  )

function absent({ type, multiple }: Flag): unknown {
  return multiple ? [] : type === 'boolean' ? false : undefined
}

/** Whether a usage form has positional arguments, as `inspect [FILE|-]`. */
function takesWords(rest: string): boolean {
  const flagsAndRemarks = /\([^()]*\)|\[flags\]|(?<![a-z-])\[?--?[a-z][a-z-]*(?: [A-Z]+)?\]?/g
  return rest.replaceAll(flagsAndRemarks, '').trim() !== ''
}

function similarFlag(flag: string, known: Flags): string | undefined {
  if (known['output']?.choices?.includes(flag)) return `-o ${flag}`
  const near = nearest(flag, Object.keys(known))
  return near === undefined ? undefined : `a known flag, such as --${near}`
}
