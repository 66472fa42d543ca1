import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import { scheduleOf } from '../../src/manifests/schedule-of.ts'
import { documentOf } from './document-of.ts'

const at = (namespace: string, changes: Parameters<typeof documentOf>[0] = {}) =>
  scheduleOf([documentOf(changes)], { namespace, image: 'pullpass:1' })

suite('when a CronJob runs', () => {
  test('is every quarter of an hour, at minutes that its namespace and documents decide', () => {
    assert.equal(at('pullpass-system'), '14-59/15 * * * *')
    assert.equal(at('image-system'), '12-59/15 * * * *')
    assert.equal(at('pullpass-system', { secretName: 'second' }), '5-59/15 * * * *')
  })

  test('stays when the documents are printed again from another folder, or for another image', () => {
    assert.equal(at('pullpass-system', { source: 'elsewhere/images.yaml:7' }), at('pullpass-system'))
    const other = scheduleOf([documentOf()], { namespace: 'pullpass-system', image: 'pullpass:2' })
    assert.equal(other, at('pullpass-system'))
  })

  test('is spread over all fifteen minutes, and over no other', () => {
    const minutes = Array.from({ length: 300 }, (_, index) => at(`installation-${index}`).replace('-59/15 * * * *', ''))
    assert.deepEqual(
      [...new Set(minutes)].toSorted((left, right) => Number(left) - Number(right)),
      Array.from({ length: 15 }, (_, minute) => String(minute)),
    )
  })

  test('is a schedule whatever a document is named', () => {
    fc.assert(fc.property(fc.string(), (name) => assert.match(at('a', { name }), /^(\d|1[0-4])-59\/15 \* \* \* \*$/)))
  })
})
