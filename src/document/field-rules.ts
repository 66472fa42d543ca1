/** A rule for one text of a document or a variable, as data: schema, environment and reference page share it. */

import { isAbsolute, join } from 'node:path'
import { looksLikeSecret } from '../text/show.ts'

export interface TextRule {
  readonly pattern: RegExp
  readonly maxLength: number
  /** What a good text is, to follow the word "expected". */
  readonly expected: string
  /** A better answer for a mistake that people make; it may also refuse what the pattern lets through. */
  readonly knownMistake?: (text: string) => string | undefined
}

/** A longer text is nobody's slip of the pen, and patterns need not be tried on it. */
const longestExplained = 1024

/** What was expected instead of `text`; undefined where it keeps the rule. */
export function brokenRule(rule: TextRule, text: string): string | undefined {
  // An explanation repeats the text.
  const explained = text.length <= longestExplained && !looksLikeSecret(text)
  const mistake = explained ? rule.knownMistake?.(text) : undefined
  if (mistake !== undefined) return mistake
  if (text.length > rule.maxLength) return `${rule.expected}, at most ${rule.maxLength} characters`
  return rule.pattern.test(text) ? undefined : rule.expected
}

/**
 * What names a registry in a pull secret: host[:port][/path/].
 * https://kubernetes.io/docs/concepts/containers/images/#config-json
 */
export const registryHost: TextRule = {
  pattern:
    /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*(?::[1-9][0-9]{0,4})?(?:\/(?:[a-z0-9]+(?:[._-]+[a-z0-9]+)*\/)*)?$/,
  maxLength: 512,
  expected: 'host[:port][/path/] in lower case, such as europe-docker.pkg.dev',
  knownMistake: registryHostMistake,
}

function registryHostMistake(text: string): string | undefined {
  const scheme = /^[a-z]+:\/\//i.exec(text)
  if (scheme !== null) return `the host without a scheme${suggestion(text.slice(scheme[0].length))}`
  if (/[?#]/.test(text)) return `the host without a query${suggestion(text.replace(/[?#].*$/s, ''))}`
  // The kubelet takes the path as a plain prefix: `/team` would also give the credential to `/teamx`.
  if (text.includes('/') && !text.endsWith('/')) return `a path that ends in "/"${suggestion(`${text}/`)}`
  if (Number(/:(\d+)/.exec(text)?.[1] ?? 1) > 65_535) return 'a port from 1 to 65535'
  return undefined
}

function suggestion(text: string): string {
  return registryHost.pattern.test(text) ? `: ${text}` : ''
}

/** The path of a file, as a document names it. */
export const filePath: TextRule = {
  pattern: /^\P{Cc}+$/u,
  maxLength: 4096,
  expected: 'the path of a file',
}

/** As kubeconfig does it: a relative path starts at the folder of the file that names it. */
export function pathFrom(folder: string, path: string): string {
  return isAbsolute(path) ? path : join(folder, path)
}
