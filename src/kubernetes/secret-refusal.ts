/** Why the API server did not take an apply of a Secret: somebody else's fields, a newer state, its type, its size. */
import { pullSecretType } from '../credential/pull-secret-type.ts'
import { shellQuote } from '../outside/shell-quote.ts'
import type { Asked, Wording } from './asked.ts'
import type { Status, StatusCause } from './parse-status.ts'

type Quoted = (text: string) => string

/** Undefined where the reason is not one of a Secret's own. `quoted` makes the server's words safe to show. */
export function secretRefusal(code: number, status: Status, asked: Asked, quoted: Quoted): Wording | undefined {
  const words = quoted(status.message)
  const secret = `Secret ${asked.namespace}/${asked.name}`
  const managers = conflictingManagers(status.causes)
  if (code === 409 && managers.length > 0) return managed(secret, managers.map(quoted))
  if (code === 409 || (code === 422 && has(status, 'metadata.uid'))) return changedMeanwhile(secret, code, words)
  if (code === 422 && has(status, 'type')) return wrongType(secret)
  if (code === 422 && isFrozen(status)) return immutable(secret, asked)
  const isTooLarge = status.causes.some(({ field, reason }) => field === 'data' && reason === 'FieldValueTooLong')
  if (code === 413 || (code === 422 && isTooLarge)) return tooLarge(secret, words)
  return undefined
}

const has = ({ causes }: Status, field: string) => causes.some((cause) => cause.field === field)

/** The one rule that forbids a value of these fields. */
const isFrozen = ({ causes }: Status) =>
  causes.some(({ field, reason }) => ['data', 'immutable'].includes(field) && reason === 'FieldValueForbidden')

const mostManagers = 10

/** `conflict with "kubectl-create" using v1`, with the operation after the name in some versions. */
function conflictingManagers(causes: readonly StatusCause[]): string[] {
  const conflicts = causes.filter(({ reason }) => reason === 'FieldManagerConflict')
  const names = conflicts.map(({ message }) => /conflict with "([^"]*)"/.exec(message)?.[1] ?? 'somebody else')
  return [...new Set(names)].slice(0, mostManagers)
}

function managed(secret: string, managers: readonly string[]): Wording {
  return {
    code: 'SECRET_NOT_OURS',
    seen: `${secret} is managed by ${managers.join(', ')}; it was left unchanged`,
    expected: 'one that pullpass created for this document, or none',
    hint: 'choose another spec.secretName, or take this Secret over: spec.conflictPolicy: Adopt (once: --adopt)',
  }
}

function changedMeanwhile(secret: string, code: number, words: string): Wording {
  return {
    code: 'SECRET_CONFLICT',
    seen: `${secret} was changed while pullpass worked on it: the API server answered ${code} ${words}`,
    expected: 'the state that pullpass saw before',
    hint: 'see who else writes it: kubectl get secret -o yaml --show-managed-fields',
    retryable: true,
  }
}

function wrongType(secret: string): Wording {
  return {
    code: 'SECRET_TYPE_WRONG',
    seen: `${secret} has another type, which cannot be changed`,
    expected: `type ${pullSecretType}`,
    hint: 'choose another spec.secretName, or delete this Secret if nothing needs it',
  }
}

function immutable(secret: string, { namespace = '', name = '' }: Asked): Wording {
  return {
    code: 'SECRET_IMMUTABLE',
    seen: `${secret} is immutable: somebody set that, and nobody takes it back`,
    expected: 'a Secret that can be updated',
    hint: `kubectl delete secret ${shellQuote(name)} -n ${shellQuote(namespace)}, and refresh: it is made anew`,
  }
}

function tooLarge(secret: string, words: string): Wording {
  return {
    code: 'SECRET_TOO_LARGE',
    seen: `${secret} is larger than the API server takes: ${words}`,
    expected: 'at most 1 MiB of credentials in one Secret',
    hint: 'name fewer hosts in one document: several documents make several Secrets',
  }
}
