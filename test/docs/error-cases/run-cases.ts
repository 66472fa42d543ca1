/** Errors about the run: usage, timeout, signal, output, internal error. */
import { open } from 'node:fs/promises'
import { spawnPullpass } from '../../support/spawn-pullpass.ts'
import { type ErrorCases, refresh } from './error-case.ts'

export const runCases: ErrorCases = {
  USAGE_INVALID: (sandbox) => refresh(sandbox, ['--dryrun']),

  TIMED_OUT: (sandbox) => refresh(sandbox, ['--timeout', '30s']),

  async INTERRUPTED(sandbox) {
    const { promise: requested, resolve } = Promise.withResolvers<void>()
    const when = () => {
      resolve()
      return true
    }
    sandbox.gcp.parts.sts.faults.inject({ kind: 'stall', at: 'request' }, { when })
    // A process uses the system clock.
    sandbox.clock.advance(`${Math.round((Date.now() - sandbox.clock.now().getTime()) / 1000)} s`)
    await sandbox.writeToken()
    const { child, ended } = spawnPullpass(['refresh'], sandbox.environment)
    await Promise.race([requested, ended])
    child.kill('SIGTERM')
    return await ended
  },

  async OUTPUT_UNWRITABLE(sandbox) {
    const full = await open('/dev/full', 'w')
    try {
      return await spawnPullpass(['--version'], sandbox.environment, { stdout: full.fd }).ended
    } finally {
      await full.close()
    }
  },

  INTERNAL: (sandbox) => {
    let calls = 0
    const now = () => {
      if (calls++ === 0) throw new TypeError('a bug')
      return sandbox.clock.now()
    }
    return refresh({ ...sandbox, clock: { ...sandbox.clock, now } })
  },
}
