/**
 * The admission webhooks that the API server calls for a pull secret, to name candidates when a write is refused, changed
 * or times out. Reading them requires a further permission; without it they are unknown.
 * https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/
 */
import type { LabelRequirement, LabelSelector } from '../../document/document.ts'
import { matchesSelector } from '../../document/namespaces.ts'
import { PullpassError } from '../../errors/pullpass-error.ts'
import { asList, asObject, asText, asTexts, type JsonObject, jsonOrNone } from '../../text/json-fields.ts'
import type { Cluster } from '../connection/cluster.ts'

export interface SecretHook {
  /** Of the webhook: `labels.example.com`. */
  readonly name: string
  /** `MutatingWebhookConfiguration labels`. */
  readonly configuration: string
  readonly may: 'change it' | 'refuse it'
  readonly namespaces: LabelSelector
}

const kinds = [
  { plural: 'mutatingwebhookconfigurations', kind: 'MutatingWebhookConfiguration', may: 'change it' },
  { plural: 'validatingwebhookconfigurations', kind: 'ValidatingWebhookConfiguration', may: 'refuse it' },
] as const

/** Bytes: a configuration holds a CA bundle for each of its webhooks. */
const longest = 4 * 1024 * 1024

/** `labels`: of the Secret. Empty where they may not be read. */
export async function listSecretHooks(
  cluster: Cluster,
  labels: Readonly<Record<string, string>>,
): Promise<SecretHook[]> {
  const lists = kinds.map(async ({ plural, kind, may }) => {
    const path = `/apis/admissionregistration.k8s.io/v1/${plural}?limit=500`
    const response = await cluster
      .request({ method: 'GET', path, maxResponseBytes: longest })
      .catch(undefinedIfUnavailable)
    if (response?.status !== 200) return []
    const items = asList(asObject(jsonOrNone(response.body))?.['items'])
    return items.flatMap((item) => hooksOf(asObject(item) ?? {}, labels).map((hook) => ({ ...hook, kind, may })))
  })
  return (await Promise.all(lists)).flat().map(({ kind, of, ...hook }) => ({ ...hook, configuration: `${kind} ${of}` }))
}

function undefinedIfUnavailable(fault: unknown): undefined {
  if (!(fault instanceof PullpassError) || ['INTERRUPTED', 'TIMED_OUT'].includes(fault.code)) throw fault
}

interface Hook extends Pick<SecretHook, 'name' | 'namespaces'> {
  /** Name of the configuration. */
  readonly of: string
}

function hooksOf(configuration: JsonObject, labels: Readonly<Record<string, string>>): Hook[] {
  const of = asText(asObject(configuration['metadata'])?.['name']) ?? ''
  return asList(configuration['webhooks'])
    .map((one): JsonObject => asObject(one) ?? {})
    .filter((webhook) => asList(webhook['rules']).some((rule) => isOfSecrets(asObject(rule) ?? {})))
    .filter((webhook) => matchesSelector(selectorOf(webhook['objectSelector']), labels))
    .map((webhook) => ({
      name: asText(webhook['name']) ?? '',
      of,
      namespaces: selectorOf(webhook['namespaceSelector']),
    }))
}

const isOfSecrets = ({ apiGroups, resources, operations, scope }: JsonObject): boolean =>
  holds(apiGroups, '', '*') &&
  holds(resources, 'secrets', '*', '*/*') &&
  holds(operations, 'CREATE', 'UPDATE', '*') &&
  scope !== 'Cluster'

const holds = (list: unknown, ...values: readonly string[]): boolean =>
  asList(list).some((one) => values.some((text) => text === one))

const operators = ['In', 'NotIn', 'Exists', 'DoesNotExist'] as const

/** An unknown requirement is ignored: the selector then matches more, and one webhook too many is named. */
function selectorOf(value: unknown): LabelSelector {
  const selector = asObject(value)
  const matchExpressions = asList(selector?.['matchExpressions']).flatMap((one): LabelRequirement[] => {
    const { key, operator, values } = asObject(one) ?? {}
    const known = operators.find((name) => name === operator)
    if (typeof key !== 'string' || known === undefined) return []
    return [{ key, operator: known, values: asList(values).filter((text) => typeof text === 'string') }]
  })
  return { matchLabels: asTexts(selector?.['matchLabels']), matchExpressions }
}

/** Of one namespace; `labels` undefined where they are not known. */
export function hooksIn(
  hooks: readonly SecretHook[],
  namespace: string,
  labels: Readonly<Record<string, string>> | undefined,
): SecretHook[] {
  if (labels === undefined) return [...hooks]
  const all = { ...labels, 'kubernetes.io/metadata.name': namespace }
  return hooks.filter(({ namespaces }) => matchesSelector(namespaces, all))
}

/** `labels.example.com (MutatingWebhookConfiguration labels)`. */
export const nameHook = ({ name, configuration }: SecretHook): string => `${name} (${configuration})`
