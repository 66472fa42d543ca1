/**
 * Text that replaces what is on the terminal, without flicker: each line is written over the previous one.
 * ECMA-48 §8.3.21 (CUP), §8.3.41 (EL), §8.3.39 (ED); DEC private mode 7 (autowrap), which every terminal in use supports.
 */

const home = '\x1b[H'
const clearLine = '\x1b[K'
const clearBelow = '\x1b[J'
const wrap = { off: '\x1b[?7l', on: '\x1b[?7h' } as const

/** `rows`: height of the terminal; the last line stays free for the cursor. Longer lines are cut at the edge. Without a line end. */
export function renderFrame(text: string, rows: number): string {
  const lines = text.split('\n').slice(0, Math.max(1, rows - 1))
  const written = lines.map((line) => line + clearLine).join('\n')
  return `${wrap.off}${home}${written}${wrap.on}${clearBelow}`
}
