/**
 * A guide as a list of steps, in the order of the page. Fenced blocks are distinguished by their info string:
 *
 *     ```sh              run, each command must end with exit code 0
 *     ```sh exits-1      run, the last command must end with that code
 *     ```sh aws          run with the AWS CLI and an emulator of AWS
 *     ```sh cloud        the CLI of a vendor, which is not installed: only parsed; likewise `node`
 *     ```sh real         run if the cluster is a real control plane, otherwise only parsed
 *     ```yaml            written to a file if its first line is `# NAME.yaml`
 *     ```console         output of the preceding commands
 *
 * `<!-- stage: … -->` names an external event (e2e/guides/start-guide-setup.ts); `<!-- not run: … -->` is the reason
 * why the next block is not run although it contains pullpass or kubectl. Steps between `<!-- stage: way NAME -->` and the next
 * of these, or `<!-- stage: every way -->`, are an alternative: a guide is run once for each. At `<!-- stage: continue PAGE -->`
 * the steps of another page follow, from its `<!-- stage: guides continue here -->`.
 */
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path/posix'

export type GuideStep =
  | { readonly kind: 'run'; readonly script: string; readonly where: RunPlace; readonly exits: number }
  | { readonly kind: 'parse'; readonly script: string; readonly reason: string | undefined }
  | { readonly kind: 'file'; readonly name: string; readonly text: string }
  | { readonly kind: 'shown'; readonly lines: readonly string[] }
  | { readonly kind: 'stage'; readonly direction: string }

/** `real`: only with a real control plane; `aws`: with the emulator of AWS. */
type RunPlace = 'anywhere' | 'real' | 'aws'

/** With the page and line of its first line. */
export type PlacedStep = GuideStep & { readonly page: string; readonly line: number }

/** @throws if a page is continued by one without a mark */
export function readGuide(page: string): PlacedStep[] {
  return parseGuide(readFileSync(page, 'utf8'), page).flatMap((step) => {
    const next = step.kind === 'stage' ? /^continue (?<page>\S+)$/.exec(step.direction)?.groups?.['page'] : undefined
    return next === undefined ? (isContinuationMark(step) ? [] : [step]) : continuedBy(join(dirname(page), next))
  })
}

function continuedBy(page: string): PlacedStep[] {
  const steps = parseGuide(readFileSync(page, 'utf8'), page)
  const mark = steps.findIndex(isContinuationMark)
  if (mark < 0) throw new Error(`${page} has no mark from which guides continue`)
  return steps.slice(mark + 1)
}

const isContinuationMark = (step: GuideStep) => step.kind === 'stage' && step.direction === 'guides continue here'

/** The alternatives of a guide; one without a name if there are none. */
export function waysOf(steps: readonly PlacedStep[]): string[] {
  const named = steps.flatMap((step) => (step.kind === 'stage' ? (wayOf(step.direction) ?? []) : []))
  return named.length === 0 ? [''] : [...new Set(named)]
}

/** The steps of one alternative. */
export function stepsOnWay(steps: readonly PlacedStep[], way: string): PlacedStep[] {
  let current = way
  return steps.filter((step) => {
    if (step.kind !== 'stage') return current === way
    const begun = wayOf(step.direction)
    if (begun === undefined && step.direction !== 'every way') return current === way
    current = begun ?? way
    return false
  })
}

const wayOf = (direction: string): string | undefined => /^way (?<name>.+)$/.exec(direction)?.groups?.['name']

const fenceOrComment = /^```(?<info>[^\n]*)\n(?<body>.*?)^```$|<!-- (?<word>stage|not run): (?<words>.*?) -->/gms

export function parseGuide(text: string, page: string): PlacedStep[] {
  const steps: PlacedStep[] = []
  let reason: string | undefined
  for (const { index, groups = {} } of text.matchAll(fenceOrComment)) {
    const { info, body = '', word, words = '' } = groups
    const line = text.slice(0, index).split('\n').length
    if (word === 'not run') {
      reason = words
      continue
    }
    const step = word === 'stage' ? { kind: 'stage' as const, direction: words } : readBlock(info ?? '', body, reason)
    if (step !== undefined) steps.push({ ...step, page, line })
    reason = undefined
  }
  return steps
}

function readBlock(info: string, body: string, reason: string | undefined): GuideStep | undefined {
  const [language = '', manner = ''] = info.trim().split(' ')
  if (language === 'sh') return readCommands(manner, body, reason)
  if (language === 'console') return { kind: 'shown', lines: body.trimEnd().split('\n') }
  const name = language === 'yaml' ? /^# (?<name>[\w-]+\.yaml)\n/.exec(body)?.groups?.['name'] : undefined
  return name === undefined ? undefined : { kind: 'file', name, text: body }
}

function readCommands(manner: string, script: string, reason: string | undefined): GuideStep {
  if (manner === 'cloud' || manner === 'node' || reason !== undefined) return { kind: 'parse', script, reason }
  const exits = /^exits-(?<code>\d+)$/.exec(manner)?.groups?.['code']
  const where = manner === 'real' || manner === 'aws' ? manner : 'anywhere'
  if (manner !== '' && where === 'anywhere' && exits === undefined)
    throw new Error(`"sh ${manner}" is not a valid kind of block`)
  return { kind: 'run', script, where, exits: Number(exits ?? 0) }
}
