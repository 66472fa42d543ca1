/** One request to Google's IAM with the operator's credentials. https://cloud.google.com/iam/docs/reference/rest */
import { unspecificCodes } from '../../errors/pullpass-error.ts'
import type { Refusal } from '../../http/request-errors.ts'
import { type ApiResponse, send, UnexpectedResponse } from '../../http/send.ts'
import type { HttpMethod } from '../../http/transport.ts'
import { asObject, asText, type JsonObject } from '../../text/json-fields.ts'
import type { Redacted } from '../../text/redacted.ts'
import { repeatsSecret } from '../../text/secret-register.ts'
import { followOperation as followUntilDone, type Operation, readOperationState } from '../operation.ts'
import { iamEndpoint } from './endpoints.ts'
import { type IamCaller, type IamContext, iamRefusal } from './operator/caller.ts'
import type { OperatorToken } from './operator/sign-in.ts'

/** Needed by every request. */
export interface IamConnection {
  readonly context: IamContext
  readonly caller: IamCaller
  readonly token: OperatorToken
}

export interface IamRequest<T> {
  readonly method: HttpMethod
  /** Below the endpoint, with encoded names: `v1/projects/…`. */
  readonly path: string
  readonly json?: unknown
  readonly read: (response: ApiResponse) => T
  /** The meaning of a refusal for this request; undefined: the general one. */
  readonly refusal?: (status: number, body: unknown) => Refusal | undefined
  /** Origin of another API of Google with the same errors. */
  readonly endpoint?: string
}

/** @throws PullpassError at the caller's hop */
export async function sendIamRequest<T>({ context, caller, token }: IamConnection, request: IamRequest<T>): Promise<T> {
  const { method, path, json, read, endpoint = iamEndpoint(context.environment) } = request
  const bearer = await token()
  return await send(context, {
    hop: caller.hop,
    service: 'Google',
    url: `${endpoint}/${path}`,
    method,
    ...(json !== undefined && { json }),
    bearer,
    refusal: (status, body) => request.refusal?.(status, body) ?? iamRefusal(status, body, caller),
    read: (response) => read(withoutSecret(response, context.secrets)),
  })
}

/** Fields of a response, such as names and conditions, are printed. */
function withoutSecret(response: ApiResponse, secrets: Iterable<Redacted>): ApiResponse {
  if (repeatsSecret(JSON.stringify(response.body), secrets))
    throw new UnexpectedResponse('it contains a token of this run')
  return response
}

/** Only complete paths of IAM operations are requested: a response must not redirect the operator's token to another path. */
const known = /^(?=.{1,300}$)(?!.*\.\.)projects\/[A-Za-z0-9._/-]+\/operations\/[A-Za-z0-9._-]+$/

export function readOperation({ body }: ApiResponse): Operation {
  const name = asText(asObject(body)?.['name']) ?? ''
  const state = readOperationState(body)
  if (!state.done && !known.test(name)) throw new UnexpectedResponse('it names no operation')
  return { ...state, name: known.test(name) ? name : 'without a name' }
}

/** The result of the operation. @throws PullpassError at the caller's hop if it failed, or is not done after two minutes */
export async function followOperation(connection: IamConnection, started: Operation): Promise<JsonObject> {
  const { hop, codes } = connection.caller
  const { unavailable, refused } = unspecificCodes(hop)
  const followed = {
    owner: "Google's",
    hop,
    codes: {
      denied: codes.denied,
      absent: codes.absent,
      unavailable: codes.operationFailed ?? unavailable,
      failed: codes.operationFailed ?? refused,
      unfinished: codes.operationUnfinished ?? unavailable,
    },
    request: () => sendIamRequest(connection, { method: 'GET', path: `v1/${started.name}`, read: readOperation }),
  }
  return await followUntilDone(started, followed, connection.context)
}
