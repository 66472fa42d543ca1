/** A long-running operation of Google's, followed to its end. https://cloud.google.com/apis/design/design_patterns#long_running_operations */
import { asObject, asText, type JsonObject } from '../../outside/json-fields.ts'
import { PullpassError } from '../../outside/pullpass-error.ts'
import { quoteSafely } from '../../outside/secret-register.ts'
import { AnswerUnread, type Received } from '../../outside/send.ts'
import { unspecificCodes } from '../../outside/unspecific-codes.ts'
import { askIam, type IamConnection } from './ask-iam.ts'

export interface Operation {
  readonly name: string
  readonly done: boolean
  readonly response: JsonObject | undefined
  readonly error: { readonly code: number | undefined; readonly message: string } | undefined
}

/** By the path of an operation of IAM's: nothing else is asked, with the operator's token, on an answer's word. */
const known = /^(?=.{1,300}$)(?!.*\.\.)projects\/[A-Za-z0-9._/-]+\/operations\/[A-Za-z0-9._-]+$/
const longestMs = 120_000
const firstMs = 500
const longestPauseMs = 5000

export function readOperation({ body }: Received): Operation {
  const object = asObject(body)
  const name = asText(object?.['name']) ?? ''
  const error = asObject(object?.['error'])
  const code = error?.['code']
  const done = object?.['done'] === true
  if (!done && !known.test(name)) throw new AnswerUnread('it names no operation')
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
  const { outside, caller } = connection
  const startedMs = outside.now().getTime()
  let operation = started
  let pausedMs = 0
  for (let pauseMs = firstMs; !operation.done; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
    const passedMs = Math.max(outside.now().getTime() - startedMs, pausedMs) // a clock may be set back meanwhile
    if (passedMs + pauseMs > longestMs) throw neverEnded(connection, operation)
    await outside.sleep(pauseMs, outside.signal)
    pausedMs += pauseMs
    operation = await askIam(connection, { method: 'GET', path: `v1/${started.name}`, read: readOperation })
  }
  if (operation.error === undefined) return operation.response ?? {}
  const { code, message } = operation.error
  throw new PullpassError({
    code: codeOf(code, connection),
    hop: caller.hop,
    seen: `Google's operation ${operation.name} failed: ${quoteSafely(message, outside.secrets)}`,
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
