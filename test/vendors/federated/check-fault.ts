/** Plants one fault of a vendor and compares what doctor reports. */
import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { runPullpass } from '../../support/run-pullpass.ts'
import { type PlantedFault, startVendor, type VendorCase } from './cases.ts'

export async function checkFault(t: TestContext, each: VendorCase, fault: PlantedFault | undefined): Promise<void> {
  const { plant, hop, code, fix, command } = fault ?? assert.fail('a vendor without a fault')
  const { sandbox, cloud, file } = await startVendor(t, each)
  await plant(cloud)
  const argv = ['doctor', '-f', file, '--image', sandbox.image, '-o', 'json']
  const { stdout, exitCode } = await runPullpass(sandbox, argv)
  const { firstFailure } = JSON.parse(stdout)
  assert.deepEqual([firstFailure?.hop, firstFailure?.code, exitCode], [hop, code, 1])
  assert.match(firstFailure.fix, fix)
  assert.equal(firstFailure.command?.replace(file, 'FILE'), command)
}
