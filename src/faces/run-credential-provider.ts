/** The credential provider plugin without its process: configuration and request in, response out, within a time limit. */
import { readNodeConfig } from '../document/node-config.ts'
import { PullpassError } from '../errors/pullpass-error.ts'
import type { Redacted } from '../text/redacted.ts'
import type { VendorContext } from '../vendors/vendor.ts'
import { parseRequest, renderResponse } from './kubelet-api.ts'
import { provideCredential } from './provide-credential.ts'

/** A kubelet ends a plugin after a minute, and would then log no reason. */
const timeLimitMs = 45_000

export interface PluginCall {
  /** Path of the NodeConfig. */
  readonly config: string
  /** Standard input. */
  readonly input: Redacted
}

/**
 * The response to be written to standard output, within the time limit: work that ignores the signal, such as a name server that
 * does not respond, is abandoned.
 * @throws what reading, selecting and exchanging throw, and TIMED_OUT
 */
export async function runCredentialProvider({ config, input }: PluginCall, context: VendorContext): Promise<Redacted> {
  const over = new AbortController()
  const done = new AbortController()
  const limit = context.sleep(timeLimitMs, done.signal).then(() => {
    over.abort(timedOut())
    throw over.signal.reason
  })
  const respond = async () => {
    const nodeConfig = await readNodeConfig(config, context.vendors)
    const request = parseRequest(input)
    context.secrets.add(request.serviceAccountToken)
    const signal = AbortSignal.any([context.signal, over.signal])
    return renderResponse(await provideCredential(request, nodeConfig, { ...context, signal }))
  }
  try {
    return await Promise.race([respond(), limit])
  } finally {
    done.abort()
    limit.catch(() => undefined) // cancelled, or thrown above
  }
}

const timedOut = () =>
  new PullpassError({
    code: 'TIMED_OUT',
    hop: 'run',
    seen: `the exchange did not end within ${timeLimitMs / 1000} s`,
    expected: 'a credential in time: a kubelet waits for one minute',
    hint: "check that the node reaches the endpoints of the registry's vendor: pullpass doctor -f FILE",
    retryable: true,
  })
