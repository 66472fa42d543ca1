/** A Context for tests: a clock that only sleep advances, a constant random number, and the real transport on real sockets. */

import type { Environment } from '../../src/http/context.ts'
import { httpsTransport } from '../../src/http/https-transport.ts'
import { SecretRegister } from '../../src/text/secret-register.ts'
import type { VendorContext } from '../../src/vendors/vendor.ts'
import { vendors } from '../../src/vendors/vendors.ts'

export interface FakeContext extends VendorContext {
  /** The duration of each sleep. Milliseconds. */
  readonly slept: readonly number[]
}

export interface FakeContextSettings {
  /** PEM to trust in addition to the system's. */
  readonly ca?: string | undefined
  readonly at?: string
  readonly environment?: Environment
  readonly signal?: AbortSignal
}

export function fakeContext({
  ca,
  at = '2026-11-24T12:00:00Z',
  environment = {},
  signal,
}: FakeContextSettings = {}): FakeContext {
  let now = Date.parse(at)
  const slept: number[] = []
  return {
    environment,
    now: () => new Date(now),
    random: () => 0.5,
    async sleep(ms, end) {
      end.throwIfAborted()
      slept.push(ms)
      now += ms
    },
    transport: httpsTransport(environment, ca),
    signal: signal ?? new AbortController().signal,
    log: () => undefined,
    secrets: new SecretRegister(),
    vendors,
    slept,
  }
}
