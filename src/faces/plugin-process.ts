/**
 * The process of the kubelet's credential provider plugin: a program of its own, since a kubelet starts it for each image and
 * it must start in little time. `pullpass credential-provider` is the same with the flags of the command line.
 * process.stdout and process.stderr are not used: the first access to each loads the streams and sockets of Node, 4 ms of CPU.
 */
import { codes } from '../errors/codes.ts'
import { internalFault, onOneLine, PullpassError } from '../errors/pullpass-error.ts'
import { checkDebugging, checkNode } from '../host/check-node.ts'
import { readToEnd, writeToEnd } from '../host/read-file.ts'
import { sleep } from '../host/sleep.ts'
import type { HttpRequest, HttpResponse, Transport } from '../http/transport.ts'
import { createLog } from '../terminal/log.ts'
import { Redacted } from '../text/redacted.ts'
import { SecretRegister, withholdSecrets } from '../text/secret-register.ts'
import { vendors } from '../vendors/vendors.ts'
import { runCredentialProvider } from './run-credential-provider.ts'

const usage =
  'usage: pullpass-credential-provider --config FILE (started by a kubelet; the request is read from standard input)'
const secrets = new SecretRegister()
const printError = (text: string) => print(2, `${withholdSecrets(text, secrets)}\n`)

async function main([flag, config, ...others]: readonly string[]): Promise<number> {
  const unsuitable = checkDebugging(process.env) ?? checkNode(process.versions.node)
  if (unsuitable !== undefined || flag !== '--config' || config === undefined || others.length > 0) {
    printError(unsuitable ?? usage)
    return 2
  }
  try {
    const now = () => new Date()
    const context = {
      environment: process.env,
      now,
      random: Math.random,
      sleep,
      signal: new AbortController().signal, // a kubelet ends it by SIGKILL
      log: createLog({ level: 'warn', format: 'text', now, write: printError }),
      transport: lazyTransport,
      secrets,
      vendors,
    }
    const response = await runCredentialProvider({ config, input: readInput() }, context)
    return print(1, `${response.reveal()}\n`) ? 0 : 1
  } catch (error) {
    // One line: a kubelet logs it as a whole.
    const fault = error instanceof PullpassError ? error : internalFault(error)
    printError(onOneLine(fault))
    return codes[fault.code] ?? 1
  }
}

/** Whether it could be written: the reader may be gone, which ends nothing. */
function print(file: 1 | 2, text: string): boolean {
  try {
    writeToEnd(file, Buffer.from(text))
    return true
  } catch {
    return false
  }
}

/** Tokens of a vendor can have 12 KiB. */
const longestInput = 1024 * 1024

/** Until the kubelet closes it. What is longer, or cannot be read (a folder, a terminal), is not a request: empty. */
function readInput(): Redacted {
  try {
    return new Redacted(readToEnd(0, longestInput).toString('utf8'))
  } catch {
    return new Redacted('')
  }
}

/** Loaded for an exchange only: a credential of the cache needs no TLS. */
async function lazyTransport(request: HttpRequest): Promise<HttpResponse> {
  transport ??= openTransport()
  return await (await transport)(request)
}
let transport: Promise<Transport> | undefined

async function openTransport(): Promise<Transport> {
  const { httpsTransport } = await import('../http/https-transport.ts')
  const caFile = process.env['PULLPASS_CA_FILE']
  if (!caFile) return httpsTransport(process.env, undefined)
  const { readAuthorities } = await import('../http/authorities.ts')
  return httpsTransport(process.env, await readAuthorities(caFile, 'PULLPASS_CA_FILE'))
}

void main(process.argv.slice(2)).then((code) => process.exit(code)) // CommonJS has no top-level await
