/** Checks that a value is a valid document: first by the schema of its kind, then by the rules between fields. */

import { asList, asObject } from '../text/json-fields.ts'
import type { LabelRequirement } from './document.ts'
import { checkShape, type FieldPath, type FieldProblem } from './document-errors.ts'
import type { ClusterPullSecretForm, DocumentForm, RegistryForm } from './document-form.ts'
import type { DocumentVendors } from './document-vendor.ts'
import { needsNamespaceList } from './namespaces.ts'
import { composeSchemas, type DocumentSchemas, loadForms } from './schema.ts'
import { showValue } from './show-value.ts'
import { hostProblems } from './vendor-hosts.ts'

/** The document's form, or all problems of it. Loads the fields of the vendors that it names. */
export async function checkForm(
  value: unknown,
  vendors: DocumentVendors,
): Promise<{ readonly form: DocumentForm } | readonly FieldProblem[]> {
  const checked = checkKind(value, await schemasFor(namedVendors(value, vendors), vendors))
  if (!('form' in checked)) return checked
  const problems = [
    ...reservedKeys(value),
    ...documentProblems(checked.form),
    ...(await vendorProblems(checked.form, vendors)),
  ]
  return problems.length === 0 ? checked : problems
}

/** The schema library omits this key of a map, such as a parameter or a label, without an issue. */
function reservedKeys(value: unknown, path: FieldPath = []): FieldProblem[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, inner]): FieldProblem[] =>
    key === '__proto__'
      ? [{ path: [...path, key], predicate: 'is not a valid key', expected: 'another', at: 'key' }]
      : reservedKeys(inner, [...path, Array.isArray(value) ? Number(key) : key]),
  )
}

/** Composing takes as long as checking a hundred documents: the last ones are kept, by the vendors that documents name. */
const composed = new WeakMap<DocumentVendors, Map<string, DocumentSchemas>>()
const keptSchemas = 16

async function schemasFor(names: ReadonlySet<string>, vendors: DocumentVendors): Promise<DocumentSchemas> {
  const forms = await loadForms(vendors, names)
  const kept = composed.get(vendors) ?? new Map<string, DocumentSchemas>()
  composed.set(vendors, kept)
  const key = [...names].toSorted().join()
  const schemas = kept.get(key) ?? composeSchemas(vendors, forms)
  kept.delete(key)
  kept.set(key, schemas)
  for (const oldest of kept.keys()) if (kept.size > keptSchemas) kept.delete(oldest)
  return schemas
}

/** The vendor identifiers among the fields of the registries; none for a value of another shape. */
function namedVendors(value: unknown, vendors: DocumentVendors): ReadonlySet<string> {
  const registries = asList(asObject(asObject(value)?.['spec'])?.['registries'])
  const names = registries.flatMap((registry) => Object.keys(asObject(registry) ?? {}))
  return new Set(names.filter((name) => Object.hasOwn(vendors, name)))
}

function checkKind(
  value: unknown,
  schemas: DocumentSchemas,
): { readonly form: DocumentForm } | readonly FieldProblem[] {
  const expected = 'an object of kind ClusterPullSecret or PullSecret'
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return [{ path: [], predicate: `is ${typeof value === 'string' ? 'a text' : showValue(value)}`, expected }]
  }
  const kind = 'kind' in value ? value.kind : undefined
  if (kind === 'ClusterPullSecret') return checkShape(schemas.ClusterPullSecret, value)
  if (kind === 'PullSecret') return checkShape(schemas.PullSecret, value)
  const items = kind === 'List' ? ': each item of the list as a document of its own' : ''
  return [{ path: ['kind'], predicate: `is ${showValue(kind)}`, expected: `ClusterPullSecret or PullSecret${items}` }]
}

// Rules between the fields of a document that matches its schema.

/** Empty if the document is valid. */
function documentProblems(form: DocumentForm): FieldProblem[] {
  const { registries } = form.spec
  return [
    ...(form.kind === 'ClusterPullSecret' ? namespacesProblems(form.spec.namespaces) : []),
    ...repeatedNames(registries),
    ...repeatedHosts(registries),
  ]
}

function namespacesProblems(namespaces: ClusterPullSecretForm['spec']['namespaces']): FieldProblem[] {
  const { include, selector, emptyPolicy } = namespaces
  const path = ['spec', 'namespaces']
  if (include === undefined && selector === undefined) {
    const expected = 'include, selector or both; for every namespace: include: ["*"]'
    return [{ path, predicate: 'has neither include nor selector', expected }]
  }
  if (emptyPolicy !== undefined && !needsNamespaceList(namespaces)) {
    const predicate = `is ${emptyPolicy}, but include contains only names, and a name that does not exist always fails`
    return [{ path: [...path, 'emptyPolicy'], predicate, expected: 'a glob or a selector, or omit emptyPolicy' }]
  }
  if (selector === undefined) return []
  const { matchLabels = {}, matchExpressions = [] } = selector
  if (Object.keys(matchLabels).length + matchExpressions.length === 0) {
    const expected = 'matchLabels or matchExpressions; for every namespace: include: ["*"]'
    return [{ path: [...path, 'selector'], predicate: 'is empty and would select every namespace', expected }]
  }
  return matchExpressions.flatMap((requirement, index) =>
    requirementProblems(requirement, [...path, 'selector', 'matchExpressions', index]),
  )
}

function requirementProblems({ operator, values }: LabelRequirement, path: FieldPath): FieldProblem[] {
  const takesValues = operator === 'In' || operator === 'NotIn'
  if (takesValues === (values !== undefined)) return []
  return [
    takesValues
      ? { path, predicate: `has operator ${operator} and no values`, expected: 'at least one value' }
      : {
          path: [...path, 'values'],
          predicate: `is given with operator ${operator}`,
          expected: 'no such field: only In and NotIn compare values',
          at: 'key',
        },
  ]
}

function repeatedNames(registries: readonly RegistryForm[]): FieldProblem[] {
  const names = registries.map(({ name }) => name)
  return names.flatMap((name, index) => {
    const first = names.indexOf(name)
    if (first === index) return []
    const predicate = `is ${showValue(name)}, as spec.registries[${first}].name`
    return [{ path: ['spec', 'registries', index, 'name'], predicate, expected: 'a unique name' }]
  })
}

function repeatedHosts(registries: readonly RegistryForm[]): FieldProblem[] {
  const seenAt = new Map<string, string>()
  const problems: FieldProblem[] = []
  for (const [index, { hosts }] of registries.entries()) {
    for (const [position, host] of hosts.entries()) {
      const earlier = seenAt.get(host)
      const path = ['spec', 'registries', index, 'hosts', position]
      if (earlier === undefined) seenAt.set(host, `spec.registries[${index}].hosts[${position}]`)
      else
        problems.push({
          path,
          predicate: `is ${showValue(host)}, as ${earlier}`,
          expected: 'each host once, since a host has one credential',
        })
    }
  }
  return problems
}

async function vendorProblems({ kind, spec }: DocumentForm, vendors: DocumentVendors): Promise<FieldProblem[]> {
  const found = spec.registries.map(async (registry, index) => {
    const path = ['spec', 'registries', index]
    const named = vendorsOf(registry, vendors)
    const [name] = named
    if (name !== undefined && named.length === 1) {
      const settings = await vendors[name]?.settings?.()
      if (settings === undefined) return []
      return [
        ...settings.problems(registry[name], [...path, name], registry),
        ...hostProblems(registry, settings.hosts(registry[name]), path, kind),
      ]
    }
    const predicate = named.length === 0 ? 'names no vendor' : `names ${named.length} vendors: ${named.join(', ')}`
    const known = Object.keys(vendors).filter((one) => vendors[one]?.settings !== undefined)
    return [{ path, predicate, expected: `exactly one of: ${known.join(', ')}` }]
  })
  return (await Promise.all(found)).flat()
}

/** Identifiers of the vendors whose fields a registry has: exactly one, once it is checked. */
export const vendorsOf = (registry: RegistryForm, vendors: DocumentVendors): string[] =>
  Object.keys(vendors).filter((name) => Object.hasOwn(registry, name))
