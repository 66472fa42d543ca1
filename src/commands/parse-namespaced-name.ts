/** `NAMESPACE/NAME`, as a command line names an object of the cluster. */

import { labelName, objectName } from '../document/kubernetes-names.ts'
import type { NamespacedName } from '../document/namespaced-name.ts'
import { brokenRule } from '../document/text-rule.ts'
import { quote } from '../outside/quote.ts'
import { usageFault } from './usage-fault.ts'

/** `kind` and `command` are for the message. @throws USAGE_INVALID */
export function parseNamespacedName(text: string, kind: string, command: string): NamespacedName {
  const wrong = (expected: string) => usageFault(command, `${quote(text)} is no name of a ${kind}`, expected)
  const [namespace = '', name, ...more] = text.split('/')
  if (name === undefined || more.length > 0) throw wrong('NAMESPACE/NAME')
  const broken = brokenRule(labelName, namespace) ?? brokenRule(objectName, name)
  if (broken !== undefined) throw wrong(`NAMESPACE/NAME, each of ${broken}`)
  return { namespace, name }
}
