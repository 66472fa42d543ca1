/** When a write takes effect: a new credential or role is known everywhere after minutes. */
export interface AzureTimes {
  /** Of a write now. */
  readonly effectiveAt: () => Date
  /** How long later writes take. */
  readonly delay: (seconds: number) => void
}

export function createTimes(now: () => Date): AzureTimes {
  let delaySeconds = 0
  return {
    effectiveAt: () => new Date(now().getTime() + delaySeconds * 1000),
    delay: (seconds) => {
      delaySeconds = seconds
    },
  }
}
