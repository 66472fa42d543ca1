/** `fetch` for Google's auth library, over the run's own transport. */
import type { Hop } from '../../../errors/pullpass-error.ts'
import { requestForLibrary } from '../../../http/library-transport.ts'
import { type SendContext, send, textField, UnexpectedResponse } from '../../../http/send.ts'
import { asList, asObject, asText, type JsonObject, jsonOrNone } from '../../../text/json-fields.ts'
import { Redacted } from '../../../text/redacted.ts'
import { type GrantedToken, type IamCaller, type IamContext, iamRefusal } from './caller.ts'

export interface LibraryFetch {
  readonly request: typeof fetch
  /** `expires_in` of the last response; undefined if it had none. */
  readonly lifeSeconds: () => number | undefined
}

/** Rejects with a PullpassError where no response came. */
export function fetchOverTransport(context: SendContext, hop: Hop): LibraryFetch {
  let lifeSeconds: number | undefined
  const request: typeof fetch = async (input, init = {}) => {
    const url = input instanceof Request ? input.url : String(input)
    const body = textOf(init.body)
    const headers = headersOf(init)
    const response = await requestForLibrary(context, {
      hop,
      service: 'Google',
      method: init.method ?? 'GET',
      url,
      headers: Object.fromEntries(headers),
      body,
    })
    const seconds = asObject(jsonOrNone(response.body))?.['expires_in']
    lifeSeconds = typeof seconds === 'number' ? seconds : undefined
    const { status, headers: given } = response
    return new Response(status === 204 ? null : response.body, { status, headers: given })
  }
  return { request, lifeSeconds: () => lifeSeconds }
}

/** With the content type that fetch sets for a form. */
function headersOf({ headers, body }: RequestInit): Headers {
  const all = new Headers(headers)
  if (body instanceof URLSearchParams && !all.has('content-type')) {
    all.set('content-type', 'application/x-www-form-urlencoded;charset=UTF-8')
  }
  return all
}

function textOf(body: unknown): string | undefined {
  if (body === undefined || body === null) return undefined
  if (typeof body === 'string') return body
  if (body instanceof URLSearchParams) return body.toString()
  throw new TypeError("Google's auth library sends only text")
}

/**
 * The token of a service account that the operator may impersonate, by the file of gcloud. The class of Google's library for it
 * prints a warning to stderr.
 * https://cloud.google.com/iam/docs/reference/credentials/rest/v1/projects.serviceAccounts/generateAccessToken
 */
const scopes = ['https://www.googleapis.com/auth/cloud-platform']

/** `json` is valid: its URL is Google's. */
export async function impersonateAccount(
  json: JsonObject,
  source: GrantedToken,
  { context, caller }: { context: IamContext; caller: IamCaller },
): Promise<GrantedToken> {
  const url = asText(json['service_account_impersonation_url']) ?? ''
  return await send(context, {
    hop: caller.hop,
    service: 'Google',
    url,
    bearer: source.value,
    json: { scope: scopes, lifetime: '3600s', delegates: asList(json['delegates']) },
    refusal: (status, body) => iamRefusal(status, body, caller),
    read: ({ body }) => {
      const expiresAt = new Date(textField(body, 'expireTime'))
      if (Number.isNaN(expiresAt.getTime())) throw new UnexpectedResponse('its expireTime is not a date')
      return { value: new Redacted(textField(body, 'accessToken')), expiresAt }
    },
  })
}
