import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Redacted } from '../../src/outside/redacted.ts'
import { repeatsSecret } from '../../src/outside/repeats-secret.ts'

const secret = 'ya29.a0AfH6SMBx-planted-operators-token-0123456789'
const base64 = (text: string) => Buffer.from(text).toString('base64')

suite('an answer repeats a secret', () => {
  const texts: Record<string, string> = {
    'as a whole': JSON.stringify({ description: `see ${secret}` }),
    'in part, wherever it begins': `[${secret.slice(7, 31)}]`,
    'in base64': JSON.stringify({ kid: base64(secret) }),
    'in base64 behind one more character': base64(`x${secret}`),
    'in base64url behind two more': Buffer.from(`xy${secret}`).toString('base64url'),
  }
  for (const [title, text] of Object.entries(texts)) {
    test(title, () =>
      assert.equal(repeatsSecret(text, [new Redacted('another-secret-one'), new Redacted(secret)]), true),
    )
  }

  test('not where it has a word of it only, or nothing was sent', () => {
    assert.equal(repeatsSecret('{"description": "planted operators"}', [new Redacted(secret)]), false)
    assert.equal(repeatsSecret(secret, []), false)
  })

  test('soon said, of the longest answer and a long token', () => {
    const began = process.cpuUsage() // not the clock's: others work on this machine
    assert.equal(repeatsSecret('x'.repeat(1024 * 1024), [new Redacted('yz'.repeat(1000))]), false)
    assert.ok(process.cpuUsage(began).user < 5_000_000)
  })
})
