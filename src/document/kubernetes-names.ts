/** Names that Kubernetes accepts. https://kubernetes.io/docs/concepts/overview/working-with-objects/names/ */
import { isApiServerAudience } from '../credential/api-server-audience.ts'
import type { TextRule } from './field-rules.ts'

/** RFC 1123 label: namespaces, and our own keys of lists. */
export const labelName: TextRule = {
  pattern: /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/,
  maxLength: 63,
  expected: 'lower-case letters, digits and "-", beginning and ending with a letter or digit',
}

/** RFC 1123 subdomain: Secrets, ServiceAccounts, documents. */
export const objectName: TextRule = {
  pattern: /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*$/,
  maxLength: 253,
  expected: 'lower-case letters, digits, "-" and ".", each part beginning and ending with a letter or digit',
}

/** Audience of a service account token. */
export const audience: TextRule = {
  pattern: /^[!-~]+$/,
  maxLength: 256,
  expected: 'an audience: a text without spaces',
}

/** Of a registry: its token is sent to the registry or its cloud. */
export const registryAudience: TextRule = {
  ...audience,
  knownMistake: (text) =>
    isApiServerAudience(text)
      ? 'an audience that only the registry or its cloud accepts: API servers accept this one, so that a token with it acts in the cluster'
      : undefined,
}

/** A name or a glob of namespaces that are not selected. */
export const excludedNamespace: TextRule = {
  pattern: /^[a-z0-9*?](?:[a-z0-9*?-]*[a-z0-9*?])?$/,
  maxLength: 63,
  expected: 'a namespace, or a glob of lower-case letters, digits, "-", "*" (any characters) and "?" (one)',
}

/** A name or a glob of namespaces that are selected. A glob never matches kube-*, so one that starts with kube- is a mistake. */
export const includedNamespace: TextRule = {
  ...excludedNamespace,
  knownMistake: (text) =>
    isGlob(text) && text.startsWith('kube-') ? 'the exact name: a glob does not select namespaces kube-*' : undefined,
}

export const labelKey: TextRule = {
  pattern:
    /^(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*\/)?[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$/,
  maxLength: 317,
  expected: 'a label\'s key: an optional DNS prefix and "/", then up to 63 letters, digits, "-", "_" and "."',
}

export const labelValue: TextRule = {
  pattern: /^(?:[A-Za-z0-9](?:[A-Za-z0-9_.-]*[A-Za-z0-9])?)?$/,
  maxLength: 63,
  expected: 'a label\'s value: letters, digits, "-", "_" and ".", beginning and ending with a letter or digit',
}

/** Whether this entry of `include` or `exclude` is a pattern, not the name of one namespace. */
export const isGlob = (entry: string): boolean => entry.includes('*') || entry.includes('?')
