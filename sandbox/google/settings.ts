/** How this Google behaves where the real one varies: delays, quotas, and how its operations end. */

type OperationEnd = 'succeeds' | 'fails' | 'never-ends'

export interface GoogleSettings {
  /** Until a policy that was set by the API decides; the real one takes 70 to 90 s, at times 5 min. */
  readonly bindingDelaySeconds: number
  /** Until the STS knows a pool or provider as it was written by the API. */
  readonly providerDelaySeconds: number
  /** How often an operation is asked for before it is done. */
  readonly operationPolls: number
  /** How old it must be, by the sandbox's clock, too. */
  readonly operationSeconds: number
  /** By the operation's name, which begins with the name of the pool or provider that is written. */
  readonly operationEnd: (operation: string) => OperationEnd
  /** Of pools and providers, in a project. */
  readonly writesPerMinute: number
}

export const usualSettings: GoogleSettings = {
  bindingDelaySeconds: 0,
  providerDelaySeconds: 0,
  operationPolls: 2,
  operationSeconds: 0,
  operationEnd: () => 'succeeds',
  writesPerMinute: 60,
}
