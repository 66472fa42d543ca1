/** The exchange of each registry, which is real: it costs the vendor's quota, and gives a credential that nobody keeps. */
import type { RegistryCredential } from '../../credential/registry-credential.ts'
import { asFault, type PullpassError } from '../../errors/pullpass-error.ts'
import type { Context } from '../../http/context.ts'
import type { SubjectToken } from '../../identity/subject-token.ts'
import { sideBySide } from '../../refresh/apply-pull-secrets.ts'
import type { ExchangeRequest } from '../../refresh/exchange-requests.ts'

export interface ExchangeFacts {
  readonly demand: ExchangeRequest
  /** undefined: there was no token that is worth trying. */
  readonly result: RegistryCredential | PullpassError | undefined
}

/** A vendor's quota is shared by all that runs in a project. */
const atOnce = 8

export async function gatherExchanges(
  wanted: readonly { readonly demand: ExchangeRequest; readonly token: SubjectToken | undefined }[],
  context: Context,
): Promise<ExchangeFacts[]> {
  const exchange = async ({ demand, token }: (typeof wanted)[number]): Promise<ExchangeFacts> => {
    const result = token && (await demand.exchange(token, context).catch(asFault))
    return { demand, result }
  }
  return await sideBySide(wanted, exchange, atOnce)
}
