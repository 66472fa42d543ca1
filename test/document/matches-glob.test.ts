import assert from 'node:assert/strict'
import { test } from 'node:test'
import { matchesGlob } from '../../src/document/namespaces.ts'
import fc from '../support/fast-check.ts'

test('a glob matches the whole name', () => {
  const cases: [glob: string, name: string, matches: boolean][] = [
    ['team-a', 'team-a', true],
    ['team-a', 'team-ab', false],
    ['team-*', 'team-', true],
    ['team-*', 'team-a-b', true],
    ['team-*', 'a-team-b', false],
    ['*-prod', 'shop-prod', true],
    ['*-prod', 'shop-prod-2', false],
    ['*a*b', 'xaxbxb', true],
    ['*a*b', 'xaxbxbx', false],
    ['team-?', 'team-a', true],
    ['team-?', 'team-', false],
    ['team-?', 'team-ab', false],
    ['?*', '', false],
    ['*', '', true],
    ['**', 'a', true],
    ['a.c', 'abc', false],
  ]
  for (const [glob, name, matches] of cases) assert.equal(matchesGlob(glob, name), matches, `${glob} on ${name}`)
})

test('it agrees with the regular expression that it spells', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[ab*?]{0,8}$/), fc.stringMatching(/^[ab]{0,12}$/), (glob, name) => {
      const spelled = new RegExp(`^${glob.replaceAll('*', '.*').replaceAll('?', '.')}$`)
      assert.equal(matchesGlob(glob, name), spelled.test(name))
    }),
  )
})

test('the worst glob for a regular expression takes no time', () => {
  assert.equal(matchesGlob('*a'.repeat(31), `${'a'.repeat(10_000)}b`), false)
})
