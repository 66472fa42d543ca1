/** One request to Google's IAM with the operator's credentials. https://cloud.google.com/iam/docs/reference/rest */
import { PullpassError, unspecificCodes } from '../../errors/pullpass-error.ts'
import type { Refusal } from '../../http/request-errors.ts'
import { type ApiResponse, send, UnexpectedResponse } from '../../http/send.ts'
import type { HttpMethod } from '../../http/transport.ts'
import { asObject, asText, type JsonObject } from '../../text/json-fields.ts'
import type { Redacted } from '../../text/redacted.ts'
import { quoteSafely, repeatsSecret } from '../../text/secret-register.ts'
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

/** A long-running operation of Google. https://cloud.google.com/apis/design/design_patterns#long_running_operations */
export interface Operation {
  readonly name: string
  readonly done: boolean
  readonly response: JsonObject | undefined
  readonly error: { readonly code: number | undefined; readonly message: string } | undefined
}

/** Only complete paths of IAM operations are requested: a response must not redirect the operator's token to another path. */
const known = /^(?=.{1,300}$)(?!.*\.\.)projects\/[A-Za-z0-9._/-]+\/operations\/[A-Za-z0-9._-]+$/
const longestMs = 120_000
const firstMs = 500
const longestPauseMs = 5000

export function readOperation({ body }: ApiResponse): Operation {
  const object = asObject(body)
  const name = asText(object?.['name']) ?? ''
  const error = asObject(object?.['error'])
  const code = error?.['code']
  const done = object?.['done'] === true
  if (!done && !known.test(name)) throw new UnexpectedResponse('it names no operation')
  return {
    name: known.test(name) ? name : 'without a name',
    done,
    response: asObject(object?.['response']),
    error: error && {
      code: typeof code === 'number' ? code : undefined,
      message: asText(error['message']) ?? 'no reason given',
    },
  }
}

/** The result of the operation. @throws PullpassError at the caller's hop if it failed, or is not done after two minutes */
export async function followOperation(connection: IamConnection, started: Operation): Promise<JsonObject> {
  const { context, caller } = connection
  const startedMs = context.now().getTime()
  let operation = started
  let pausedMs = 0
  for (let pauseMs = firstMs; !operation.done; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
    const passedMs = Math.max(context.now().getTime() - startedMs, pausedMs) // a clock may be set back meanwhile
    if (passedMs + pauseMs > longestMs) throw neverEnded(connection, operation)
    await context.sleep(pauseMs, context.signal)
    pausedMs += pauseMs
    operation = await sendIamRequest(connection, { method: 'GET', path: `v1/${started.name}`, read: readOperation })
  }
  if (operation.error === undefined) return operation.response ?? {}
  const { code, message } = operation.error
  throw new PullpassError({
    code: codeOf(code, connection),
    hop: caller.hop,
    seen: `Google's operation ${operation.name} failed: ${quoteSafely(message, context.secrets)}`,
    expected: 'it to succeed',
    hint: 'run it again: it continues where it ended',
    retryable: code === grpc.unavailable,
  })
}

/** https://grpc.github.io/grpc/core/md_doc_statuscodes.html */
const grpc = { notFound: 5, permissionDenied: 7, unavailable: 14 }

function codeOf(code: number | undefined, { caller }: IamConnection) {
  if (code === grpc.permissionDenied) return caller.codes.denied
  if (code === grpc.notFound) return caller.codes.absent
  return (
    caller.codes.operationFailed ?? unspecificCodes(caller.hop)[code === grpc.unavailable ? 'unavailable' : 'refused']
  )
}

const neverEnded = ({ caller }: IamConnection, { name }: Operation) =>
  new PullpassError({
    code: caller.codes.operationUnfinished ?? unspecificCodes(caller.hop).unavailable,
    hop: caller.hop,
    seen: `Google's operation ${name} is not done after ${longestMs / 1000} s`,
    expected: 'the operation to end: most take a few seconds',
    hint: 'run it again: it continues where it ended',
    retryable: true,
  })
