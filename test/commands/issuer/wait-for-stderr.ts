/** Waits for text that a pullpass process prints to standard error. */
import type { ChildProcess } from 'node:child_process'

const outputs = new WeakMap<ChildProcess, { text: string }>()

/** All of standard error so far; rejects when the process ends without a match. */
export async function waitForStderr(child: ChildProcess, expected: RegExp): Promise<string> {
  const output = outputs.get(child) ?? collect(child)
  return await new Promise((resolve, reject) => {
    const check = () => {
      if (expected.test(output.text)) resolve(output.text)
    }
    child.stderr?.on('data', check)
    child.once('close', () => reject(new Error(output.text)))
    check()
  })
}

function collect(child: ChildProcess): { text: string } {
  const output = { text: '' }
  outputs.set(child, output)
  child.stderr?.on('data', (text: string) => {
    output.text += text
  })
  return output
}
