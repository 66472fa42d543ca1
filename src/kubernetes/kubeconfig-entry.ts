/** One named entry of a kubeconfig (a cluster, a user or a context), and where it stands. */
import { dirname, resolve } from 'node:path'
import type { JsonObject } from '../outside/json-fields.ts'
import { PullpassError } from '../outside/pullpass-error.ts'

export interface KubeconfigEntry {
  readonly fields: JsonObject
  /** Paths in `fields` are relative to its folder. */
  readonly file: string
}

export function resolveBeside({ file }: KubeconfigEntry, path: string): string {
  return resolve(dirname(file), path)
}

/** An empty text counts as absent, as in kubectl. @throws KUBECONFIG_INVALID where it is a number, or another type */
export function textField({ fields, file }: KubeconfigEntry, name: string): string | undefined {
  const value = fields[name]
  if (value === undefined || value === null || value === '') return undefined
  if (typeof value === 'string') return value
  throw kubeconfigInvalid({ seen: `${name} in ${file} is a ${typeof value}`, expected: 'text: put it in quotes' })
}

export function kubeconfigInvalid(fault: { seen: string; expected?: string; cause?: unknown }): PullpassError {
  return new PullpassError({
    code: 'KUBECONFIG_INVALID',
    hop: 'kubernetes',
    expected: 'a kubeconfig, in YAML or JSON, with all that its context names',
    hint: 'kubectl config view shows what kubectl reads; another context is chosen by --context NAME',
    ...fault,
  })
}
