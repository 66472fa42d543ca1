import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseGlob } from '../../src/document/namespaces.ts'
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
  for (const [glob, name, matches] of cases) assert.equal(parseGlob(glob)(name), matches, `${glob} on ${name}`)
})

/** By its definition: exponential time. */
function matchesBySearch(glob: string, name: string): boolean {
  if (glob === '') return name === ''
  const rest = glob.slice(1)
  if (glob[0] === '*')
    return Array.from({ length: name.length + 1 }, (_, at) => name.slice(at)).some((end) => matchesBySearch(rest, end))
  return name !== '' && (glob[0] === '?' || glob[0] === name[0]) && matchesBySearch(rest, name.slice(1))
}

test('it agrees with its definition', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[ab*?]{0,8}$/), fc.stringMatching(/^[ab]{0,12}$/), (glob, name) => {
      assert.equal(parseGlob(glob)(name), matchesBySearch(glob, name))
    }),
  )
})

test('it agrees with its definition up to the longest names, with other characters', () => {
  const characters = fc.constantFrom('a', 'z', '0', '9', '-')
  const parts = fc.array(fc.stringMatching(/^[az09-]{0,31}$/), { minLength: 2, maxLength: 3 })
  fc.assert(
    fc.property(parts, characters, fc.nat(62), ([start = '', end = '', middle = ''], other, at) => {
      const name = `${start}${middle}${end}`.slice(0, 63)
      const wrong = `${name.slice(0, at)}.${name.slice(at + 1)}`
      for (const glob of [`${start}*${end}`, `*${middle}*`, '?'.repeat(name.length), `${start}${other}*`]) {
        if (glob.length > 63) continue
        for (const one of [name, wrong])
          assert.equal(parseGlob(glob)(one), matchesBySearch(glob, one), `${glob} on ${one}`)
      }
    }),
  )
})

test('the time of a name is proportional to its length, for the worst globs of other algorithms', () => {
  const name = 'a'.repeat(2_000_000)
  assert.equal(parseGlob('*a'.repeat(31))(`${name}b`), false)
  assert.equal(parseGlob(`*${'a'.repeat(61)}b`)(name), false)
})
