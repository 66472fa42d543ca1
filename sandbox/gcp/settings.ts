/** Behavior that varies in Google Cloud: delays, quotas and results of operations. */

type OperationEnd = 'succeeds' | 'fails' | 'never-ends'

export interface GoogleSettings {
  /** Until a policy that was set with the API takes effect; in Google Cloud 70 to 90 s, sometimes 5 min. */
  readonly bindingDelaySeconds: number
  /** Until a write of a pool or provider takes effect in the STS. */
  readonly providerDelaySeconds: number
  /** The duration of an operation, by the sandbox's clock. */
  readonly operationSeconds: number
  /** The number of polls after which it is done earlier: a test's clock may be constant. */
  readonly operationPolls: number
  /** By the name of the operation, which begins with the name of the pool or provider. */
  readonly operationEnd: (operation: string) => OperationEnd
  /** Whether the STS caches issuer metadata for its max-age, or reads it for each token. */
  readonly issuerDocuments: 'uncached' | 'cached'
  /** Writes of pools and providers in a project. */
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
