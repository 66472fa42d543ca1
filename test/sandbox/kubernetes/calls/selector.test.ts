import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readSelector } from '../../../../sandbox/kubernetes/calls/selector.ts'
import { StatusError } from '../../../../sandbox/kubernetes/calls/status-error.ts'
import { secret } from '../../../../sandbox/kubernetes/kinds/secret.ts'
import fc from '../../../support/fast-check.ts'

const labelled = (labels: Record<string, string>) => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: 'a', labels },
})

for (const selector of ['a b', 'team in', 'team in (a', '=', 'team=a=b', '!team=a', 'te(am']) {
  test(`the label selector ${JSON.stringify(selector)} is refused`, () => {
    assert.throws(
      () => readSelector(new URLSearchParams({ labelSelector: selector }), secret),
      (error) => error instanceof StatusError && error.status.code === 400,
    )
  })
}

test('every object matches either in or notin', () => {
  const name = fc.constantFrom('a', 'b', 'c')
  fc.assert(
    fc.property(fc.array(name, { minLength: 1 }), fc.option(name), (list, label) => {
      const object = labelled(label === null ? {} : { team: label })
      const [within, without] = ['in', 'notin'].map((operator) =>
        readSelector(new URLSearchParams({ labelSelector: `team ${operator} (${list.join(', ')})` }), secret)(object),
      )
      assert.notEqual(within, without)
    }),
  )
})

test('any text is a selector or refused', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (labelSelector, fieldSelector) => {
      try {
        readSelector(new URLSearchParams({ labelSelector, fieldSelector }), secret)(labelled({}))
      } catch (error) {
        assert.ok(error instanceof StatusError)
      }
    }),
  )
})
