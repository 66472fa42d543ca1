/** Rules for texts of documents and variables, as data: shared by the schema, the environment and the reference page. */

import { path as nodePath } from '../host/builtin-modules.ts'
import { looksLikeSecret } from '../text/show.ts'

export interface TextRule {
  readonly pattern: RegExp
  readonly maxLength: number
  /** Describes a valid text, after the word "expected". */
  readonly expected: string
  /** A more specific description for a frequent mistake; it may also refuse what the pattern accepts. */
  readonly knownMistake?: (text: string) => string | undefined
  /** Set if the text names a file where pullpass runs: a custom resource cannot have such a field. */
  readonly names?: 'file'
}

/** A longer text is not a typing mistake and is not examined for one. */
const longestExplained = 1024

/** What was expected instead of `text`; undefined if it is valid. */
export function brokenRule(rule: TextRule, text: string): string | undefined {
  // An explanation repeats the text.
  const explained = text.length <= longestExplained && !looksLikeSecret(text)
  const mistake = explained ? rule.knownMistake?.(text) : undefined
  if (mistake !== undefined) return mistake
  if (text.length > rule.maxLength) return `${rule.expected}, at most ${rule.maxLength} characters`
  return rule.pattern.test(text) ? undefined : rule.expected
}

/**
 * A key of a pull secret: host[:port][/path/]. `*` is allowed in the first label, where it matches any characters, if at least two
 * labels follow: a credential for `*.dev` would be sent to every registry there.
 * https://kubernetes.io/docs/concepts/containers/images/#config-json
 */
export const registryHost: TextRule = {
  pattern:
    /^(?:[a-z0-9-]{0,62}\*[a-z0-9-]{0,62}\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)?[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*(?::[1-9][0-9]{0,4})?(?:\/(?:[a-z0-9]+(?:[._-]+[a-z0-9]+)*\/)*)?$/,
  maxLength: 512,
  expected: 'host[:port][/path/] in lower case, such as europe-docker.pkg.dev',
  knownMistake: registryHostMistake,
}

function registryHostMistake(text: string): string | undefined {
  const scheme = /^[a-z]+:\/\//i.exec(text)
  if (scheme !== null) return `the host without a scheme${suggestion(text.slice(scheme[0].length))}`
  if (/[?#]/.test(text)) return `the host without a query${suggestion(text.replace(/[?#].*$/s, ''))}`
  // The kubelet compares the path as a prefix: `/team` would also match `/teamx`.
  if (text.includes('/') && !text.endsWith('/')) return `a path that ends in "/"${suggestion(`${text}/`)}`
  if (text.includes('*')) {
    return registryHost.pattern.test(text)
      ? undefined
      : '"*" once, in the first label of a host, with at least two more labels, such as *.pkg.dev'
  }
  if (Number(/:(\d+)/.exec(text)?.[1] ?? 1) > 65_535) return 'a port from 1 to 65535'
  return undefined
}

function suggestion(text: string): string {
  return registryHost.pattern.test(text) ? `: ${text}` : ''
}

/** What is sent to a loopback address stays on the machine. RFC 1122 §3.2.1.3 */
const loopback = String.raw`(?:localhost|127(?:\.(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])){3})`
const loopbackHost = new RegExp(`^${loopback}$`)

/** `localhost`, or an IPv4 address of 127.0.0.0/8. */
export const isLoopbackHost = (host: string): boolean => loopbackHost.test(host)

const origin = String.raw`(?:https:\/\/[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|http:\/\/(?:${loopback}|\[::1\]))(?::[0-9]{1,5})?`
const urlPath = String.raw`(?:\/[A-Za-z0-9._~!$&'()*+,;=:@%/-]*)?`
const urlQuery = String.raw`(?:\?[A-Za-z0-9._~!$&'()*+,;=:@%/?-]*)?`

/** Such as a port above 65535, or a number that is not an IPv4 address. */
const parseable = (expected: string): Pick<TextRule, 'expected' | 'knownMistake'> => ({
  expected,
  knownMistake: (text) => (URL.canParse(text) ? undefined : expected),
})

/** An endpoint that receives tokens: plain http only for a loopback address. */
export const originUrl: TextRule = {
  pattern: new RegExp(`^${origin}$`),
  maxLength: 300,
  ...parseable('https://HOST[:PORT] without a path, or http:// to a loopback address'),
}

/** As `originUrl`, and with a path. */
export const endpointUrl: TextRule = {
  pattern: new RegExp(`^${origin}${urlPath}$`),
  maxLength: 1024,
  ...parseable('https://HOST[:PORT]/PATH without user, query and fragment, or http:// to a loopback address'),
}

/** As `endpointUrl`, and with a query. */
export const requestUrl: TextRule = {
  pattern: new RegExp(`^${origin}${urlPath}${urlQuery}$`),
  maxLength: 1024,
  ...parseable('https://HOST[:PORT]/PATH, with a query if it is constant, or http:// to a loopback address'),
}

/** The path of a file, as a document names it. */
export const filePath: TextRule = {
  pattern: /^\P{Cc}+$/u,
  maxLength: 4096,
  expected: 'the path of a file',
  names: 'file',
}

/** As in a kubeconfig, a relative path starts at the folder of the file that contains it. */
export function pathFrom(folder: string, path: string): string {
  return nodePath.isAbsolute(path) ? path : nodePath.join(folder, path)
}

/** OpenID Connect Discovery 1.0 §3. */
export const issuerUrl: TextRule = {
  pattern: /^https:\/\/[!"$-.0->A-[\]-~]+(?:\/[!-~]*)?$/,
  maxLength: 1024,
  expected: 'an https URL without user, query or fragment',
  knownMistake: (text) => (/[?#]/.test(text) ? 'an https URL without query or fragment' : undefined),
}

const targetUrl = /^[a-z][a-z0-9-]*:(?:\/\/)?[A-Za-z0-9][!-~]*$/

/** The target of a publication. `forms`: `SCHEME://BUCKET/PATH` of each kind of target, literal up to the first capital letter. */
export function targetRule(forms: readonly string[]): TextRule {
  const prefixes = forms.map((form) => /^[^A-Z…]+/.exec(form)?.[0] ?? form)
  const last = forms.at(-1) ?? ''
  const expected = forms.length < 2 ? last : `${forms.slice(0, -1).join(', ')}, or ${last}`
  return {
    pattern: targetUrl,
    maxLength: 1024,
    expected,
    knownMistake: (text) => (prefixes.some((prefix) => text.startsWith(prefix)) ? undefined : expected),
  }
}
