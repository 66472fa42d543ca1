import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { Command } from '../../../src/commands/command-line/command.ts'
import { readCommandLine } from '../../../src/commands/command-line/read.ts'

const command: Pick<Command, 'flags' | 'usage'> = {
  usage: ['paint -f FILE [flags]', 'paint [flags]   (COLOR in the environment)'],
  flags: {
    file: { type: 'string', multiple: true, short: 'f', value: 'FILE', summary: 'What to paint' },
    coats: { type: 'string', value: 'NUMBER', summary: 'How often' },
    finish: { type: 'string', choices: ['matt', 'gloss'], summary: 'How it shines' },
    'dry-run': { type: 'boolean', summary: 'Without paint' },
  },
}

const read = (words: string, { flags, usage } = command) =>
  readCommandLine('paint', { flags, usage }, words.split(' ').filter(Boolean))

suite('readCommandLine', () => {
  test('values are returned by flag, in each syntax of a flag', () => {
    const { flags, common } = read('-f a -fb --file=c --coats 2 --dry-run --finish=matt --log-level debug')
    assert.deepEqual(
      [flags['file'], flags['coats'], flags['dry-run'], flags['finish']],
      [['a', 'b', 'c'], '2', true, 'matt'],
    )
    assert.equal(common['log-level'], 'debug')
  })

  test('an absent flag is undefined, an empty list, or false', () => {
    const { flags } = read('')
    assert.deepEqual([flags['file'], flags['coats'], flags['dry-run']], [[], undefined, false])
  })

  test('"-" is a value', () => {
    assert.deepEqual(read('-f -').flags['file'], ['-'])
  })

  const refused = [
    { words: '--dryrun', seen: 'unknown flag --dryrun', expected: 'a known flag, such as --dry-run' },
    { words: '--no-such-thing', seen: 'unknown flag --no-such-thing', expected: undefined },
    { words: '--__proto__', seen: 'unknown flag --__proto__', expected: undefined },
    { words: '-x', seen: 'unknown flag -x', expected: undefined },
    { words: '--coats', seen: '--coats requires a value: NUMBER', expected: undefined },
    { words: '--coats=', seen: '--coats requires a value: NUMBER', expected: undefined },
    { words: '-f --dry-run', seen: '-f requires a value: FILE', expected: undefined },
    { words: '--dry-run=yes', seen: '--dry-run takes no value', expected: undefined },
    { words: '--coats 1 --coats 2', seen: '--coats is given twice', expected: undefined },
    { words: '--dry-run --dry-run', seen: '--dry-run is given twice', expected: undefined },
    { words: '--finish shiny', seen: '--finish is "shiny"', expected: 'one of matt, gloss' },
    { words: 'wall.yaml', seen: 'unexpected argument "wall.yaml"', expected: 'documents as -f FILE' },
    {
      words: 'eyJhbGciOiJSUzI1NiJ9.e30.c2ln',
      seen: 'unexpected argument a text that looks like a credential, not shown',
      expected: 'documents as -f FILE',
    },
  ]
  for (const { words, seen, expected } of refused) {
    test(`"${words}" is refused: ${seen}`, () => {
      assert.throws(() => read(words), { code: 'USAGE_INVALID', seen, expected, command: 'pullpass paint --help' })
    })
  }

  test('the name of an output format as a flag is refused with the flag that selects it', () => {
    const flags = { ...command.flags, output: { type: 'string', choices: ['json', 'yaml'], summary: '' } } as const
    assert.throws(() => read('--json', { ...command, flags }), { seen: 'unknown flag --json', expected: '-o json' })
  })

  test('arguments are accepted where a form of the command has them', () => {
    const usage = ['paint [FILE|-] [-f DOCUMENT]', 'paint wall PLACE [--coats NUMBER]']
    assert.deepEqual(read('wall north', { ...command, usage }).positionals, ['wall', 'north'])
  })
})
