import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { trustRefusal } from '../../../../src/vendors/gcp/trust/requests.ts'

const about = { operator: { member: 'user:jane@example.com', unknown: undefined }, project: 'example-project' }
const refusal = (message: string) => trustRefusal(400, { error: { message } }, about)?.code

suite('a refusal of Google with status 400', () => {
  for (const message of [
    'Policy size is 65000 bytes, which exceeds the limit.',
    'The number of members in the policy (1,501) is larger than the maximum allowed size 1,500.',
    'Policies may hold 1500 principals',
    'There are too many members in this binding.',
  ]) {
    test(`means a full policy if its message is "${message}"`, () =>
      assert.equal(refusal(message), 'TRUST_POLICY_FULL'))
  }

  test('means something else otherwise', () => {
    assert.equal(refusal('The limit of this policy'), undefined)
    assert.equal(refusal('Service account puller does not exist.'), 'TRUST_NOT_FOUND')
  })

  test('of 1 MiB is read in a moment', () => {
    for (const unit of ['policy ', 'polic', 'policies limi', 'a']) {
      const began = process.cpuUsage() // not the clock's: others work on this machine
      refusal(unit.repeat(Math.ceil((1024 * 1024) / unit.length)))
      assert.ok(process.cpuUsage(began).user < 1_000_000, unit)
    }
  })
})
