/** One request to Google's IAM on the operator's behalf. https://cloud.google.com/iam/docs/reference/rest */
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

/** What every request needs. */
export interface IamConnection {
  readonly context: IamContext
  readonly caller: IamCaller
  readonly token: OperatorToken
}

export interface IamRequest<T> {
  readonly method: HttpMethod
  /** Below the endpoint, with what varies in it encoded: `v1/projects/…`. */
  readonly path: string
  readonly json?: unknown
  readonly read: (response: ApiResponse) => T
  /** What a refusal means here; undefined: what it usually means. */
  readonly refusal?: (status: number, body: unknown) => Refusal | undefined
  /** Another of Google's APIs that speaks as IAM does: its origin. */
  readonly endpoint?: string
}

/** @throws PullpassError at the caller's hop */
export async function sendIamRequest<T>({ context, caller, token }: IamConnection, ask: IamRequest<T>): Promise<T> {
  const { method, path, json, read, endpoint = iamEndpoint(context.environment) } = ask
  const bearer = await token()
  return await send(context, {
    hop: caller.hop,
    service: 'Google',
    url: `${endpoint}/${path}`,
    method,
    ...(json !== undefined && { json }),
    bearer,
    refusal: (status, body) => ask.refusal?.(status, body) ?? iamRefusal(status, body, caller),
    read: (response) => read(withoutSecret(response, context.secrets)),
  })
}

/** Names, descriptions, conditions, kids: what is read of a response is shown, by many. */
function withoutSecret(response: ApiResponse, secrets: Iterable<Redacted>): ApiResponse {
  if (repeatsSecret(JSON.stringify(response.body), secrets))
    throw new UnexpectedResponse('it repeats a token of this run')
  return response
}

/** A long-running operation of Google's, followed to its end. https://cloud.google.com/apis/design/design_patterns#long_running_operations */
export interface Operation {
  readonly name: string
  readonly done: boolean
  readonly response: JsonObject | undefined
  readonly error: { readonly code: number | undefined; readonly message: string } | undefined
}

/** Only complete paths of IAM operations are requested: the operator's token is not sent elsewhere because a response says so. */
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

/** What it made, once it is done. @throws PullpassError at the caller's hop: it failed, or is not done after two minutes */
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
    hint: 'run it again: what is done already is seen then, and what failed is tried once more',
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
    expected: 'it to end: most take a few seconds',
    hint: 'run it again: what is done already is seen then',
    retryable: true,
  })
