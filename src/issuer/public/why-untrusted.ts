/** Whether an authority that everybody trusts vouches for who serves a URL, whatever this machine trusts besides. */
import { systemErrorCode } from '../../outside/system-error-code.ts'
import { transportFault } from '../../outside/transport-fault.ts'
import type { PublicOutside } from './public-outside.ts'

/** Bytes and milliseconds; the answer itself is no matter. */
const [maxBytes, timeoutMs] = [1024 * 1024, 20_000]

/** OpenSSL's word for why none does; undefined where one does, or nobody knows. */
export async function whyUntrusted(
  { publicTransport, signal }: Pick<PublicOutside, 'publicTransport' | 'signal'>,
  url: string,
): Promise<string | undefined> {
  const headers = { accept: '*/*', 'user-agent': 'pullpass' }
  const bounded = AbortSignal.any([AbortSignal.timeout(timeoutMs), signal])
  try {
    await publicTransport({ method: 'GET', url, headers, maxBytes, signal: bounded })
    return undefined
  } catch (error) {
    signal.throwIfAborted()
    const { code } = transportFault({ hop: 'discovery', who: url, url }, undefined, error)
    return code === 'CERTIFICATE_UNTRUSTED' ? systemErrorCode(error) : undefined
  }
}
