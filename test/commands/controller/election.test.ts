import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { defaultLease, readLeaseFlags } from '../../../src/commands/controller/election.ts'
import { readPodNamespace } from '../../../src/kubernetes/connect.ts'

const given = { lease: undefined, 'no-leader-election': false }

suite('the Lease of a controller', () => {
  test('is pullpass-controller in the namespace of its Pod', async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'pullpass-pod-'))
    t.after(async () => await rm(folder, { recursive: true }))
    await writeFile(join(folder, 'namespace'), 'image-system')
    assert.deepEqual(await defaultLease(async () => await readPodNamespace(folder)), {
      namespace: 'image-system',
      name: 'pullpass-controller',
    })
  })

  test('is that of --lease, also in a Pod; with --no-leader-election there is none', () => {
    assert.deepEqual(readLeaseFlags({ ...given, lease: 'a/b' }), { namespace: 'a', name: 'b' })
    assert.equal(readLeaseFlags({ ...given, 'no-leader-election': true }), undefined)
  })

  test('must be stated outside of a Pod', async () => {
    assert.equal(readLeaseFlags(given), 'default')
    const outside = async () => await readPodNamespace('/nonexistent')
    await assert.rejects(defaultLease(outside), { code: 'USAGE_INVALID' })
  })
})
