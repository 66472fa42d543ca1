/** A flag that is an address to listen at: `8080`, `127.0.0.1:8080`, `[::1]:8080`, `*:8080`. */
import { isIP } from 'node:net'
import { showValue } from '../../document/show-value.ts'
import type { ListenAddress } from '../../issuer/serve/open-http-server.ts'
import { PullpassError } from '../../outside/pullpass-error.ts'

/** A port alone is heard on this machine only. @throws USAGE_INVALID */
export function readListen(flag: string, text: string): ListenAddress {
  const [, host = '127.0.0.1', digits = ''] =
    /^(?:(\*|\[[0-9a-fA-F:.]+\]|[0-9.]+|localhost):)?(\d{1,5})$/.exec(text) ?? []
  const [bare, port] = [host.replace(/^\[(.*)\]$/, '$1'), Number(digits)]
  const isAddress = host === '*' || host === 'localhost' || isIP(bare) !== 0
  if (digits !== '' && isAddress && port <= 65_535) return { host: host === '*' ? undefined : bare, port }
  throw new PullpassError({
    code: 'USAGE_INVALID',
    hop: 'run',
    seen: `${flag} is ${showValue(text)}`,
    expected: 'a port, or ADDRESS:PORT with * for every address of the machine',
    hint: `${flag} *:8080`,
  })
}
