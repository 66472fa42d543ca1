/**
 * A network of its own, in which this machine has further addresses and nothing else: what refuses to lead to the loopback, as
 * the EndpointSlice of the API servers does, is tried there. Linux namespaces: https://man7.org/linux/man-pages/man1/unshare.1.html
 */
import { AbsentPart } from '../../../tools/real-parts/absent-part.ts'
import type { RealPart } from '../real-part.ts'
import { findInstalledProgram } from './find-program.ts'
import { type ProgramRun, runProgram } from './run-program.ts'
import { startPart } from './start-part.ts'

export interface NetworkNamespace extends RealPart {
  /** Runs a test file inside, as a process that knows so by PULLPASS_OWN_NETWORK. */
  runTestFile(file: string): Promise<ProgramRun>
}

/** @throws AbsentPart where the machine gives nobody a namespace */
export const startNetworkNamespace = (addresses: readonly string[]): Promise<NetworkNamespace> =>
  startPart('own-network', async () => {
    const unshare = findInstalledProgram('unshare', 'util-linux')
    const ip = findInstalledProgram('ip', 'iproute2')
    const inside = ['--map-root-user', '--net', '--', 'sh', '-ceu', setUpAddresses(ip, addresses), 'sh']
    const probe = await runProgram(unshare, [...inside, 'true'])
    if (probe.exitCode !== 0) throw new AbsentPart(`no network of its own is to be had here: ${probe.stderr.trim()}`)
    return {
      runTestFile: async (file) =>
        await runProgram(unshare, [...inside, process.execPath, '--test-reporter=spec', file], {
          // The runner outside must not take its words for its own: it asserts on how they end.
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
