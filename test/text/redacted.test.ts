import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { format, inspect } from 'node:util'
import { Redacted } from '../../src/text/redacted.ts'

const secret = new Redacted('ya29.very-secret')

suite('Redacted', () => {
  const ways: Record<string, () => string> = {
    String: () => String(secret),
    'a join': () => [secret, 'x'].join(),
    JSON: () => JSON.stringify({ secret }),
    inspect: () => inspect({ secret }, { depth: null, showHidden: true }),
    'inspect of an error that carries it': () => inspect(Object.assign(new Error('bad'), { secret })),
    format: () => format('%s %o %j', secret, secret, secret),
    'its keys': () => [...Object.keys(secret), ...Object.values(secret)].join(),
    'a structured clone': () => inspect(structuredClone(secret)),
  }
  for (const [way, show] of Object.entries(ways)) {
    test(`${way} does not show the secret`, () => assert.doesNotMatch(show(), /very-secret/))
  }

  test('reveal gives the secret', () => assert.equal(secret.reveal(), 'ya29.very-secret'))
})
