/**
 * Long-running operations: a write is acknowledged with an operation, and takes effect when the operation is done.
 * https://cloud.google.com/iam/docs/reference/rest/Shared.Types/Operation
 *
 *   start ──▶ running ──duration elapsed, or enough polls──▶ done: applied, or failed
 *
 * Real operations complete after some time, polled or not (gcloud does not poll). Polls count as well, because the
 * clock of many tests is constant while the client waits between two polls.
 */
import { randomBytes } from 'node:crypto'
import type { GoogleSettings } from './settings.ts'

/** As returned: `done` is omitted while it is false, as Google's JSON omits defaults. */
interface OperationView {
  readonly name: string
  readonly done?: true
  readonly response?: object
  readonly error?: { readonly code: number; readonly message: string }
}

export interface Operations {
  /** `resource`: the full name of the resource; `apply` writes it and returns the operation's response. */
  readonly start: (resource: string, apply: () => object) => OperationView
  /** Completes each due operation. Must be called before every request is handled. */
  readonly completeDue: () => void
  /** Undefined for an unknown operation. */
  readonly poll: (name: string) => OperationView | undefined
  /** Whether an operation on the resource is running. The request that checks this is refused, and counts as a poll. */
  readonly isBusy: (resource: string) => boolean
}

interface Operation {
  readonly resource: string
  readonly startedAt: Date
  readonly apply: () => object
  polls: number
  outcome?: Pick<OperationView, 'response' | 'error'>
}

const internalError = { code: 13, message: 'Internal error encountered.' }

export function createOperations(now: () => Date, settings: () => GoogleSettings): Operations {
  const operations = new Map<string, Operation>()

  const completeDue = () => {
    const { operationPolls, operationSeconds, operationEnd } = settings()
    for (const [name, operation] of operations) {
      const end = operationEnd(name)
      const ageMs = now().getTime() - operation.startedAt.getTime()
      const due = ageMs >= operationSeconds * 1000 || operation.polls >= operationPolls
      if (operation.outcome || end === 'never-ends' || !due) continue
      operation.outcome = end === 'fails' ? { error: internalError } : { response: operation.apply() }
    }
  }
  const view = (name: string, { outcome }: Operation): OperationView =>
    outcome ? { name, done: true, ...outcome } : { name }

  return {
    completeDue,
    start(resource, apply) {
      const name = `${resource}/operations/b${randomBytes(16).toString('hex').slice(0, 31)}`
      const operation: Operation = { resource, startedAt: now(), apply, polls: 0 }
      operations.set(name, operation)
      completeDue()
      return view(name, operation)
    },
    poll(name) {
      const operation = operations.get(name)
      if (!operation) return undefined
      operation.polls += 1
      completeDue()
      return view(name, operation)
    },
    isBusy(resource) {
      const running = [...operations.values()].filter((one) => one.resource === resource && !one.outcome)
      for (const operation of running) operation.polls += 1
      return running.length > 0
    },
  }
}
