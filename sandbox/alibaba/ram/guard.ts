/** What RAM's actions share: permissions of the caller, and errors. https://www.alibabacloud.com/help/en/ram/developer-reference/api-ram-2015-05-01-errorcodes */
import { type Account, accountId, permits } from '../account.ts'
import { type RpcAction, type RpcCall, RpcRefusal } from '../rpc-api.ts'

export interface RamNeeds {
  readonly account: Account
  /** Called before an action; it may throw, or change what exists. */
  readonly beforeAction: () => ((name: string) => void) | undefined
}

interface GuardedAction {
  /** Of the resource on which the caller needs the permission: `role/NAME`. */
  readonly resource: (call: RpcCall) => string
  readonly run: RpcAction
}

export const guarded = (
  actions: Readonly<Record<string, GuardedAction>>,
  { account, beforeAction }: RamNeeds,
): Readonly<Record<string, RpcAction>> =>
  Object.fromEntries(
    Object.entries(actions).map(([name, { resource, run }]): [string, RpcAction] => [
      name,
      (call) => {
        const caller = call.caller()
        beforeAction()?.(name)
        const on = `acs:ram:*:${accountId}:${resource(call)}`
        if (permits(account, caller, `ram:${name}`, on)) return run(call)
        const message = `You are not authorized to do this action. Resource: ${on} Action: ram:${name}`
        throw new RpcRefusal(403, 'NoPermission', message)
      },
    ]),
  )

export const notExist = (kind: string, message: string): RpcRefusal =>
  new RpcRefusal(404, `EntityNotExist.${kind}`, message)
export const alreadyExists = (kind: string, message: string): RpcRefusal =>
  new RpcRefusal(409, `EntityAlreadyExists.${kind}`, message)

/** Items of a list, by `MaxItems` and `Marker`, which is the index of the next one. */
export function page<T>(
  { fields }: RpcCall,
  items: readonly T[],
): { readonly items: readonly T[]; readonly rest: object } {
  const start = Number(fields.get('Marker') ?? 0)
  const end = start + Number(fields.get('MaxItems') ?? 100)
  const isTruncated = end < items.length
  return {
    items: items.slice(start, end),
    rest: { IsTruncated: isTruncated, ...(isTruncated && { Marker: String(end) }) },
  }
}
