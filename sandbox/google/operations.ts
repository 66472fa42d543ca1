/**
 * Long-running operations: a write is named at once and happens when its operation is done.
 * https://cloud.google.com/iam/docs/reference/rest/Shared.Types/Operation
 */
import { randomBytes } from 'node:crypto'
import type { GoogleSettings } from './settings.ts'

/** As it is answered: `done` is left out while it is false, as Google's JSON leaves out what is default. */
interface OperationView {
  readonly name: string
  readonly done?: true
  readonly response?: object
  readonly error?: { readonly code: number; readonly message: string }
}

export interface Operations {
  /** `resource`: the full name of what is written; `apply` does it, and gives what the operation answers. */
  readonly start: (resource: string, apply: () => object) => OperationView
  /** Asks once more how it goes; undefined for one that never was. */
  readonly poll: (name: string) => OperationView | undefined
  /** Whether something is being written there; with each time that somebody is refused for it, it goes on. */
  readonly isBusy: (resource: string) => boolean
}

interface Operation {
  readonly resource: string
  readonly startedAt: Date
  readonly apply: () => object
  polls: number
  /** Of other writes, for its sake. */
  refusals: number
  outcome?: Pick<OperationView, 'response' | 'error'>
}

const internalError = { code: 13, message: 'Internal error encountered.' }

export function createOperations(now: () => Date, settings: () => GoogleSettings): Operations {
  const operations = new Map<string, Operation>()

  const finish = (name: string, operation: Operation) => {
    const { operationPolls, operationSeconds, operationEnd } = settings()
    const end = operationEnd(name)
    const age = now().getTime() - operation.startedAt.getTime()
    if (operation.outcome || end === 'never-ends') return
    const asked = Math.max(operation.polls, operation.refusals - 1)
    if (asked < operationPolls || age < operationSeconds * 1000) return
    operation.outcome = end === 'fails' ? { error: internalError } : { response: operation.apply() }
  }
  const view = (name: string, { outcome }: Operation): OperationView =>
    outcome ? { name, done: true, ...outcome } : { name }

  return {
    start(resource, apply) {
      const name = `${resource}/operations/b${randomBytes(16).toString('hex').slice(0, 31)}`
      const operation: Operation = { resource, startedAt: now(), apply, polls: 0, refusals: 0 }
      operations.set(name, operation)
      finish(name, operation)
      return view(name, operation)
    },
    poll(name) {
      const operation = operations.get(name)
      if (!operation) return undefined
      operation.polls += 1
      finish(name, operation)
      return view(name, operation)
    },
    isBusy(resource) {
      const underWay = [...operations].filter(([, one]) => one.resource === resource && !one.outcome)
      // It goes on whether or not somebody holds its name: who was refused finds it further, as time would have it.
      for (const [name, operation] of underWay) {
        operation.refusals += 1
        finish(name, operation)
      }
      return underWay.length > 0
    },
  }
}
