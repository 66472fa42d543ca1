/** Runs a script of `trust plan -o curl` with sh, and the real curl, or an imitation of the options that the script uses. */
import { spawn } from 'node:child_process'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { text } from 'node:stream/consumers'
import type { Sandbox } from '../../sandbox/start-sandbox.ts'

const imitation = `#!${process.execPath}
import { readFileSync } from 'node:fs'
import https from 'node:https'
const [options, url] = [{}, process.argv.at(-1)]
const words = process.argv.slice(2, -1)
while (words.length > 0) {
  const option = words.shift()
  if (option === '-sS') continue
  if (!['-m', '-H', '-w', '-X', '-d'].includes(option)) throw new Error('unknown option ' + option)
  options[option] = [...(options[option] ?? []), words.shift()]
}
const lines = options['-H'].map((line) => (line === '@-' ? readFileSync(0, 'utf8') : line))
const headers = Object.fromEntries(lines.map((line) => line.split(/: (.*)/s).slice(0, 2)))
const request = https.request(url, { method: options['-X'][0], headers }, async (response) => {
  for await (const part of response) process.stdout.write(part)
  process.stdout.write(options['-w'][0].replace('%{http_code}', response.statusCode))
})
request.on('error', () => {
  console.error('curl: (7) Failed to connect')
  process.exitCode = 7
})
request.end(options['-d']?.[0])
`

export interface ScriptRun {
  readonly exitCode: number | null
  readonly stdout: string
  readonly stderr: string
}

export async function runCurlScript(
  { environment, folder }: Pick<Sandbox, 'environment' | 'folder'>,
  script: string,
  curl: 'real' | 'imitated' = 'imitated',
): Promise<ScriptRun> {
  const programs = await mkdtemp(join(tmpdir(), 'pullpass-curl-'))
  try {
    if (curl === 'imitated') {
      await writeFile(join(programs, 'curl'), imitation)
      await chmod(join(programs, 'curl'), 0o755)
      await writeFile(join(programs, 'package.json'), '{"type": "module"}')
    }
    const path = [programs, '/usr/bin', '/bin'].join(delimiter)
    const authority = { NODE_EXTRA_CA_CERTS: folder.caFile, CURL_CA_BUNDLE: folder.caFile }
    const shell = spawn('sh', ['-s'], { env: { ...environment, ...authority, PATH: path } })
    shell.stdin.end(script)
    const [exitCode, stdout, stderr] = await Promise.all([
      new Promise<number | null>((resolve) => shell.on('close', resolve)),
      text(shell.stdout),
      text(shell.stderr),
    ])
    return { exitCode, stdout, stderr }
  } finally {
    await rm(programs, { recursive: true })
  }
}
