import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { suite, test } from 'node:test'
import { promptUser } from '../../src/terminal/prompt.ts'

/** A terminal, as far as readline looks at one. */
function openTerminal() {
  const modes: boolean[] = []
  const input = Object.assign(new PassThrough(), { isTTY: true, setRawMode: (mode: boolean) => void modes.push(mode) })
  const output = Object.assign(new PassThrough(), { isTTY: true })
  return { input, output, modes }
}

suite('a question to somebody', () => {
  test('is answered by the line that is typed', async () => {
    const { input, output } = openTerminal()
    const answer = promptUser('Really? ', { input, output }, new AbortController().signal)
    input.write('yes\n')
    assert.equal(await answer, 'yes')
    assert.equal(String(output.read()), 'Really? ')
  })

  test('has no answer where the input ends', async () => {
    const { input, output } = openTerminal()
    const answer = promptUser('Really? ', { input, output }, new AbortController().signal)
    input.end()
    assert.equal(await answer, undefined)
  })

  test('ends with the run', async () => {
    const { input, output } = openTerminal()
    const run = new AbortController()
    const answer = promptUser('Really? ', { input, output }, run.signal)
    const interrupted = new Error('interrupted')
    run.abort(interrupted)
    await assert.rejects(answer, interrupted)
  })

  test('leaves Ctrl-C to the terminal, which ends the run by it', async () => {
    const { input, output, modes } = openTerminal()
    const answer = promptUser('Really? ', { input, output }, new AbortController().signal)
    input.write('no\n')
    await answer
    assert.deepEqual(modes, []) // in raw mode, Ctrl-C would be a character
  })
})
