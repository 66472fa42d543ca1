/** The words after a command's name, checked against its flags. */

import { brokenRule } from '../document/field-rules.ts'
import { showValue } from '../document/show-value.ts'
import { PullpassError } from '../errors/pullpass-error.ts'
import { nearest } from '../text/nearest.ts'
import { looksLikeSecret } from '../text/show.ts'
import type { Command, DashedPositional } from './command.ts'
import type { Flag, Flags, FlagValues } from './flag.ts'
import { commonFlags } from './flags.ts'

/** Not by import, which runs each of that module's getters: 1.5 ms, on every start. */
const { parseArgs } = process.getBuiltinModule('node:util')

export interface CommandLine {
  readonly common: FlagValues<typeof commonFlags>
  readonly flags: FlagValues<Flags>
  readonly positionals: readonly string[]
}

/** @throws USAGE_INVALID for a credential, and for a flag that is unknown, lacks its value, has an invalid one, or is given twice */
export function readCommandLine(
  name: string,
  {
    flags,
    usage,
    namespaceHint,
    dashedPositional,
  }: Pick<Command, 'flags' | 'usage' | 'namespaceHint' | 'dashedPositional'>,
  words: readonly string[],
): CommandLine {
  const known: Flags = { ...flags, ...commonFlags }
  const fail = (seen: string, expected?: string) => {
    throw new PullpassError({ code: 'USAGE_INVALID', hop: 'run', seen, expected, hint: `pullpass ${name} --help` })
  }
  if (words.some(looksLikeSecret)) {
    return fail(
      'a word looks like a credential, not shown',
      'none here: others on the machine can read it in the list of processes',
    )
  }
  const { dashed, others } = splitDashed(words, dashedPositional)
  const { values, positionals: plain, tokens } = parse(known, others, fail)
  const positionals = [...dashed, ...plain]
  const given = tokens.filter((token) => token.kind === 'option')
  for (const { name: flag, rawName, value, inlineValue } of given) {
    const rule = Object.hasOwn(known, flag) ? known[flag] : undefined
    if (rule === undefined) {
      const instead = flag === 'n' || flag === 'namespace' ? namespaceHint : undefined
      return fail(`${rawName} is unknown`, instead ?? perhapsFlag(flag, known) ?? dashedPositional?.hint)
    }
    if (rule.type === 'boolean' && value !== undefined) return fail(`${rawName} takes no value`)
    // What looks like a flag is one: `-f --dry-run` lacks its file, `-f -` and `--timeout=-5m` do not.
    const valued = value && (inlineValue || !/^-./.test(value))
    if (rule.type === 'string' && !valued) return fail(`${rawName} lacks its ${rule.value ?? 'value'}`)
    if (rule.choices?.includes(value ?? '') === false) {
      return fail(`${rawName} is ${showValue(value)}`, `one of ${rule.choices.join(', ')}`)
    }
    const expected = rule.rule && brokenRule(rule.rule, value ?? '')
    if (expected !== undefined) return fail(`${rawName} is ${showValue(value)}`, expected)
    if (!rule.multiple && given.filter((other) => other.name === flag).length > 1)
      return fail(`${rawName} stands twice`)
  }
  const [word] = positionals
  if (word !== undefined && !usage.some((form) => takesWords(form.slice(name.length)))) {
    return fail(`${showValue(word)} stands where nothing is expected`, known['file'] && 'documents by -f FILE')
  }
  const complete = Object.fromEntries(Object.entries(known).map(([flag, rule]) => [flag, values[flag] ?? absent(rule)]))
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what was just checked against these very flags
  return { common: complete as never, flags: complete as never, positionals }
}

/** Words after `--` are positionals already. */
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
    return fail(error instanceof Error ? error.message : 'the command line cannot be read')
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

/** Whether what follows a command's name holds more than flags, as in `inspect [FILE|-]`. */
function takesWords(rest: string): boolean {
  const flagsAndRemarks = /\([^()]*\)|\[flags\]|(?<![a-z-])\[?--?[a-z][a-z-]*(?: [A-Z]+)?\]?/g
  return rest.replaceAll(flagsAndRemarks, '').trim() !== ''
}

function perhapsFlag(flag: string, known: Flags): string | undefined {
  const near = nearest(flag, Object.keys(known))
  return near === undefined ? undefined : `perhaps --${near}`
}
