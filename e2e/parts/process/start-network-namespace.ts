/**
 * A network namespace with additional local addresses and no other network, for tests of what refuses loopback addresses, such
 * as the EndpointSlice of the API servers. Linux namespaces: https://man7.org/linux/man-pages/man1/unshare.1.html
 */
import { AbsentPart } from '../../../tools/real-parts/run-installer.ts'
import type { RealPart } from '../real-part.ts'
import { findInstalledProgram } from './find-program.ts'
import { type ProgramRun, runProgram } from './run-program.ts'
import { startPart } from './start-part.ts'

export interface NetworkNamespace extends RealPart {
  /** Runs a test file inside, as a process with PULLPASS_OWN_NETWORK set. */
  runTestFile(file: string): Promise<ProgramRun>
}

/** @throws AbsentPart if the machine does not permit namespaces */
export const startNetworkNamespace = (addresses: readonly string[]): Promise<NetworkNamespace> =>
  startPart('own-network', async () => {
    const unshare = findInstalledProgram('unshare', 'util-linux')
    const ip = findInstalledProgram('ip', 'iproute2')
    const inside = ['--map-root-user', '--net', '--', 'sh', '-ceu', setUpAddresses(ip, addresses), 'sh']
    const probe = await runProgram(unshare, [...inside, 'true'])
    if (probe.exitCode !== 0) throw new AbsentPart(`a network namespace cannot be created: ${probe.stderr.trim()}`)
    return {
      runTestFile: async (file) =>
        await runProgram(unshare, [...inside, process.execPath, '--test-reporter=spec', file], {
          // Without the variable, so that the outer test runner does not parse its output: only its exit code is asserted.
          environment: { PULLPASS_OWN_NETWORK: 'yes', NODE_TEST_CONTEXT: '' },
          timeoutMs: 180_000,
        }),
    }
  })

const setUpAddresses = (ip: string, addresses: readonly string[]): string =>
  [
    `'${ip}' link set lo up`,
    ...addresses.map((address) => `'${ip}' address add ${address}/32 dev lo`),
    'exec "$@"',
  ].join('\n')
