/** The context that is meant, with the cluster and the user that it names. */
import { showValue } from '../document/show-value.ts'
import { type KubeconfigEntry, kubeconfigInvalid, textField } from './kubeconfig-entry.ts'
import type { Kubeconfig } from './load-kubeconfig.ts'

export interface ChosenContext {
  readonly name: string
  readonly cluster: KubeconfigEntry
  readonly user: KubeconfigEntry
}

/** The current context where none is `wanted`. @throws KUBECONFIG_INVALID, naming the contexts that there are */
export function chooseContext(kubeconfig: Kubeconfig, wanted: string | undefined): ChosenContext {
  const name = wanted ?? kubeconfig.currentContext
  const files = kubeconfig.files.join(', ')
  const context = name === undefined ? undefined : kubeconfig.contexts.get(name)
  if (name === undefined || context === undefined) {
    throw kubeconfigInvalid({
      seen: `${files} has no ${name === undefined ? 'current-context' : `context ${showValue(name)}`}`,
      expected: `one of its contexts: ${[...kubeconfig.contexts.keys()].join(', ') || 'it has none'}`,
    })
  }
  const find = (kind: 'cluster' | 'user') => {
    const named = textField(context, kind)
    if (named === undefined) throw kubeconfigInvalid({ seen: `context ${name} in ${files} names no ${kind}` })
    const entry = kubeconfig[`${kind}s`].get(named)
    if (entry) return entry
    throw kubeconfigInvalid({ seen: `context ${name} names ${kind} ${showValue(named)}, which ${files} does not hold` })
  }
  return { name, cluster: find('cluster'), user: textField(context, 'user') ? find('user') : nobody(context) }
}

/** `kubectl proxy` needs no user. */
const nobody = ({ file }: KubeconfigEntry): KubeconfigEntry => ({ fields: {}, file })
