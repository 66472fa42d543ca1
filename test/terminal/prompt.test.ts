import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { suite, test } from 'node:test'
import { promptUser } from '../../src/terminal/prompt.ts'

/** A terminal, with the members that readline uses. */
function openTerminal() {
  const modes: boolean[] = []
  const input = Object.assign(new PassThrough(), { isTTY: true, setRawMode: (mode: boolean) => void modes.push(mode) })
  const output = Object.assign(new PassThrough(), { isTTY: true })
  return { input, output, modes }
}

suite('promptUser', () => {
  test('returns the line that is typed', async () => {
    const { input, output } = openTerminal()
    const response = promptUser('Really? ', { input, output }, new AbortController().signal)
    input.write('yes\n')
    assert.equal(await response, 'yes')
    assert.equal(String(output.read()), 'Really? ')
  })

  test('returns nothing where the input ends', async () => {
    const { input, output } = openTerminal()
    const response = promptUser('Really? ', { input, output }, new AbortController().signal)
    input.end()
    assert.equal(await response, undefined)
  })

  test('ends with the run', async () => {
    const { input, output } = openTerminal()
    const run = new AbortController()
    const response = promptUser('Really? ', { input, output }, run.signal)
    const interrupted = new Error('interrupted')
    run.abort(interrupted)
    await assert.rejects(response, interrupted)
  })

  test('leaves Ctrl-C to the terminal, which interrupts the run', async () => {
    const { input, output, modes } = openTerminal()
    const response = promptUser('Really? ', { input, output }, new AbortController().signal)
    input.write('no\n')
    await response
    assert.deepEqual(modes, []) // in raw mode, Ctrl-C would be a character
  })
})
