/** Runs a printed command of curl: a request with the operator's token from a variable, as a shell and curl send it. */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import https from 'node:https'
import type { TestSandbox } from './start-test-sandbox.ts'

const form = /^printf '([\w-]+: (?:\w+ )?)%s' "\$\{(\w+):\?\}" \| curl -fsS -H @- (.+)$/s

export const isCurl = (command: string): boolean => form.test(command)

/** Rejects where curl would fail. */
export async function runCurl({ environment, folder }: TestSandbox, command: string): Promise<void> {
  const [, header = '', variable = '', rest = ''] = form.exec(command) ?? assert.fail(command)
  const token = environment[variable] ?? assert.fail(`${variable} is not set`)
  const words = [...rest.matchAll(/(?:'[^']*'|\\'|[^\s'\\])+/g)].map(([word]) =>
    word.replaceAll(/'([^']*)'|\\(')/g, (_, quoted?: string, escaped?: string) => quoted ?? escaped ?? ''),
  )
  const values = (flag: string) => words.flatMap((word, at) => (words[at - 1] === flag ? [word] : []))
  const headers = Object.fromEntries(
    [`${header}${token}`, ...values('-H')].map((line) => line.split(/: (.*)/s).slice(0, 2)),
  )
  const ca = await readFile(folder.caFile, 'utf8')
  const status = await new Promise<number>((resolve, reject) => {
    const request = https.request(words.at(-1) ?? '', { method: values('-X')[0] ?? 'GET', headers, ca }, (response) => {
      response.resume()
      response.on('end', () => resolve(response.statusCode ?? 0))
    })
    request.on('error', reject)
    request.end(values('-d')[0])
  })
  assert.ok(status < 400, `${status}: ${command}`)
}
