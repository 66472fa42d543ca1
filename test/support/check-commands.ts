/** Printed commands are ready to paste: a value that pullpass does not know is a variable, "${NAME:?}", of `shellVariables`. */
import assert from 'node:assert/strict'
import { shellVariables } from '../../src/text/shell.ts'

/** Of a request with the operator's token, which is in the variable from which pullpass read it; and its method. */
const requests = /^printf '[\w :-]+%s' "\$\{\w+:\?\}" \| curl|(?<= )-X [A-Z]+(?= )/g

/** Words in capitals outside of quotes, and variables that the docs do not explain. */
export function unexplainedWords(printed: string): string[] {
  const command = printed.replaceAll(requests, '')
  const variables = [...command.matchAll(/"\$\{(\w+):\?\}"/g)].map(([, name = '']) => name)
  const bare = command.replaceAll(/"\$\{\w+:\?\}"|'[^']*'| # .*/g, '').match(/(?<![\w.-])[A-Z][A-Z_]{2,}(?![\w.-])/g)
  return [...(bare ?? []), ...variables.filter((name) => !Object.keys(shellVariables).includes(name))]
}

/** The fields `command` and `commands` of a result. */
export function checkCommandFields(value: unknown): void {
  if (typeof value !== 'object' || value === null) return
  for (const [name, inner] of Object.entries(value)) {
    const commands = name === 'command' || name === 'commands' ? [inner].flat() : []
    for (const command of commands) assert.deepEqual(unexplainedWords(String(command)), [], String(command))
    checkCommandFields(inner)
  }
}

/** The last command of each line `fix`, up to what follows it in the sentence. */
const fixLine = /^\s*fix: .*: ((?:kubectl|gcloud|aws|az|pullpass) .*?)(?:; .*)?$/gm

export function checkFixLines(printed: string): void {
  for (const [, command = ''] of printed.matchAll(fixLine)) assert.deepEqual(unexplainedWords(command), [], command)
}
