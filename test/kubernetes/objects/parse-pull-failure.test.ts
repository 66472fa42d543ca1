import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { isDiskPressure, lastWords, parsePullFailure } from '../../../src/kubernetes/objects/pull-failure.ts'

const of = (message: string, reason = 'ErrImagePull') => parsePullFailure({ reason, message })
const unpack = 'rpc error: code = Unknown desc = failed to pull and unpack image "r.example.com/a:1": '
const resolve = `${unpack}failed to resolve reference "r.example.com/a:1": `

suite('a failed pull is recognized in the message of a kubelet by', () => {
  test('what failed last, not by what was being tried', () => {
    const token = `${resolve}failed to authorize: failed to fetch oauth token: `
    assert.equal(of(`${token}unexpected status: 401 Unauthorized`), 'credential refused')
    assert.equal(
      of(`${token}unexpected status from GET request to https://r.example.com/token: 503 Service Unavailable`),
      'registry unavailable',
    )
    assert.equal(
      of(`${token}Get "https://r.example.com/token": dial tcp: lookup r.example.com: no such host`),
      'unreachable',
    )
    assert.equal(of(`${token}unexpected status: 429 Too Many Requests`), 'throttled')
  })

  test('its reason alone, where that is sufficient', () => {
    assert.equal(of('', 'InvalidImageName'), 'name invalid')
    assert.equal(
      of('Container image "a" is not present with pull policy of Never', 'ErrImageNeverPull'),
      'never pulled',
    )
    assert.equal(of('', 'SignatureValidationFailed'), 'signature refused')
  })

  test('an image that does not exist, and an index without the platform, which ends in the same words', () => {
    assert.equal(of(`${resolve}r.example.com/a:1: not found`), 'absent')
    assert.equal(of(`${unpack}no match for platform in manifest: not found`), 'no platform')
  })

  test('nothing, where the words are new', () => assert.equal(of('the runtime is in a bad mood'), 'unknown'))

  test('its beginning, however long it is: a megabyte costs no more than a page', () => {
    assert.equal(of(`${'x'.repeat(1_000_000)} no space left on device`), 'unknown')
    assert.equal(of(`no space left on device ${'x'.repeat(1_000_000)}`), 'disk full')
  })
})

test('of a long message the end is shown, which states what failed last', () => {
  const message = `${'x'.repeat(500)}: no such host`
  assert.match(lastWords(message), /^…x+: no such host$/)
  assert.equal(lastWords('short'), 'short')
})

test('an eviction for memory is not a full disk', () => {
  const memory = 'The node was low on resource: memory. Threshold quantity: 100Mi, available: 50Mi.'
  assert.equal(isDiskPressure({ reason: 'Evicted', message: memory }), false)
  assert.equal(isDiskPressure({ reason: 'Evicted', message: 'The node had condition: [DiskPressure]. ' }), true)
})
