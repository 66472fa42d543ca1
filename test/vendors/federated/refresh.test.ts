import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { readPullSecret } from '../../support/read-pull-secret.ts'
import { runPullpass } from '../../support/run-pullpass.ts'
import { cases, startVendor } from './cases.ts'
import { checkFault } from './check-fault.ts'

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

    const [fault] = each.faults // faults.matrix.test.ts plants all
    test(`doctor names the fault that ${fault?.title}`, async (t) => await checkFault(t, each, fault))
  })
}
