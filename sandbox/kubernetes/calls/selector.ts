/** Label and field selectors. https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors */
import type { ResourceKind } from '../kinds/resource-kind.ts'
import type { KubernetesObject } from '../objects/kubernetes-object.ts'
import { badRequest } from './status-error.ts'

export type Selector = (object: KubernetesObject) => boolean

/** The selector of the labelSelector and fieldSelector of the query. @throws StatusError 400 */
export function readSelector(query: URLSearchParams, kind: ResourceKind): Selector {
  const labels = splitRequirements(query.get('labelSelector') ?? '').map(parseLabelRequirement)
  const fields = splitRequirements(query.get('fieldSelector') ?? '').map((text) => parseFieldRequirement(text, kind))
  return (object) => [...labels, ...fields].every((selects) => selects(object))
}

/** Splits at commas, except in the parentheses of a set. */
const splitRequirements = (text: string): string[] =>
  text
    .split(/,(?![^(]*\))/)
    .map((part) => part.trim())
    .filter((part) => part !== '')

function parseLabelRequirement(text: string): Selector {
  const set = /^(\S+)\s+(in|notin)\s*\(([^)]*)\)$/.exec(text)
  if (set) {
    const [, key = '', operator, list = ''] = set
    const values = list.split(',').map((value) => value.trim())
    return ({ metadata }) => values.includes(labelOf(metadata.labels, key)) === (operator === 'in')
  }
  const [, not, key = '', operator, value = ''] =
    /^(!?)\s*([^\s=!(),]+)\s*(?:(==?|!=)\s*([^\s=!(),]*))?$/.exec(text) ?? []
  if (!key || (not && operator)) throw badRequest(`unable to parse requirement: found '${text}', expected: a selector`)
  if (!operator) return ({ metadata }) => Object.hasOwn(metadata.labels ?? {}, key) !== (not === '!')
  return ({ metadata }) => (labelOf(metadata.labels, key) === value) === (operator !== '!=')
}

/** An absent label equals no value, so that `!=` and `notin` select the object. */
const labelOf = (labels: Readonly<Record<string, string>> | undefined, key: string): string =>
  labels && Object.hasOwn(labels, key) ? (labels[key] ?? '') : '\0'

function parseFieldRequirement(text: string, kind: ResourceKind): Selector {
  const [, field = '', operator, value = ''] = /^([^=!]+?)(==?|!=)(.*)$/.exec(text) ?? []
  if (!operator) throw badRequest(`invalid selector: '${text}'; can't understand '${text}'`)
  const read = fieldReader(field, kind)
  return (object) => (read(object) === value) === (operator !== '!=')
}

function fieldReader(field: string, { selectable, namespaced }: ResourceKind): (object: KubernetesObject) => string {
  if (field === 'metadata.name') return ({ metadata }) => metadata.name
  if (field === 'metadata.namespace' && namespaced) return ({ metadata }) => metadata.namespace ?? ''
  const read = selectable[field]
  if (!read) {
    throw badRequest(
      Object.keys(selectable).length > 0
        ? `field label not supported: ${field}`
        : `${JSON.stringify(field)} is not a known field selector: only "metadata.name", "metadata.namespace"`,
    )
  }
  return read
}
