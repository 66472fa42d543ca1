/**
 * What names a registry in a pull secret: host[:port][/path/].
 * https://kubernetes.io/docs/concepts/containers/images/#config-json
 */
import type { TextRule } from './text-rule.ts'

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
