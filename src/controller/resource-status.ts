/** The status of a custom resource, from what the controller knows of its document: pure. */

import { isDeepStrictEqual } from 'node:util'
import { earliest } from '../credential/registry-credential.ts'
import {
  type FailingNamespace,
  listedFailures,
  longestMessage,
  longestRegistries,
  type ResourceCondition,
  type ResourceStatus,
  storedReady,
} from '../document/custom-resource.ts'
import { type Document, tenantOf } from '../document/document.ts'
import { described, fixClause, fixOf, PullpassError } from '../errors/pullpass-error.ts'
import { asText, type JsonObject } from '../text/json-fields.ts'
import { rfc3339 } from '../text/time.ts'
import type { CustomResource } from './custom-resources.ts'
import type { SecretState } from './reconcile.ts'
import { haveEntries } from './selection.ts'
import { retriesLimited } from './tenants/retry-budget.ts'

export interface ResourceFacts {
  readonly resource: CustomResource
  /** Where a document of the same name is, which is used instead; undefined: this one is used. */
  readonly usedInstead: string | undefined
  /** In the selected namespaces; undefined: they are not known yet. */
  readonly secrets: ReadonlyMap<string, SecretState | undefined> | undefined
  /** Secrets to delete, in namespaces that are not selected. */
  readonly notSelected: number
  /** Why the Secrets of this name may not be watched; undefined: they may. */
  readonly watchRefusal: PullpassError | undefined
  /** Of the last exchange of each registry that failed. */
  readonly exchangeFaults: readonly PullpassError[]
  /** Of a tenant: the next attempt of one of them waits. */
  readonly retriesLimited: boolean
  /** Whether it is known what may be watched in addition to Secrets. */
  readonly isWatched: boolean
  /** What the document requests in addition to Secrets, and does not get; the Secrets are written. */
  readonly further: readonly FurtherFault[]
  /** Accounts that it names and that no namespace has. */
  readonly absentAccounts: readonly string[]
}

/** Why an account does not refer to the Secret, or, without one, why pods are not evicted. */
export interface FurtherFault {
  readonly account?: string
  readonly fault: PullpassError
}

interface Counts {
  readonly selected: number
  readonly fresh: number
  readonly failing: readonly FailingNamespace[]
  readonly first: { readonly name: string; readonly fault: PullpassError } | undefined
}

export function evaluateStatus(facts: ResourceFacts, now: Date): ResourceStatus {
  const { resource, secrets } = facts
  const document = resource.controlled?.document
  const isCounted = document !== undefined && facts.usedInstead === undefined && !isRefused(facts)
  const counts = secrets && isCounted ? countSecrets(facts, secrets, now) : undefined
  const states = counts === undefined ? [] : [...(secrets?.values() ?? [])]
  const expiresAt = earliest(
    states.flatMap((state) => [...(state?.expiries.values() ?? []), ...(state?.earlier.values() ?? [])]),
  )
  const nextRefreshAt = earliest(states.map((state) => state?.dueAt))
  const failing = counts?.failing ?? []
  return {
    observedGeneration: resource.generation,
    conditions: [conditionOf(evaluateReady(facts, counts), resource, now)],
    ...(document && { secretName: document.secretName, registries: namesOf(document.registries) }),
    ...(counts && { namespaces: { selected: counts.selected, fresh: counts.fresh, failing: failing.length } }),
    ...(failing.length > 0 && { failingNamespaces: failing.slice(0, listedFailures) }),
    ...(expiresAt && { expiresAt: rfc3339(expiresAt) }),
    ...(nextRefreshAt && { nextRefreshAt: rfc3339(nextRefreshAt) }),
  }
}

/**
 * Whether every selected namespace was evaluated since this replica leads: before, nothing is known that would be newer than the
 * status that another replica, or an earlier process, wrote.
 */
export const isEvaluated = ({
  secrets,
  resource: { controlled },
  usedInstead,
  watchRefusal,
  isWatched,
}: ResourceFacts): boolean =>
  controlled === undefined ||
  usedInstead !== undefined ||
  watchRefusal !== undefined ||
  (isWatched && secrets !== undefined && [...secrets.values()].every((state) => isKnown(state, controlled.document)))

const isKnown = (state: SecretState | undefined, { attachToServiceAccounts }: Document): boolean =>
  state !== undefined && (state.attach !== undefined || attachToServiceAccounts.length === 0)

/** Nothing is known of Secrets that were never listed, and nothing is written. */
const isRefused = ({ watchRefusal, secrets }: ResourceFacts): boolean =>
  watchRefusal !== undefined && secrets !== undefined && [...secrets.values()].some((state) => state === undefined)

function countSecrets(
  { resource, exchangeFaults: [exchangeFault] }: ResourceFacts,
  secrets: NonNullable<ResourceFacts['secrets']>,
  now: Date,
): Counts {
  const registries = resource.controlled?.document.registries ?? []
  const isFresh = (state: SecretState | undefined) => haveEntries(registries, state?.expiries, now)
  const failing = [...secrets]
    .flatMap(([name, state]) => {
      const fault = state?.failure?.fault ?? (isFresh(state) ? undefined : exchangeFault)
      return fault === undefined ? [] : { name, fault }
    })
    .toSorted((one, other) => (one.name < other.name ? -1 : 1))
  return {
    selected: secrets.size,
    fresh: [...secrets.values()].filter(isFresh).length,
    failing: failing.map(({ name, fault }) => ({
      name,
      code: fault.code,
      message: shortened(messageOf(fault), longestMessage),
    })),
    first: failing[0],
  }
}

type Ready = Pick<ResourceCondition, 'status' | 'reason' | 'message'>

/** The first of these that is not fulfilled, or not known yet, is the status; the last one evaluates what remains. */
function evaluateReady(facts: ResourceFacts, counts: Counts | undefined): Ready {
  return (
    evaluateVersion(facts) ??
    evaluateUse(facts) ??
    evaluateWatch(facts) ??
    (counts === undefined ? namespacesUnknown : (evaluateSelection(facts, counts) ?? evaluateSecrets(facts, counts)))
  )
}

/** Is the current version valid, and permitted? */
function evaluateVersion({ resource: { fault, controlled } }: ResourceFacts): Ready | undefined {
  if (fault === undefined) return undefined
  const kept = controlled === undefined ? '' : '. The last valid version stays in use'
  if (fault.details.flag === undefined)
    return { status: 'False', reason: 'Invalid', message: `${described(fault)}${kept}` }
  return { status: 'False', reason: 'NotPermitted', message: `${described(fault)}${fixClause(fault)}${kept}` }
}

/** Is it this document that is used? */
const evaluateUse = ({ usedInstead }: ResourceFacts): Ready | undefined =>
  usedInstead === undefined
    ? undefined
    : { status: 'False', reason: 'DeclaredInFile', message: `the document of this name in ${usedInstead} is used` }

/** May its Secrets be watched? */
function evaluateWatch(facts: ResourceFacts): Ready | undefined {
  const { watchRefusal: refusal, resource } = facts
  if (refusal === undefined || !isRefused(facts)) return undefined
  const isForbidden = refusal.code === 'KUBERNETES_FORBIDDEN'
  const flag = `print the installation again with --secret-name ${resource.controlled?.document.secretName}`
  return {
    status: 'False',
    reason: isForbidden ? 'NotPermitted' : 'TooManySecretNames',
    message: `${described(refusal)}; fix: ${isForbidden ? flag : fixOf(refusal)}`,
  }
}

const namespacesUnknown: Ready = {
  status: 'Unknown',
  reason: 'Pending',
  message: 'the namespaces of the cluster are not known yet',
}

/** Does it select a namespace? */
function evaluateSelection({ resource, notSelected }: ResourceFacts, { selected }: Counts): Ready | undefined {
  if (selected > 0) return undefined
  const mayBeEmpty = resource.controlled?.document.namespaces.emptyPolicy === 'Allow'
  const fate = mayBeEmpty ? 'being deleted' : 'kept until one is selected'
  const rest = notSelected > 0 ? `; ${secretsOf(notSelected)} ${fate}` : ''
  return {
    status: mayBeEmpty ? 'True' : 'False',
    reason: 'NoNamespaceSelected',
    message: `no namespace is selected${rest}`,
  }
}

/** Are its Secrets valid, and is what it requests in addition to them permitted? */
function evaluateSecrets(facts: ResourceFacts, counts: Counts): Ready {
  const summary = summaryOf(facts, counts)
  const cause = causeOf(facts, counts)
  if (counts.fresh < counts.selected)
    return cause === undefined
      ? { status: 'False', reason: 'Refreshing', message: summary }
      : { status: 'False', reason: cause.reason, message: `${summary}: ${cause.words}` }
  const refresh = cause === undefined ? '' : `; the last refresh failed: ${cause.words}`
  const further = evaluateFurther(facts.further)
  if (further !== undefined)
    return { status: 'False', reason: further.reason, message: `${summary}; ${further.words}${refresh}` }
  return { status: 'True', reason: cause === undefined ? 'Fresh' : 'RefreshFailed', message: summary + refresh }
}

function summaryOf(
  { resource: { controlled }, notSelected, absentAccounts }: ResourceFacts,
  { selected, fresh }: Counts,
): string {
  const namespaces = selected === 1 ? 'namespace is' : 'namespaces are'
  const deleted = notSelected > 0 ? `; ${secretsOf(notSelected)} being deleted in namespaces that are not selected` : ''
  return `${fresh} of ${selected} ${namespaces} fresh${deleted}${issuerNote(controlled)}${absenceNote(absentAccounts)}`
}

/** Why Secrets are not refreshed: an exchange, or else the first write, that failed. */
function causeOf(
  { exchangeFaults: [exchange], retriesLimited: isLimited, resource: { controlled } }: ResourceFacts,
  { first }: Counts,
) {
  if (exchange !== undefined) {
    const words = described(exchange) + fixOfExchange(exchange, controlled)
    return { reason: reasonOfExchange(exchange), words: isLimited ? `${words}; ${retriesLimited}` : words }
  }
  return first && { reason: 'WriteFailed', words: described(first.fault) + fixOfWrite(first, controlled) }
}

function reasonOfExchange({ details: { flag, postponed } }: PullpassError): string {
  if (postponed !== undefined) return 'ExchangesLimited'
  return flag === undefined ? 'ExchangeFailed' : 'NotPermitted'
}

/** Of several accounts the first one, with the flags of `pullpass manifests` for all. */
function evaluateFurther(further: readonly FurtherFault[]) {
  const [first] = further
  if (first === undefined) return undefined
  const shown = [further.find(({ account }) => account !== undefined), further.find((one) => one.account === undefined)]
  const words = shown.flatMap((one) => (one === undefined ? [] : described(one.fault))).join('; ')
  const flags = [...new Set(further.flatMap((one) => (isRefusal(one.fault) ? flagOf(one) : [])))].join(' ')
  if (further.some(({ fault }) => fault.code === 'KUBERNETES_FORBIDDEN'))
    return { reason: 'NotPermitted', words: `${words}; fix: print the installation again with ${flags}` }
  const ofPolicy = `; fix: if the installation does not permit it, print it again with ${flags}`
  return {
    reason: first.account === undefined ? 'EvictionFailed' : 'AttachFailed',
    words: words + (flags === '' ? fixClause(first.fault) : ofPolicy),
  }
}

const flagOf = ({ account }: FurtherFault): string =>
  account === undefined ? '--evict-stuck-pods' : `--attach-service-account ${account}`

/** By RBAC, or by a policy, which may be that of the installation. */
const isRefusal = ({ code, retryable }: PullpassError): boolean =>
  code === 'KUBERNETES_FORBIDDEN' || (code === 'KUBERNETES_REFUSED' && !retryable)

/** The loop of `issuer watch` runs for documents in files only. */
const issuerNote = (controlled: CustomResource['controlled']): string =>
  controlled?.document.issuer === undefined ? '' : '; the keys of spec.issuer are not watched here'

const absenceNote = (accounts: readonly string[]): string =>
  accounts.length === 0 ? '' : `; no namespace has ServiceAccount ${shortened(accounts.join(', '), 128)}`

/** Of a Secret that a policy refuses, which may be that of the installation: no flag permits it to custom resources. */
function fixOfWrite({ name, fault }: NonNullable<Counts['first']>, controlled: CustomResource['controlled']): string {
  if (fault.code !== 'KUBERNETES_REFUSED' || fault.retryable) return fixClause(fault)
  if (name.startsWith('kube-'))
    return '; fix: select no namespace kube-*, where an installation permits only documents in files'
  if (controlled?.document.conflictPolicy !== 'Adopt') return fixClause(fault)
  return '; fix: take over this Secret once, with a file that contains a document of the same name: pullpass refresh -f FILE --adopt'
}

/** Of a token that may not be requested: the flags of `pullpass manifests` that permit it. */
function fixOfExchange(fault: PullpassError, controlled: CustomResource['controlled']): string {
  const document = controlled?.document
  const account = document?.serviceAccountRef
  const refusal = fault.cause instanceof PullpassError ? fault.cause.code : undefined
  const isForbidden = refusal === 'KUBERNETES_FORBIDDEN' || refusal === 'KUBERNETES_REFUSED'
  if (fault.code !== 'TOKEN_REQUEST_REFUSED' || !isForbidden || fault.details.missing || account === undefined) {
    return fixClause(fault)
  }
  const flag =
    document !== undefined && tenantOf(document) !== undefined
      ? `--tenant-service-account ${account.name}`
      : `--service-account ${account.namespace}/${account.name}`
  return `; fix: if the installation does not permit it, print it again with ${flag} and the --audience of each registry`
}

const secretsOf = (count: number): string => (count === 1 ? '1 Secret is' : `${count} Secrets are`)

/** lastTransitionTime changes only with the status of the condition. */
function conditionOf({ message, ...ready }: Ready, { generation, status }: CustomResource, now: Date) {
  const before = storedReady(status)
  const since = before?.['status'] === ready.status ? asText(before['lastTransitionTime']) : undefined
  return {
    type: 'Ready',
    ...ready,
    message: shortened(message, longestMessage),
    observedGeneration: generation,
    lastTransitionTime: since ?? rfc3339(now),
  } as const
}

const messageOf = ({ seen, expected }: PullpassError) =>
  expected === undefined ? seen : `${seen}; expected ${expected}`

const namesOf = (registries: readonly { readonly name: string }[]): string =>
  shortened(registries.map(({ name }) => name).join(', '), longestRegistries)

const shortened = (text: string, most: number): string => (text.length <= most ? text : `${text.slice(0, most - 1)}…`)

const ownFields = ['observedGeneration', 'secretName', 'registries', 'namespaces', 'failingNamespaces'] as const
const ownTimes = ['expiresAt', 'nextRefreshAt'] as const

/** Whether the stored status is this one. Fields and conditions of other clients do not count. */
export function isStored(status: ResourceStatus, stored: JsonObject): boolean {
  const [condition] = status.conditions
  return (
    isDeepStrictEqual(storedReady(stored), condition) &&
    [...ownFields, ...ownTimes].every((name) => isDeepStrictEqual(stored[name], status[name]))
  )
}
