/** How this Google behaves where the real one varies: delays, quotas, and how its operations end. */

type OperationEnd = 'succeeds' | 'fails' | 'never-ends'

export interface GoogleSettings {
  /** Until a policy that was set by the API decides; the real one takes 70 to 90 s, at times 5 min. */
  readonly bindingDelaySeconds: number
  /** Until the STS knows a pool or provider as it was written by the API. */
  readonly providerDelaySeconds: number
  /** How old an operation is, by the sandbox's clock, when it is done. */
  readonly operationSeconds: number
  /** The number of polls after which it is done before its time: a test's clock may stand still. */
  readonly operationPolls: number
  /** By the operation's name, which begins with the name of the pool or provider that is written. */
  readonly operationEnd: (operation: string) => OperationEnd
  /** Whether the STS keeps an issuer's documents as long as their max-age allows, or reads them for each token. */
  readonly issuerDocuments: 'uncached' | 'cached'
  /** Of pools and providers, in a project. */
  readonly writesPerMinute: number
}

export const defaultSettings: GoogleSettings = {
  bindingDelaySeconds: 0,
  providerDelaySeconds: 0,
  operationSeconds: 2,
  operationPolls: 3,
  operationEnd: () => 'succeeds',
  issuerDocuments: 'uncached',
  writesPerMinute: 60,
}
