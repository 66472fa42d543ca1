import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { suite, test } from 'node:test'
import { shellOperand, shellQuote } from '../../src/text/shell.ts'

suite('a word for a shell', () => {
  test('is what it was, read by sh', () => {
    const words = ['https://x/$(id)', "it's", '`id`;id', '', '-n', 'a\nb', '~', 'a=b', '*', '\\', 'é', '!x', '#x']
    const script = words.map((word) => `printf '%s|' -- ${shellQuote(word)}`).join('\n')
    const read = execFileSync('sh', ['-c', script], { encoding: 'utf8' })
    assert.equal(read, words.map((word) => `--|${word}|`).join(''))
  })

  test('stays plain where no shell sees anything in it', () => {
    assert.equal(shellQuote('https://oidc.example.com/cluster-1'), 'https://oidc.example.com/cluster-1')
  })
})

suite('an external word as an operand', () => {
  for (const word of ['-n', '--server=https://evil.example.com', 'a\nb', 'a\u202Eb', 'a\u0000b', '-']) {
    test(`is replaced by a variable: ${JSON.stringify(word)}`, () => {
      assert.equal(shellOperand(word), '"${NAME:?}"')
      assert.equal(shellOperand(word, 'ISSUER'), '"${ISSUER:?}"')
    })
  }

  test('is not run while its variable is not set', () => {
    const run = (environment: Record<string, string>) =>
      spawnSync('sh', ['-c', `echo ran ${shellOperand('-n')}`], { encoding: 'utf8', env: environment })
    assert.equal(run({}).stdout, '')
    assert.match(run({}).stderr, /NAME/)
    assert.equal(run({ NAME: 'a b' }).stdout, 'ran a b\n')
  })

  test('is quoted as any other word', () => {
    assert.equal(shellOperand('$(touch pwned)'), "'$(touch pwned)'")
    assert.equal(shellOperand('team-a'), 'team-a')
  })
})
