/** A service account that is not there, or whose namespace is not: in words, and how it is made. */
import type { NamespacedName } from '../document/namespaced-name.ts'
import { shellQuote } from '../outside/shell-quote.ts'

export interface AbsentAccount {
  readonly missing: 'namespace' | 'account'
  readonly seen: string
  /** One line for a shell. */
  readonly command: string
}

export function absentAccount({ namespace, name }: NamespacedName, missing: AbsentAccount['missing']): AbsentAccount {
  const [place = '', account = ''] = [namespace, name].map(shellQuote)
  const create = `kubectl create serviceaccount ${account} -n ${place}`
  return missing === 'account'
    ? { missing, seen: `ServiceAccount ${namespace}/${name} is not there`, command: create }
    : {
        missing,
        seen: `Namespace ${namespace} is not there`,
        command: `kubectl create namespace ${place} && ${create}`,
      }
}
