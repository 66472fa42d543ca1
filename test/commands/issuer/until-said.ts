/** Waits until a process of pullpass has said something on standard error. */
import type { ChildProcess } from 'node:child_process'

const said = new WeakMap<ChildProcess, { text: string }>()

/** All that it has said until then; rejects when it ends without having said it. */
export async function untilSaid(child: ChildProcess, wanted: RegExp): Promise<string> {
  const heard = said.get(child) ?? hear(child)
  return await new Promise((resolve, reject) => {
    const look = () => {
      if (wanted.test(heard.text)) resolve(heard.text)
    }
    child.stderr?.on('data', look)
    child.once('close', () => reject(new Error(heard.text)))
    look()
  })
}

function hear(child: ChildProcess): { text: string } {
  const heard = { text: '' }
  said.set(child, heard)
  child.stderr?.on('data', (text: string) => {
    heard.text += text
  })
  return heard
}
