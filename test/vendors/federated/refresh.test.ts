import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { readPullSecret } from '../../support/read-pull-secret.ts'
import { runPullpass } from '../../support/run-pullpass.ts'
import { cases, startVendor } from './cases.ts'

for (const [vendor, each] of Object.entries(cases)) {
  suite(`${vendor}:`, () => {
    test('from the document to a pull secret that pulls, without the token in any output', async (t) => {
      const { sandbox, cloud, host, file } = await startVendor(t, each)
      const { exitCode, stdout, stderr } = await runPullpass(sandbox, ['refresh', '-f', file, '--log-level', 'debug'])
      assert.equal(exitCode, 0, stderr)
      assert.match(stdout, new RegExp(`images +created +${each.expiresAt}`))
      const secret = readPullSecret(sandbox, 'team-a')
      const [, username = '', password = ''] = /^([^:]*):(.*)$/.exec(secret?.auths[host] ?? '') ?? []
      assert.equal(username, each.username)
      assert.ok(cloud.authenticate({ username, password })?.mayPull('example-project/images/hello'))
      assert.ok(![stdout, stderr, JSON.stringify(secret?.annotations)].some((text) => text.includes(password)))
      const doctor = await runPullpass(sandbox, ['doctor', '-f', file, '--image', sandbox.image])
      assert.match(doctor.stdout, /^registry +ok/m)
    })

    assert.ok(each.faults.length >= 4)
    for (const { title, plant, hop, code, fix } of each.faults) {
      test(`doctor names the fault that ${title}`, async (t) => {
        const { sandbox, cloud, file } = await startVendor(t, each)
        await plant(cloud)
        const { stdout, exitCode } = await runPullpass(sandbox, [
          'doctor',
          '-f',
          file,
          '--image',
          sandbox.image,
          '-o',
          'json',
        ])
        const { firstFailure } = JSON.parse(stdout)
        assert.deepEqual([firstFailure?.hop, firstFailure?.code, exitCode], [hop, code, 1])
        assert.match(firstFailure.fix ?? JSON.stringify(firstFailure), fix)
      })
    }
  })
}
